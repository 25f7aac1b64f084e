//! Calls to other systems, as `-v` shows them.
//!
//! A client takes a [`Calls`] when it is made and knows nothing of events or terminals. A call tells its peer, its
//! operation, its time and its outcome; what could be secret has no field here.

use std::sync::Arc;
use std::time::Instant;

use crate::event::Call;

/// Takes each call to another system. A client keeps a clone, begins each call with [`Calls::begin`], and says how it
/// ended. Where `-v` was not given nothing is written down.
#[derive(Clone, Default)]
pub struct Calls(Option<Arc<dyn Fn(Call) + Send + Sync>>);

impl std::fmt::Debug for Calls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_some() { "Calls(shown)" } else { "Calls(silent)" })
    }
}

impl Calls {
    /// Tells nobody; for tests and for programs without `-v`.
    pub fn silent() -> Self {
        Self::default()
    }

    /// Tells `take` of each call, from whichever thread it was made in.
    pub fn new(take: impl Fn(Call) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(take)))
    }

    /// Begins a call. Never put a secret into either text.
    pub fn begin(&self, peer: &str, operation: &str) -> PendingCall {
        let call = self.0.is_some().then(|| Call {
            peer: peer.to_owned(),
            operation: operation.to_owned(),
            // What stays when the call is dropped without an answer.
            outcome: "given up".to_owned(),
            ..Call::default()
        });
        PendingCall { calls: self.clone(), call, begun: Instant::now() }
    }
}

/// A call that was begun. It is told of when it ends, also where it is given up.
#[derive(Debug)]
#[must_use = "dropping it says that the call was given up"]
pub struct PendingCall {
    calls: Calls,
    call: Option<Call>,
    begun: Instant,
}

impl PendingCall {
    /// Adds the status of an HTTP answer.
    pub fn status(mut self, status: u16) -> Self {
        if let Some(call) = &mut self.call {
            call.status = Some(status);
        }
        self
    }

    /// Adds the peer's own name for the call.
    pub fn request_id(mut self, id: Option<&str>) -> Self {
        if let Some(call) = &mut self.call {
            call.request_id = id.map(str::to_owned);
        }
        self
    }

    /// Adds the number of the try, from 1.
    pub fn attempt(mut self, attempt: u32) -> Self {
        if let Some(call) = &mut self.call {
            call.attempt = Some(attempt);
        }
        self
    }

    /// Ends the call: `ok`, or the error's class.
    pub fn end(mut self, outcome: &str) {
        if let Some(call) = &mut self.call {
            outcome.clone_into(&mut call.outcome);
        }
    }
}

impl Drop for PendingCall {
    fn drop(&mut self) {
        if let (Some(mut call), Some(take)) = (self.call.take(), &self.calls.0) {
            call.seconds = self.begun.elapsed().as_secs_f64();
            take(call);
        }
    }
}
