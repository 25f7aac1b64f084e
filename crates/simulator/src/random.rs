//! Randomness from a seed.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A small generator of numbers (`SplitMix64`, Steele, Lea and Flood 2014): the same seed gives the same numbers, everywhere.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Random(u64);

impl Random {
    /// The numbers of this seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    #[expect(clippy::should_implement_trait, reason = "it never ends")]
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// Between 0 and 1, without 1.
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
    pub(crate) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// True as often as `probability` says.
    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        // The number is drawn in any case, so that a probability of 0 leaves all that follows as it was.
        self.unit() < probability
    }

    /// A time between two, in seconds.
    pub(crate) fn between(&mut self, low: f64, high: f64) -> Duration {
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
