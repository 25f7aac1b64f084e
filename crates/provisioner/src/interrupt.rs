//! The request to end: no new call is made from then on, and calls under way are waited for.

use std::cell::Cell;
use std::rc::Rc;

use tokio::sync::Notify;

/// Raised once, when Ctrl-C is heard; clones share it.
#[derive(Debug, Clone, Default)]
pub struct Interrupt(Rc<(Cell<bool>, Notify)>);

impl Interrupt {
    /// Tells the run to end.
    pub fn raise(&self) {
        self.0.0.set(true);
        self.0.1.notify_waiters();
    }

    /// The run was told to end.
    pub fn is_raised(&self) -> bool {
        self.0.0.get()
    }

    /// Waits until the run is told to end.
    pub async fn raised(&self) {
        let notified = self.0.1.notified();
        if !self.is_raised() {
            notified.await;
        }
    }
}
