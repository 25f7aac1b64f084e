//! Randomness that is passed in: the same seed gives the same run.

use std::cell::Cell;

/// `SplitMix64` (Steele, Lea and Flood, 2014). Good enough to spread retries; nothing secret comes from it.
#[derive(Debug)]
pub struct Random(Cell<u64>);

impl Random {
    /// The sequence of this seed.
    pub fn new(seed: u64) -> Self {
        Self(Cell::new(seed))
    }

    /// The next number.
    pub fn next(&self) -> u64 {
        self.0.set(self.0.get().wrapping_add(0x9e37_79b9_7f4a_7c15));
        let mut z = self.0.get();
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// The next number between 0 and 1.
    #[expect(clippy::cast_precision_loss, reason = "53 bits are exact")]
    pub fn unit(&self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_a_sequence_within_its_bounds() {
        let (one, same, other) = (Random::new(7), Random::new(7), Random::new(8));
        let first: Vec<u64> = (0..8).map(|_| one.next()).collect();
        assert_eq!(first, (0..8).map(|_| same.next()).collect::<Vec<_>>());
        assert_ne!(first, (0..8).map(|_| other.next()).collect::<Vec<_>>());
        assert!((0..1000).map(|_| one.unit()).all(|unit| (0.0..1.0).contains(&unit)));
    }
}
