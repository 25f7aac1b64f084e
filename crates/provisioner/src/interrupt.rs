//! The wish to stop: no new call is made from then on, and what is under way is waited for.

use std::cell::Cell;
use std::rc::Rc;

use tokio::sync::Notify;

/// Raised once, by whoever hears Ctrl-C; clones share it.
#[derive(Debug, Clone, Default)]
pub struct Interrupt(Rc<(Cell<bool>, Notify)>);

impl Interrupt {
    /// Asks for the end.
    pub fn raise(&self) {
        self.0.0.set(true);
        self.0.1.notify_waiters();
    }

    /// Whether the end was asked for.
    pub fn is_raised(&self) -> bool {
        self.0.0.get()
    }

    /// Until the end is asked for.
    pub async fn raised(&self) {
        let notified = self.0.1.notified();
        if !self.is_raised() {
            notified.await;
        }
    }
}
