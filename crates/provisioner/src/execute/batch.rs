use std::cell::RefCell;
use std::future::Future;
use std::rc::Rc;

use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::caller::Fault;

/// One look at everything of a kind, shared by all who wait for something of it at the same time.
pub(super) struct Batch<T> {
    last: RefCell<Option<(Instant, Rc<Vec<T>>)>>,
    look: Mutex<()>,
}

impl<T> Default for Batch<T> {
    fn default() -> Self {
        Self { last: RefCell::new(None), look: Mutex::new(()) }
    }
}

impl<T> Batch<T> {
    /// What there is now: by a look that began no earlier than this call.
    pub(super) async fn now(
        &self,
        look: impl Future<Output = Result<Vec<T>, Fault>>,
    ) -> Result<Rc<Vec<T>>, Fault> {
        let asked = Instant::now();
        let _one_at_a_time = self.look.lock().await;
        if let Some((begun, items)) = &*self.last.borrow()
            && *begun >= asked
        {
            return Ok(Rc::clone(items));
        }
        let begun = Instant::now();
        let items = Rc::new(look.await?);
        *self.last.borrow_mut() = Some((begun, Rc::clone(&items)));
        Ok(items)
    }
}
