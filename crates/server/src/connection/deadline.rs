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
    /// A body does not arrive, or too slowly: 408, unless the answer has begun.
    Body,
    /// No answer yet: 503.
    Request,
    /// The client does not take its answer: reset.
    Write,
    /// The application gives nothing more of an answer that has begun: reset.
    Stall,
}

/// The next deadline, if there is one; `draining` since when, if so.
///
/// Of a request under way, those count that wait for each other: while the client is waited for, the application has its
/// time. What is over is compared by the caller, so that a request without limits has no deadline at all.
pub(crate) fn next(
    progress: &Progress,
    limits: &Deadlines,
    draining: Option<Tick>,
) -> Option<(Tick, Expiry)> {
    if let Some(overdue) = progress.overdue_since.get() {
        return Some((overdue.after(limits.write), Expiry::Write));
    }
    let Some(busy) = progress.busy_since.get() else {
        return Some(waiting(progress, limits, draining));
    };
    let (receiving, sending) = (&progress.receiving, &progress.sending);
    let body = receiving.since().map(|since| {
        let end = receiving.end(since, limits.request);
        (since.after(limits.body).min(end), Expiry::Body)
    });
    let write = sending.since().map(|since| {
        (since.after(limits.write).min(sending.end(since, limits.request)), Expiry::Write)
    });
    let answer = if progress.responding.is_up() {
        let moved = progress.moved_at.get().unwrap_or(busy).max(busy);
        progress.stall_limit().map(|limit| (moved.after(limit), Expiry::Stall))
    } else {
        let from = busy.after(receiving.total());
        progress.answer_limit().map(|limit| (from.after(limit), Expiry::Request))
    };
    let is_clients = body.is_some() || write.is_some();
    [body, write, answer.filter(|_| !is_clients)]
        .into_iter()
        .flatten()
        .min_by_key(|(tick, _)| *tick)
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
    use crate::progress::Limit;
    use std::time::Duration;

    const SECOND: u64 = 1_000_000_000;
    const LIMITS: Deadlines = Deadlines {
        header: Duration::from_secs(10),
        idle: Duration::from_secs(100),
        body: Duration::from_secs(15),
        write: Duration::from_secs(20),
        request: Duration::from_secs(30),
        upgrade_idle: Duration::from_secs(100),
        nanoseconds_per_byte: 1_000_000,
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
        assert_eq!(next(&progress, &LIMITS, draining), Some((at(seconds), expiry)));
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
        let begin = |progress: &Progress| progress.begin(at(5), LIMITS.request, LIMITS.idle);
        check(begin, None, 35, Expiry::Request);
        let body = |used| {
            move |progress: &Progress| {
                begin(progress);
                progress.receiving.set(at(6), Duration::from_secs(used));
            }
        };
        check(body(0), None, 21, Expiry::Body);
        check(body(28), None, 8, Expiry::Body);
        let blocked = |used| {
            move |progress: &Progress| {
                begin(progress);
                progress.sending.set(at(20), Duration::from_secs(used));
            }
        };
        check(blocked(0), None, 40, Expiry::Write);
        check(blocked(29), None, 21, Expiry::Write);
        let overdue = |progress: &Progress| {
            begin(progress);
            progress.overdue_since.set(at(35));
        };
        check(overdue, None, 55, Expiry::Write);
    }

    #[test]
    fn an_answer_that_has_begun_has_the_time_between_its_parts() {
        let streaming = |progress: &Progress| {
            progress.begin(at(5), LIMITS.request, LIMITS.idle);
            progress.respond();
            progress.moved_at.set(at(1_000));
        };
        check(streaming, None, 1_100, Expiry::Stall);
        let blocked = |progress: &Progress| {
            streaming(progress);
            progress.sending.set(at(1_090), Duration::ZERO);
        };
        check(blocked, None, 1_110, Expiry::Write);
    }

    #[test]
    fn a_route_may_have_no_deadline() {
        let progress = Progress::new(at(1));
        progress.begin(at(5), LIMITS.request, LIMITS.idle);
        progress.limit(Limit::Off, Limit::Off);
        assert_eq!(next(&progress, &LIMITS, None), None);
        progress.respond();
        assert_eq!(next(&progress, &LIMITS, None), None);
        progress.begin(at(6), LIMITS.request, LIMITS.idle);
        assert_eq!(next(&progress, &LIMITS, None), Some((at(36), Expiry::Request)));
    }

    #[test]
    fn an_answer_that_ended_is_busy_until_it_is_written() {
        let progress = Progress::new(at(1));
        progress.begin(at(5), LIMITS.request, LIMITS.idle);
        progress.end(at(6));
        assert_eq!(next(&progress, &LIMITS, None), Some((at(35), Expiry::Request)));
        progress.flushed();
        assert_eq!(next(&progress, &LIMITS, None), Some((at(106), Expiry::Idle)));
    }

    #[test]
    fn draining_shortens_only_the_wait_for_a_request() {
        check(|_| {}, Some(at(4)), 5, Expiry::Idle);
        check(|progress| progress.idle_since.set(at(3)), Some(at(4)), 5, Expiry::Idle);
        check(|progress| progress.head_since.set(at(3)), Some(at(4)), 13, Expiry::Header);
        check(
            |progress| progress.begin(at(3), LIMITS.request, LIMITS.idle),
            Some(at(4)),
            33,
            Expiry::Request,
        );
        let accepted_late = Progress::new(at(7));
        assert_eq!(next(&accepted_late, &LIMITS, Some(at(4))), Some((at(8), Expiry::Idle)));
    }
}
