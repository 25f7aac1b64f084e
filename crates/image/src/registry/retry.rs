//! Decides whether a request is sent again, and after which wait. Pure: time and chance are parameters.

use std::time::{Duration, Instant, SystemTime};

/// Tries of one request: with the waits below, half a minute for a registry to restart.
const ATTEMPTS: u32 = 6;
/// Tries of one request to a registry that has never answered: a wrong name is found out within two seconds.
const FIRST_ATTEMPTS: u32 = 3;
/// The first wait's upper bound.
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// The longest wait that backoff alone leads to.
const LONGEST_WAIT: Duration = Duration::from_secs(20);
/// The time for the whole push or pull, unless the caller says otherwise.
const DEADLINE: Duration = Duration::from_mins(30);

/// The bounds within which a registry that does not answer well is asked again.
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
            attempts: ATTEMPTS,
            base: FIRST_WAIT,
            cap: LONGEST_WAIT,
            deadline: DEADLINE,
            seed: 0,
        }
    }
}

/// The reason why one try failed in a way that may pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransientFault {
    /// One line: `connection reset`, `503 Service Unavailable`.
    pub reason: String,
    /// The wait that the server asked for in `Retry-After`.
    pub retry_after: Option<Duration>,
}

/// The step after a fault.
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
        self.attempts.min(FIRST_ATTEMPTS)
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
        fault: &TransientFault,
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
pub fn retry_after(value: &str, now: SystemTime) -> Option<Duration> {
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

/// A source of time.
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
