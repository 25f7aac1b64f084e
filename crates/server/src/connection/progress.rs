//! Where a connection stands. Its stream, its requests and its deadline watch share this; all three run in
//! one task of one thread, so that relaxed atomics are plain loads and stores.

use super::refusal::{self, Refusal};
use crate::clock::Tick;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering::Relaxed};

/// A tick that may be unset.
#[derive(Debug, Default)]
pub struct Moment(AtomicU64);

impl Moment {
    /// The tick, if set.
    pub fn get(&self) -> Option<Tick> {
        match self.0.load(Relaxed) {
            0 => None,
            tick => Some(Tick(tick)),
        }
    }

    /// Sets it.
    pub fn set(&self, tick: Tick) {
        self.0.store(tick.0, Relaxed);
    }

    /// Sets it to now, unless it is set.
    pub fn start(&self) {
        if self.0.load(Relaxed) == 0 {
            self.set(Tick::now());
        }
    }

    /// Unsets it.
    pub fn clear(&self) {
        self.0.store(0, Relaxed);
    }
}

/// A yes or no.
#[derive(Debug, Default)]
pub struct Flag(AtomicBool);

impl Flag {
    /// Whether it is raised.
    pub fn is_up(&self) -> bool {
        self.0.load(Relaxed)
    }

    /// Raises it.
    pub fn raise(&self) {
        self.0.store(true, Relaxed);
    }

    /// Lowers it.
    pub fn lower(&self) {
        self.0.store(false, Relaxed);
    }
}

/// Why a request that is under way must be answered with an error instead of what the application says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Fault {
    /// Its chunked body is malformed.
    BadBody = 1,
    /// Its body is too large.
    LargeBody = 2,
    /// Its body stopped arriving.
    SlowBody = 3,
    /// The application takes too long.
    SlowAnswer = 4,
}

impl Fault {
    /// The answer to give.
    pub fn refusal(self) -> Refusal {
        match self {
            Self::BadBody => refusal::BAD_CHUNK,
            Self::LargeBody => refusal::LARGE_BODY,
            Self::SlowBody => refusal::SLOW_BODY,
            Self::SlowAnswer => refusal::SLOW_ANSWER,
        }
    }
}

/// The state of one connection.
#[derive(Debug)]
pub struct Progress {
    /// When it was accepted.
    pub opened: Tick,
    /// The first byte of a head that is not complete arrived.
    pub head_since: Moment,
    /// The request under way began; unset while none is.
    pub busy_since: Moment,
    /// The last answer ended; unset before the first.
    pub idle_since: Moment,
    /// A body is waited for.
    pub body_since: Moment,
    /// A body was waited for, and has not ended.
    pub body_due: Flag,
    /// The body of the request under way was not surely all there with its head, and has not ended.
    pub body_outside: Flag,
    /// The client takes no bytes.
    pub blocked_since: Moment,
    /// The request under way was given a [`Fault`] by its deadline.
    pub overdue_since: Moment,
    /// The answer to the request under way has begun.
    pub responding: Flag,
    /// The answer's body has ended, at [`Self::ended_at`]; it may not be written out yet.
    pub ended: Flag,
    /// See [`Self::ended`].
    pub ended_at: Moment,
    /// The next head is refused; the stream holds why.
    pub refused: Flag,
    fault: AtomicU8,
}

impl Progress {
    /// A connection that was just accepted.
    pub fn new(opened: Tick) -> Self {
        Self {
            opened,
            head_since: Moment::default(),
            busy_since: Moment::default(),
            idle_since: Moment::default(),
            body_since: Moment::default(),
            body_due: Flag::default(),
            body_outside: Flag::default(),
            blocked_since: Moment::default(),
            overdue_since: Moment::default(),
            responding: Flag::default(),
            ended: Flag::default(),
            ended_at: Moment::default(),
            refused: Flag::default(),
            fault: AtomicU8::new(0),
        }
    }

    /// A request begins.
    pub fn begin(&self, now: Tick) {
        self.busy_since.set(now);
        self.responding.lower();
    }

    /// Its answer has ended, but may still be in buffers.
    pub fn end(&self, now: Tick) {
        self.ended_at.set(now);
        self.ended.raise();
    }

    /// Everything buffered has been written: a request whose answer has ended is done with.
    pub fn flushed(&self) {
        self.blocked_since.clear();
        if self.ended.is_up() {
            self.ended.lower();
            self.busy_since.clear();
            self.idle_since.set(self.ended_at.get().unwrap_or(self.opened));
        }
    }

    /// Gives the request under way a fault; the first one stays.
    pub fn set_fault(&self, fault: Fault) {
        let _ = self.fault.compare_exchange(0, fault as u8, Relaxed, Relaxed);
    }

    /// The fault of the request under way. A connection with one ends, so it is never taken back.
    pub fn fault(&self) -> Option<Fault> {
        match self.fault.load(Relaxed) {
            0 => None,
            1 => Some(Fault::BadBody),
            2 => Some(Fault::LargeBody),
            3 => Some(Fault::SlowBody),
            _ => Some(Fault::SlowAnswer),
        }
    }
}
