//! What is known of a registry before and after its first answer.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Until a registry has answered once, requests go to it one at a time: whether it can be reached, and what login it
/// asks for, is found out by one of them for all.
#[derive(Default)]
pub(super) struct Contact {
    made: AtomicBool,
    wrote: AtomicBool,
    first: Mutex<()>,
}

impl Contact {
    /// Waits for those who are first; `None` once the registry has answered.
    pub(super) fn first(&self) -> Option<MutexGuard<'_, ()>> {
        if self.made() {
            return None;
        }
        let first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
        (!self.made()).then_some(first)
    }

    /// Notes an answer; `wrote` where it was one to a request that changed something.
    pub(super) fn answered(&self, wrote: bool) {
        self.made.store(true, Ordering::Relaxed);
        self.wrote.fetch_or(wrote, Ordering::Relaxed);
    }

    /// Whether the registry has answered.
    pub(super) fn made(&self) -> bool {
        self.made.load(Ordering::Relaxed)
    }

    /// Whether the registry has taken anything.
    pub(super) fn wrote(&self) -> bool {
        self.wrote.load(Ordering::Relaxed)
    }
}
