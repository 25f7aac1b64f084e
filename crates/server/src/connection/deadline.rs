//! The next deadline of a connection, and its meaning. Pure: [`Progress`] in, a tick out.

use crate::clock::Tick;
use crate::endpoint::Deadlines;
use crate::progress::Progress;

/// The meaning of a deadline that has passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expiry {
    /// Nothing is owed: close.
    Idle,
    /// Part of a head has arrived: 408.
    Header,
    /// Part of a body has arrived: 408, unless the answer has begun.
    Body,
    /// No answer yet: 503, unless it has begun.
    Request,
    /// The client does not take its answer: reset.
    Write,
}

/// The next deadline; `draining` since when, if so.
pub(crate) fn next(
    progress: &Progress,
    limits: &Deadlines,
    draining: Option<Tick>,
) -> (Tick, Expiry) {
    if let Some(overdue) = progress.overdue_since.get() {
        return (overdue.after(limits.write), Expiry::Write);
    }
    let Some(busy) = progress.busy_since.get() else {
        return waiting(progress, limits, draining);
    };
    let request = Some((busy.after(limits.request), Expiry::Request));
    let body = progress.body_since.get().map(|since| (since.after(limits.body), Expiry::Body));
    let write =
        progress.blocked_since.get().map(|since| (since.after(limits.write), Expiry::Write));
    let soonest =
        [body, write].into_iter().flatten().fold(request, |soonest, other| match soonest {
            Some(best) if best.0 <= other.0 => Some(best),
            _ => Some(other),
        });
    soonest.unwrap_or((busy.after(limits.request), Expiry::Request))
}

fn waiting(progress: &Progress, limits: &Deadlines, draining: Option<Tick>) -> (Tick, Expiry) {
    let since = progress.idle_since.get();
    if let Some(head) = progress.head_since.get() {
        // The next head may have begun to arrive while the last request was under way.
        let from = since.map_or(head, |idle| idle.max(head));
        return (from.after(limits.header), Expiry::Header);
    }
    let deadline = match since {
        Some(idle) => idle.after(limits.idle),
        None => progress.opened.after(limits.header),
    };
    let grace = draining.map(|since| since.max(progress.opened).after(limits.drain_grace));
    (grace.map_or(deadline, |grace| grace.min(deadline)), Expiry::Idle)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const SECOND: u64 = 1_000_000_000;
    const LIMITS: Deadlines = Deadlines {
        header: Duration::from_secs(10),
        idle: Duration::from_secs(100),
        body: Duration::from_secs(15),
        write: Duration::from_secs(20),
        request: Duration::from_secs(30),
        drain_grace: Duration::from_secs(1),
    };

    fn at(seconds: u64) -> Tick {
        Tick(seconds * SECOND)
    }

    #[track_caller]
    fn check(
        arrange: impl FnOnce(&Progress),
        draining: Option<Tick>,
        seconds: u64,
        expiry: Expiry,
    ) {
        let progress = Progress::new(at(1));
        arrange(&progress);
        assert_eq!(next(&progress, &LIMITS, draining), (at(seconds), expiry));
    }

    #[test]
    fn before_and_between_requests() {
        check(|_| {}, None, 11, Expiry::Idle);
        check(|progress| progress.head_since.set(at(5)), None, 15, Expiry::Header);
        check(|progress| progress.idle_since.set(at(5)), None, 105, Expiry::Idle);
        let pipelined = |progress: &Progress| {
            progress.head_since.set(at(5));
            progress.idle_since.set(at(8));
        };
        check(pipelined, None, 18, Expiry::Header);
    }

    #[test]
    fn during_a_request() {
        check(|progress| progress.begin(at(5)), None, 35, Expiry::Request);
        let body = |progress: &Progress| {
            progress.begin(at(5));
            progress.body_since.set(at(6));
        };
        check(body, None, 21, Expiry::Body);
        let blocked = |progress: &Progress| {
            progress.begin(at(5));
            progress.blocked_since.set(at(7));
        };
        check(blocked, None, 27, Expiry::Write);
        let dribbling = |progress: &Progress| {
            progress.begin(at(5));
            progress.blocked_since.set(at(20));
        };
        check(dribbling, None, 35, Expiry::Request);
        let overdue = |progress: &Progress| {
            progress.begin(at(5));
            progress.overdue_since.set(at(35));
        };
        check(overdue, None, 55, Expiry::Write);
    }

    #[test]
    fn an_answer_that_ended_is_busy_until_it_is_written() {
        let progress = Progress::new(at(1));
        progress.begin(at(5));
        progress.end(at(6));
        assert_eq!(next(&progress, &LIMITS, None), (at(35), Expiry::Request));
        progress.flushed();
        assert_eq!(next(&progress, &LIMITS, None), (at(106), Expiry::Idle));
    }

    #[test]
    fn draining_shortens_only_the_wait_for_a_request() {
        check(|_| {}, Some(at(4)), 5, Expiry::Idle);
        check(|progress| progress.idle_since.set(at(3)), Some(at(4)), 5, Expiry::Idle);
        check(|progress| progress.head_since.set(at(3)), Some(at(4)), 13, Expiry::Header);
        check(|progress| progress.begin(at(3)), Some(at(4)), 33, Expiry::Request);
        let accepted_late = Progress::new(at(7));
        assert_eq!(next(&accepted_late, &LIMITS, Some(at(4))), (at(8), Expiry::Idle));
    }
}
