//! The progress of a connection. Its stream, its requests and its deadline watch share this; all three run in
//! one task of one thread, so that relaxed atomics are plain loads and stores.

use crate::clock::{AtomicTick, Tick};
use crate::problem::{self, Refusal};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering::Relaxed};

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
    /// A body is waited for.
    pub(crate) body_since: AtomicTick,
    /// A body was waited for, and has not ended.
    pub(crate) body_due: Flag,
    /// The body of the request under way was not surely all there with its head, and has not ended.
    pub(crate) body_outside: Flag,
    /// The client takes no bytes.
    pub(crate) blocked_since: AtomicTick,
    /// The request under way was given a [`RequestFault`] by its deadline.
    pub(crate) overdue_since: AtomicTick,
    /// The answer to the request under way has begun.
    pub(crate) responding: Flag,
    /// The answer's body has ended, at [`Self::ended_at`]; it may not be written out yet.
    pub(crate) ended: Flag,
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
            body_since: AtomicTick::default(),
            body_due: Flag::default(),
            body_outside: Flag::default(),
            blocked_since: AtomicTick::default(),
            overdue_since: AtomicTick::default(),
            responding: Flag::default(),
            ended: Flag::default(),
            ended_at: AtomicTick::default(),
            refused: Flag::default(),
            fault: AtomicU8::new(0),
        }
    }

    /// A request begins.
    pub(crate) fn begin(&self, now: Tick) {
        self.busy_since.set(now);
        self.responding.lower();
    }

    /// Its answer has ended, but may still be in buffers.
    pub(crate) fn end(&self, now: Tick) {
        self.ended_at.set(now);
        self.ended.raise();
    }

    /// Everything buffered has been written: a request whose answer has ended is done with.
    pub(crate) fn flushed(&self) {
        self.blocked_since.clear();
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
