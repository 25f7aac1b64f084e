//! When a request is tried again, and after which wait. Pure: time and chance are parameters.

use std::time::{Duration, Instant, SystemTime};

/// How long and how often a registry that does not answer well is asked again.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Tries of one request, the first included; three at most where the registry has not answered at all yet: its name
    /// may well be wrong, and nothing is under way that would be lost.
    pub attempts: u32,
    /// The first wait's upper bound; it doubles with each try.
    pub base: Duration,
    /// The longest wait that backoff alone leads to.
    pub cap: Duration,
    /// The time that the whole push or pull may take.
    pub deadline: Duration,
    /// Spreads the waits of many clients; the same seed gives the same waits.
    pub seed: u64,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            attempts: 6,
            base: Duration::from_millis(500),
            cap: Duration::from_secs(20),
            deadline: Duration::from_mins(30),
            seed: 0,
        }
    }
}

/// Why one try failed in a way that may pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// One line: `connection reset`, `503 Service Unavailable`.
    pub reason: String,
    /// What the server asked for in `Retry-After`.
    pub retry_after: Option<Duration>,
}

/// What to do after a fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Wait, then try again.
    Retry(Duration),
    /// Report the fault; the text says which bound was met.
    GiveUp(String),
}

impl Policy {
    /// Tries of one request to a registry that has not answered at all yet.
    pub fn first_attempts(&self) -> u32 {
        self.attempts.min(3)
    }

    /// Decides after the `attempt`-th try (from 1) of `attempts` failed, `elapsed` after the whole work began.
    ///
    /// The wait is half fixed and half chance (equal jitter), and never shorter than what the
    /// server asked for.
    pub fn decide(
        &self,
        attempt: u32,
        attempts: u32,
        elapsed: Duration,
        fault: &Fault,
    ) -> Decision {
        if attempt >= attempts {
            return Decision::GiveUp(format!("tried {attempt} times"));
        }
        let doubled = self.base.saturating_mul(1 << (attempt - 1).min(16)).min(self.cap);
        let half = doubled / 2;
        let wait = half + half.mul_f64(chance(self.seed, attempt));
        let wait = fault.retry_after.map_or(wait, |asked| asked.max(wait));
        let left = self.deadline.saturating_sub(elapsed);
        if wait >= left {
            return Decision::GiveUp(match fault.retry_after {
                Some(asked) => format!(
                    "the registry asks to wait {} s, and {} s are left of {} s",
                    asked.as_secs(),
                    left.as_secs(),
                    self.deadline.as_secs()
                ),
                None => format!("{} s are over", self.deadline.as_secs()),
            });
        }
        Decision::Retry(wait)
    }
}

/// A number of 0 to 1 that depends on nothing but its parameters (splitmix64).
fn chance(seed: u64, attempt: u32) -> f64 {
    let mut z = seed.wrapping_add(u64::from(attempt).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    let top = u32::try_from((z ^ (z >> 31)) >> 32).unwrap_or(0);
    f64::from(top) / f64::from(u32::MAX)
}

/// Reads `Retry-After`: seconds or an HTTP date (RFC 9110, section 10.2.3).
pub(crate) fn retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = httpdate::parse_http_date(value).ok()?;
    Some(at.duration_since(now).unwrap_or(Duration::ZERO))
}

/// Statuses that pass by themselves: the server is busy or restarts.
pub(crate) fn is_transient(status: u16) -> bool {
    matches!(status, 408 | 425 | 429 | 500 | 502 | 503 | 504)
}

/// Where the time comes from.
pub trait Clock: Send + Sync {
    /// Monotonic time, for deadlines and expiry.
    fn now(&self) -> Instant;
    /// Wall time, for HTTP dates.
    fn wall(&self) -> SystemTime;
    /// Waits.
    fn sleep(&self, wait: Duration);
}

/// The machine's own clock.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn wall(&self) -> SystemTime {
        SystemTime::now()
    }

    fn sleep(&self, wait: Duration) {
        std::thread::sleep(wait);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fault(retry_after: Option<u64>) -> Fault {
        Fault { reason: "503".to_owned(), retry_after: retry_after.map(Duration::from_secs) }
    }

    #[test]
    fn a_servers_wish_is_a_lower_bound() {
        let policy = Policy::default();
        let decision = policy.decide(1, 6, Duration::ZERO, &fault(Some(7)));
        assert_eq!(decision, Decision::Retry(Duration::from_secs(7)));
    }

    #[test]
    fn both_bounds_end_it() {
        let policy = Policy { deadline: Duration::from_mins(1), ..Policy::default() };
        assert_eq!(
            policy.decide(6, 6, Duration::ZERO, &fault(None)),
            Decision::GiveUp("tried 6 times".to_owned())
        );
        assert_eq!(
            policy.decide(1, 6, Duration::from_secs(50), &fault(Some(3600))),
            Decision::GiveUp(
                "the registry asks to wait 3600 s, and 10 s are left of 60 s".to_owned()
            )
        );
        assert_eq!(
            policy.decide(1, 6, Duration::from_mins(2), &fault(None)),
            Decision::GiveUp("60 s are over".to_owned())
        );
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").expect("a date");
        assert_eq!(retry_after("120", now), Some(Duration::from_mins(2)));
        assert_eq!(
            retry_after("Sun, 06 Nov 1994 08:50:07 GMT", now),
            Some(Duration::from_secs(30))
        );
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:49:07 GMT", now), Some(Duration::ZERO));
        assert_eq!(retry_after("soon", now), None);
    }

    proptest! {
        #[test]
        fn waits_grow_within_their_bounds(seed: u64, attempt in 1u32..5) {
            let policy = Policy { seed, ..Policy::default() };
            let full = (policy.base * (1 << (attempt - 1))).min(policy.cap);
            let Decision::Retry(wait) = policy.decide(attempt, 6, Duration::ZERO, &fault(None)) else {
                panic!("attempt {attempt} of {} is tried again", policy.attempts);
            };
            prop_assert!(wait >= full / 2 && wait <= full, "{wait:?} of {full:?}");
            prop_assert_eq!(policy.decide(attempt, 6, Duration::ZERO, &fault(None)), Decision::Retry(wait));
        }
    }
}
