//! The bounds of the work with a registry, and what its caller brings: the clock and the receiver of events.

use std::sync::Arc;
use std::time::Duration;

use super::retry::{Clock, Policy, SystemClock};
use crate::event::Progress;

/// GHCR refuses requests of 4 MiB and more; the rest is room for the head.
const LARGEST_REQUEST: u64 = (4 << 20) - (64 << 10);

/// Bounds, events and the clock of the work with a registry.
#[derive(Clone)]
pub struct Settings {
    /// Retries and the total deadline.
    pub policy: Policy,
    /// Bounds of one exchange.
    pub limits: Limits,
    /// Bytes of one request at most.
    pub chunk: u64,
    /// Allows plain HTTP beyond loopback.
    pub plain_http: bool,
    /// Makes [`Event::Request`] of each request.
    pub trace: bool,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Receives the events, and ends the work.
    pub progress: Progress,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            policy: Policy::default(),
            limits: Limits::default(),
            chunk: LARGEST_REQUEST,
            plain_http: false,
            trace: false,
            clock: Arc::new(SystemClock),
            progress: Progress::default(),
        }
    }
}

/// The times after which an exchange without progress is given up.
#[derive(Debug, Clone)]
pub struct Limits {
    /// To connect, name resolution and TLS included.
    pub connect: Duration,
    /// Between two bytes in either direction.
    pub stall: Duration,
    /// From the end of the request to the answer's head. Registries verify large blobs before
    /// they answer.
    pub answer: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(15),
            stall: Duration::from_mins(1),
            answer: Duration::from_mins(2),
        }
    }
}
