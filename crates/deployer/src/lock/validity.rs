//! The time for which a lock is ours: the background work extends it, and every write asks for it. Pure but for the clock.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::DURATION;
use crate::api::{Closed, Guard};

/// The time since some moment, which also passes while the machine sleeps.
pub type Clock = Arc<dyn Fn() -> Duration + Send + Sync>;

/// The part of the duration in which new writes are begun (client-go's `RenewDeadline`, 10 s of 15 s): what is left of it is
/// for the last of them to end in.
const BEGIN: Duration = Duration::from_secs(10);

/// The time during which the lock is ours.
pub(super) struct Validity {
    state: Mutex<State>,
    clock: Clock,
}

struct State {
    /// Before the last renewal that succeeded was asked for.
    renewed: Duration,
    /// The reason why it is another's, or nobody's.
    lost: Option<String>,
}

impl Validity {
    pub(super) fn new(renewed: Duration, clock: Clock) -> Self {
        Self { state: Mutex::new(State { renewed, lost: None }), clock }
    }

    pub(super) fn now(&self) -> Duration {
        (self.clock)()
    }

    /// A renewal that was asked for at `asked` has succeeded.
    pub(super) fn renew(&self, asked: Duration) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).renewed = asked;
    }

    /// It is not ours any more, and will not be again.
    pub(super) fn lose(&self, reason: String) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).lost = Some(reason);
    }

    /// The time until another may have it.
    pub(super) fn remaining(&self) -> Result<Duration, String> {
        self.time_left().map_err(|closed| match closed {
            Closed::ForNow(reason) | Closed::ForGood(reason) => reason,
        })
    }
}

impl Guard for Validity {
    fn time_left(&self) -> Result<Duration, Closed> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(reason) = &state.lost {
            return Err(Closed::ForGood(reason.clone()));
        }
        let age = self.now().saturating_sub(state.renewed);
        if age >= BEGIN {
            let text = format!("it was last renewed {} s ago", age.as_secs());
            return Err(Closed::ForNow(text));
        }
        Ok(DURATION.saturating_sub(age))
    }
}

impl fmt::Debug for Validity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Validity").field(&self.time_left()).finish()
    }
}

/// The time since the machine started, with the time that it slept: a holder that slept must not believe that its lock is
/// as young as when it fell asleep.
#[cfg(target_os = "linux")]
pub(super) fn since_boot() -> Clock {
    use rustix::time::{ClockId, clock_gettime};
    Arc::new(|| {
        let time = clock_gettime(ClockId::Boottime);
        let seconds = Duration::from_secs(u64::try_from(time.tv_sec).unwrap_or_default());
        seconds + Duration::from_nanos(u64::try_from(time.tv_nsec).unwrap_or_default())
    })
}

/// The time since now, without the time that the machine sleeps.
#[cfg(not(target_os = "linux"))]
pub(super) fn since_boot() -> Clock {
    let start = std::time::Instant::now();
    Arc::new(move || start.elapsed())
}
