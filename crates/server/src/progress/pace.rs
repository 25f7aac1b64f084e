//! The pace of one direction of a connection: how long the service has waited for its client.
//!
//! A client may keep the service waiting for a while, its allowance; each byte that moves gives back the time that it
//! takes at the least rate. One that is faster than that is never cut, one that is slower is cut once the allowance is
//! used up, and time in which the application is what all wait for does not count.

use crate::clock::{AtomicTick, Tick};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// Waiting in one direction.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    since: AtomicTick,
    /// Nanoseconds of the allowance that are used up.
    used: AtomicU64,
    /// Nanoseconds that were waited in this request.
    total: AtomicU64,
}

impl Pace {
    /// A request begins.
    pub(crate) fn restart(&self) {
        self.since.clear();
        self.used.store(0, Relaxed);
        self.total.store(0, Relaxed);
    }

    /// The client is waited for from now on, unless it is already.
    pub(crate) fn wait(&self) {
        self.since.start();
    }

    /// When the present wait began, if the client is waited for.
    pub(crate) fn since(&self) -> Option<Tick> {
        self.since.get()
    }

    /// The time that all waits of this request took, the present one apart.
    pub(crate) fn total(&self) -> Duration {
        Duration::from_nanos(self.total.load(Relaxed))
    }

    /// The wait is over: `bytes` have moved, for which a client has `nanoseconds` each.
    pub(crate) fn moved(&self, bytes: usize, nanoseconds: u64) {
        let used = self.used.load(Relaxed);
        let Some(since) = self.since.get() else {
            if used > 0 {
                self.used.store(used.saturating_sub(worth(bytes, nanoseconds)), Relaxed);
            }
            return;
        };
        self.since.clear();
        let waited = u64::try_from(Tick::now().since(since).as_nanos()).unwrap_or(u64::MAX);
        self.total.store(self.total.load(Relaxed).saturating_add(waited), Relaxed);
        let used = used.saturating_add(waited).saturating_sub(worth(bytes, nanoseconds));
        self.used.store(used, Relaxed);
    }

    /// When the wait that began at `since` will have used up `allowance`.
    pub(crate) fn end(&self, since: Tick, allowance: Duration) -> Tick {
        let used = Duration::from_nanos(self.used.load(Relaxed));
        since.after(allowance.saturating_sub(used))
    }

    /// A wait since `since`, with so much of the allowance used up.
    #[cfg(test)]
    pub(crate) fn set(&self, since: Tick, used: Duration) {
        self.since.set(since);
        self.used.store(u64::try_from(used.as_nanos()).unwrap_or(u64::MAX), Relaxed);
    }
}

fn worth(bytes: usize, nanoseconds: u64) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX).saturating_mul(nanoseconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn bytes_give_time_back() {
        let pace = Pace::default();
        let allowance = Duration::from_secs(30);
        pace.set(Tick(5 * SECOND), Duration::from_secs(20));
        assert_eq!(pace.end(Tick(5 * SECOND), allowance), Tick(15 * SECOND));
        pace.since.clear();
        // A thousandth of a second for each.
        pace.moved(5_000, 1_000_000);
        assert_eq!(pace.end(Tick(5 * SECOND), allowance), Tick(20 * SECOND));
        // Never more than the whole of it.
        pace.moved(1 << 40, 1_000_000);
        assert_eq!(pace.end(Tick(5 * SECOND), allowance), Tick(35 * SECOND));
        pace.restart();
        assert_eq!((pace.since(), pace.total()), (None, Duration::ZERO));
    }
}
