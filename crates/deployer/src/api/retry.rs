//! The decision to make a call again, and the wait before it. Pure: time and chance are parameters.
//!
//! A library such as backon does not serve here: the number of attempts depends on the fault of each (a webhook that does
//! not answer is tried three times, a server that is away as long as the policy allows), the server may ask for a longer
//! wait, and no wait may reach beyond the call's own time or the lock's.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// The bounds of a call, and the way in which it is repeated.
#[derive(Debug, Clone, PartialEq)]
pub struct RetryPolicy {
    /// The time of one attempt.
    pub attempt: Duration,
    /// The time of all attempts and waits of one call.
    pub total: Duration,
    /// The upper bound of the first wait; it doubles with each attempt.
    pub base: Duration,
    /// The longest wait that doubling leads to.
    pub cap: Duration,
    /// The attempts at most, whatever time is left.
    pub attempts: u32,
    /// Spreads the waits of many clients; the same seed gives the same waits.
    pub seed: u64,
}

/// Far longer than an API server that works takes for an answer.
const ATTEMPT: Duration = Duration::from_secs(10);
/// An API server of one node is restarted, or upgraded, within this time.
const TOTAL: Duration = Duration::from_mins(1);
/// The upper bound of the first wait: several round trips.
const BASE: Duration = Duration::from_millis(200);
/// The longest wait that doubling leads to: what is back is noticed within it.
const CAP: Duration = Duration::from_secs(5);
/// The time of the first contact, whose address may well be wrong.
const FIRST_CONTACT: Duration = Duration::from_secs(10);

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempt: ATTEMPT,
            total: TOTAL,
            base: BASE,
            cap: CAP,
            attempts: u32::MAX,
            // Keyed for each process by the operating system's randomness.
            seed: RandomState::new().hash_one(0_u8),
        }
    }
}

/// The time that a fault is worth waiting for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Retryable {
    /// It does not pass by itself.
    None,
    /// It may pass, but more likely it will not: three attempts.
    Short,
    /// It passes when the server is back: as long as the policy allows.
    Long,
}

impl RetryPolicy {
    /// For the first contact: the address may well be wrong, and nothing is under way that would be lost.
    #[must_use]
    pub fn first_contact(&self) -> Self {
        Self {
            total: self.total.min(FIRST_CONTACT),
            attempts: self.attempts.min(4),
            ..self.clone()
        }
    }

    /// The wait before the next attempt, after the `attempt`-th (from 1) failed and `elapsed` since the call began. None:
    /// it is given up.
    ///
    /// The wait is half fixed and half chance (equal jitter), and never shorter than what the server asked for.
    pub(crate) fn wait(
        &self,
        attempt: u32,
        elapsed: Duration,
        retryable: Retryable,
        retry_after: Option<Duration>,
    ) -> Option<Duration> {
        let attempts = match retryable {
            Retryable::None => return None,
            Retryable::Short => self.attempts.min(3),
            Retryable::Long => self.attempts,
        };
        if attempt >= attempts {
            return None;
        }
        let doubled = self.base.saturating_mul(1 << (attempt - 1).min(16)).min(self.cap);
        let half = doubled / 2;
        let wait = half + half.mul_f64(chance(self.seed, attempt));
        let wait = retry_after.map_or(wait, |asked| asked.max(wait));
        (elapsed + wait < self.total).then_some(wait)
    }
}

/// A number of 0 to 1 that depends on nothing but its parameters (splitmix64).
pub(crate) fn chance(seed: u64, attempt: u32) -> f64 {
    let mut z = seed.wrapping_add(u64::from(attempt).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    let top = u32::try_from((z ^ (z >> 31)) >> 32).unwrap_or(0);
    f64::from(top) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn waits_grow_within_their_bounds(seed: u64, attempt in 1_u32..40) {
            let policy = RetryPolicy { seed, ..RetryPolicy::default() };
            let wait = policy.wait(attempt, Duration::ZERO, Retryable::Long, None);
            let full = (policy.base * 2_u32.saturating_pow(attempt - 1).min(1 << 16)).min(policy.cap);
            prop_assert!(wait.is_some_and(|wait| wait >= full / 2 && wait <= full), "{:?} of {:?}", wait, full);
            prop_assert_eq!(wait, policy.wait(attempt, Duration::ZERO, Retryable::Long, None));
        }

        /// However the faults fall, a call ends within its time.
        #[test]
        fn no_wait_reaches_beyond_the_total(seed: u64, attempt in 1_u32..9, elapsed in 0_u64..90_000, asked in proptest::option::of(0_u64..100)) {
            let policy = RetryPolicy { seed, ..RetryPolicy::default() };
            let elapsed = Duration::from_millis(elapsed);
            let asked = asked.map(Duration::from_secs);
            if let Some(wait) = policy.wait(attempt, elapsed, Retryable::Long, asked) {
                prop_assert!(elapsed + wait < policy.total);
                prop_assert!(asked.is_none_or(|asked| wait >= asked));
            }
        }
    }

    #[test]
    fn patience_and_attempts_end_it() {
        let policy = RetryPolicy { attempts: 5, ..RetryPolicy::default() };
        let attempts = |policy: &RetryPolicy, retryable| {
            (1..100)
                .find(|attempt| policy.wait(*attempt, Duration::ZERO, retryable, None).is_none())
        };
        assert_eq!(attempts(&policy, Retryable::None), Some(1));
        assert_eq!(attempts(&policy, Retryable::Short), Some(3));
        assert_eq!(attempts(&policy, Retryable::Long), Some(5));
        assert_eq!(attempts(&policy.first_contact(), Retryable::Long), Some(4));
    }
}
