//! The progress of a connection. Its stream, its requests and its deadline watch share this; all three run in
//! one task, which no two threads run at one time, so that relaxed atomics are plain loads and stores.

mod pace;

use crate::clock::{AtomicTick, Tick};
use crate::problem::{self, Refusal};
pub(crate) use pace::Pace;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// A yes or no.
#[derive(Debug, Default)]
pub(crate) struct Flag(AtomicBool);

impl Flag {
    /// Tells whether it is raised.
    pub(crate) fn is_up(&self) -> bool {
        self.0.load(Relaxed)
    }

    /// Raises it.
    pub(crate) fn raise(&self) {
        self.0.store(true, Relaxed);
    }

    /// Lowers it.
    pub(crate) fn lower(&self) {
        self.0.store(false, Relaxed);
    }
}

/// A reason to answer a request that is under way with an error, whatever the application says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum RequestFault {
    /// Its chunked body is malformed.
    BadBody = 1,
    /// Its body is too large.
    LargeBody = 2,
    /// Its body stopped arriving.
    SlowBody = 3,
    /// The application takes too long.
    SlowAnswer = 4,
}

impl RequestFault {
    /// The answer to give.
    pub(crate) fn refusal(self) -> Refusal {
        match self {
            Self::BadBody => problem::BAD_CHUNK,
            Self::LargeBody => problem::LARGE_BODY,
            Self::SlowBody => problem::SLOW_BODY,
            Self::SlowAnswer => problem::SLOW_ANSWER,
        }
    }
}

/// The reason why an answer that had begun did not reach its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Cut {
    /// The client closed or reset the connection.
    ClientLeft = 0,
    /// The client took the answer, or sent its body, too slowly.
    SlowClient = 1,
    /// The application gave nothing more for too long.
    Stalled = 2,
    /// The application's stream ended in an error or a panic.
    Failed = 3,
    /// The process ended.
    Shutdown = 4,
}

impl Cut {
    /// All reasons, in the order of their numbers.
    pub(crate) const ALL: [Self; 5] =
        [Self::ClientLeft, Self::SlowClient, Self::Stalled, Self::Failed, Self::Shutdown];

    /// The word for it in the log and in the metrics.
    pub(crate) fn as_str(self) -> &'static str {
        ["client_left", "slow_client", "stalled", "failed", "shutdown"][self as usize]
    }
}

/// One limit of a route.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Limit {
    /// That of the layers around this one, or of the server.
    #[default]
    Outer,
    /// So long.
    After(Duration),
    /// None.
    Off,
}

/// No limit, where a limit is kept as nanoseconds.
const OFF: u64 = u64::MAX;

/// The state of one connection.
#[derive(Debug)]
pub(crate) struct Progress {
    /// When it was accepted.
    pub(crate) opened: Tick,
    /// The first byte of a head that is not complete arrived.
    pub(crate) head_since: AtomicTick,
    /// The request under way began; unset while none is.
    pub(crate) busy_since: AtomicTick,
    /// The last answer ended; unset before the first.
    pub(crate) idle_since: AtomicTick,
    /// A body is waited for, for how long so far, and within which allowance.
    pub(crate) receiving: Pace,
    /// A body was waited for, and has not ended.
    pub(crate) body_due: Flag,
    /// The body of the request under way was not surely all there with its head, and has not ended.
    pub(crate) body_outside: Flag,
    /// The client takes no bytes, for how long so far, and within which allowance.
    pub(crate) sending: Pace,
    /// The stream has written bytes of an answer that the deadlines have not taken notice of.
    pub(crate) wrote: Flag,
    /// The answer has last moved.
    pub(crate) moved_at: AtomicTick,
    /// The time for the beginning of the answer in nanoseconds, and the time between two parts of it.
    answer_limit: AtomicU64,
    stall_limit: AtomicU64,
    /// The connection is to be closed for a new one, if it is idle.
    pub(crate) evicted: Flag,
    /// The answer switches to another protocol: what follows is not HTTP.
    pub(crate) upgraded: Flag,
    /// The request under way asks for a websocket.
    pub(crate) websocket: Flag,
    cut: AtomicU8,
    /// The request under way was given a [`RequestFault`] by its deadline.
    pub(crate) overdue_since: AtomicTick,
    /// The answer to the request under way has begun.
    pub(crate) responding: Flag,
    /// The answer's body has ended, at [`Self::ended_at`]; it may not be written out yet.
    pub(crate) ended: Flag,
    /// An answer that has ended is to be written down once it is written out.
    pub(crate) unwritten: Flag,
    /// See [`Self::ended`].
    pub(crate) ended_at: AtomicTick,
    /// The next head is refused; the stream holds why.
    pub(crate) refused: Flag,
    fault: AtomicU8,
}

impl Progress {
    /// A connection that was just accepted.
    pub(crate) fn new(opened: Tick) -> Self {
        Self {
            opened,
            head_since: AtomicTick::default(),
            busy_since: AtomicTick::default(),
            idle_since: AtomicTick::default(),
            receiving: Pace::default(),
            body_due: Flag::default(),
            body_outside: Flag::default(),
            sending: Pace::default(),
            wrote: Flag::default(),
            moved_at: AtomicTick::default(),
            answer_limit: AtomicU64::new(OFF),
            stall_limit: AtomicU64::new(OFF),
            evicted: Flag::default(),
            upgraded: Flag::default(),
            websocket: Flag::default(),
            cut: AtomicU8::new(Cut::ClientLeft as u8),
            overdue_since: AtomicTick::default(),
            responding: Flag::default(),
            ended: Flag::default(),
            unwritten: Flag::default(),
            ended_at: AtomicTick::default(),
            refused: Flag::default(),
            fault: AtomicU8::new(0),
        }
    }

    /// A request begins; its answer has the time `answer` to begin, and `stall` between two parts of it, until its route says
    /// otherwise.
    pub(crate) fn begin(&self, now: Tick, answer: Duration, stall: Duration) {
        self.busy_since.set(now);
        self.responding.lower();
        self.receiving.restart();
        self.sending.restart();
        self.limit(Limit::After(answer), Limit::After(stall));
    }

    /// Holds the request under way to other limits.
    pub(crate) fn limit(&self, answer: Limit, stall: Limit) {
        let store = |limit: &AtomicU64, value| match value {
            Limit::Outer => {}
            Limit::Off => limit.store(OFF, Relaxed),
            Limit::After(time) => {
                limit.store(u64::try_from(time.as_nanos()).unwrap_or(OFF), Relaxed);
            }
        };
        store(&self.answer_limit, answer);
        store(&self.stall_limit, stall);
    }

    /// The time for the beginning of the answer, if there is a limit.
    pub(crate) fn answer_limit(&self) -> Option<Duration> {
        limit(&self.answer_limit)
    }

    /// The time between two parts of the answer, if there is a limit.
    pub(crate) fn stall_limit(&self) -> Option<Duration> {
        limit(&self.stall_limit)
    }

    /// Its answer begins.
    pub(crate) fn respond(&self) {
        self.responding.raise();
        self.wrote.raise();
    }

    /// The answer does not reach its end, because of `cut`.
    pub(crate) fn cut_for(&self, cut: Cut) {
        self.cut.store(cut as u8, Relaxed);
    }

    /// The reason why an answer that has not ended never will.
    pub(crate) fn cut(&self) -> Cut {
        Cut::ALL[usize::from(self.cut.load(Relaxed)).min(Cut::ALL.len() - 1)]
    }

    /// Tells whether the connection is kept open without a request.
    pub(crate) fn idle(&self) -> Option<Tick> {
        let is_idle = self.busy_since.get().is_none() && self.head_since.get().is_none();
        self.idle_since.get().filter(|_| is_idle)
    }

    /// Takes notice of what the stream has written since the last time.
    pub(crate) fn note_moves(&self) {
        if self.wrote.is_up() && self.busy_since.get().is_some() {
            self.wrote.lower();
            self.moved_at.set(Tick::now());
        }
    }

    /// Its answer has ended, but may still be in buffers.
    pub(crate) fn end(&self, now: Tick) {
        self.ended_at.set(now);
        self.ended.raise();
    }

    /// Everything buffered has been written: a request whose answer has ended is done with.
    pub(crate) fn flushed(&self) {
        self.sending.moved(0, u64::MAX);
        if self.ended.is_up() {
            self.ended.lower();
            self.busy_since.clear();
            self.idle_since.set(self.ended_at.get().unwrap_or(self.opened));
        }
    }

    /// Gives the request under way a fault; the first one stays.
    pub(crate) fn set_fault(&self, fault: RequestFault) {
        let _ = self.fault.compare_exchange(0, fault as u8, Relaxed, Relaxed);
    }

    /// The fault of the request under way. A connection with one ends, so it is never taken back.
    pub(crate) fn fault(&self) -> Option<RequestFault> {
        match self.fault.load(Relaxed) {
            0 => None,
            1 => Some(RequestFault::BadBody),
            2 => Some(RequestFault::LargeBody),
            3 => Some(RequestFault::SlowBody),
            _ => Some(RequestFault::SlowAnswer),
        }
    }
}

fn limit(nanoseconds: &AtomicU64) -> Option<Duration> {
    Some(nanoseconds.load(Relaxed)).filter(|value| *value != OFF).map(Duration::from_nanos)
}
