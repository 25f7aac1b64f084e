//! The phases of the process: it serves, ends, or is over.

use crate::clock::AtomicTick;
use crate::clock::Tick;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering::SeqCst};
use tokio::sync::Notify;
use tokio::sync::futures::OwnedNotified;

/// The phases of a process, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Phase {
    /// Ready.
    Serving = 0,
    /// Not ready any more, but still accepting: load balancers have yet to notice. Every answer ends its connection.
    Leaving = 1,
    /// No longer accepting: what is under way is answered.
    Draining = 2,
    /// No request is answered any more: what is still open is cut, and the application ends what it has beside them.
    Finishing = 3,
    /// Over.
    Over = 4,
}

/// The phase, to be read and waited for.
#[derive(Debug, Default)]
pub(crate) struct Lifecycle {
    phase: AtomicU8,
    started: AtomicBool,
    draining_since: AtomicTick,
    changed: Arc<Notify>,
    closed: Notify,
}

impl Lifecycle {
    /// The present phase.
    pub(crate) fn phase(&self) -> Phase {
        match self.phase.load(SeqCst) {
            0 => Phase::Serving,
            1 => Phase::Leaving,
            2 => Phase::Draining,
            3 => Phase::Finishing,
            _ => Phase::Over,
        }
    }

    /// Tells whether answers are to end their connections.
    pub(crate) fn is_ending(&self) -> bool {
        self.phase() != Phase::Serving
    }

    /// Tells whether the application has started.
    pub(crate) fn has_started(&self) -> bool {
        self.started.load(SeqCst)
    }

    /// The application has started.
    pub(crate) fn start(&self) {
        self.started.store(true, SeqCst);
    }

    /// When connections without a request were told to end, if they were.
    pub(crate) fn draining_since(&self) -> Option<Tick> {
        self.draining_since.get()
    }

    /// Moves on to `phase`, and wakes all that wait.
    pub(crate) fn enter(&self, phase: Phase) {
        if phase >= Phase::Draining {
            self.draining_since.start();
        }
        self.phase.store(phase as u8, SeqCst);
        self.changed.notify_waiters();
    }

    /// The next change. One that is being waited for from before a look at [`Self::phase`] is never missed.
    pub(crate) fn change(&self) -> OwnedNotified {
        Arc::clone(&self.changed).notified_owned()
    }

    /// Waits until `phase` has come.
    pub(crate) async fn reached(&self, phase: Phase) {
        loop {
            let change = self.change();
            if self.phase() >= phase {
                return;
            }
            change.await;
        }
    }

    /// A connection has been closed: see [`Self::closed`].
    pub(crate) fn note_closed(&self) {
        if self.is_ending() {
            self.closed.notify_one();
        }
    }

    /// Waits for a connection to be closed.
    pub(crate) async fn closed(&self) {
        self.closed.notified().await;
    }
}

/// Ends the process if what holds it panics: a server whose own loop is gone would look alive and serve nobody.
#[derive(Debug)]
pub(crate) struct Essential;

impl Drop for Essential {
    fn drop(&mut self) {
        if std::thread::panicking() {
            std::process::abort();
        }
    }
}
