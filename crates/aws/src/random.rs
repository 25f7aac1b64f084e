//! Randomness from a seed: the same seed gives the same numbers, everywhere.

use std::cell::Cell;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A small generator of numbers (`SplitMix64`; Steele, Lea and Flood, 2014). Good enough to spread retries and to simulate; nothing
/// secret comes from it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Random(Cell<u64>);

impl Random {
    /// The numbers of this seed.
    pub fn new(seed: u64) -> Self {
        Self(Cell::new(seed))
    }

    /// The next number.
    pub fn next(&self) -> u64 {
        self.0.set(self.0.get().wrapping_add(0x9e37_79b9_7f4a_7c15));
        mix(self.0.get())
    }

    /// The next number between 0 and 1, without 1.
    #[expect(clippy::cast_precision_loss, reason = "53 bits are exact")]
    pub fn unit(&self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// True as often as `probability` says.
    pub(crate) fn chance(&self, probability: f64) -> bool {
        // The number is drawn in any case, so that a probability of 0 leaves all that follows as it was.
        self.unit() < probability
    }

    /// A time between two, in seconds.
    pub(crate) fn between(&self, low: f64, high: f64) -> Duration {
        Duration::from_secs_f64(low + (high - low) * self.unit())
    }
}

/// Spreads a number over all 64 bits; different numbers stay different.
pub(crate) fn mix(number: u64) -> u64 {
    let mut z = number;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
