//! The bounds of the work with a registry, and what its caller brings: the clock and the receiver of events.

use std::sync::Arc;
use std::time::Duration;

use skyward_terminal::Calls;

use super::retry::{Clock, Policy, SystemClock};
use crate::event::Monitor;

/// GHCR refuses requests of 4 MiB and more; the rest is room for the head.
const LARGEST_REQUEST: u64 = (4 << 20) - (64 << 10);

/// Bounds, events and the clock of the work with a registry.
#[derive(Clone)]
pub struct Settings {
    /// Retries and the total deadline.
    pub policy: Policy,
    /// Bounds of one request.
    pub timeouts: Timeouts,
    /// Bytes of one request at most.
    pub chunk: u64,
    /// Allows plain HTTP beyond loopback.
    pub plain_http: bool,
    /// Receives each request to the registry.
    pub calls: Calls,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Receives the events, and ends the work.
    pub monitor: Monitor,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            policy: Policy::default(),
            timeouts: Timeouts::default(),
            chunk: LARGEST_REQUEST,
            plain_http: false,
            calls: Calls::silent(),
            clock: Arc::new(SystemClock),
            monitor: Monitor::default(),
        }
    }
}

/// The time to connect: a few retransmissions of TCP's first packet (RFC 6298: after 1, 3 and 7 s).
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);
/// The time without a byte in either direction: proxies in front of registries give up after one minute.
const STALL_TIMEOUT: Duration = Duration::from_mins(1);
/// The time for a registry to verify a large blob before it answers.
const ANSWER_TIMEOUT: Duration = Duration::from_mins(2);

/// The times after which a request without progress is given up.
#[derive(Debug, Clone)]
pub struct Timeouts {
    /// To connect, name resolution and TLS included.
    pub connect: Duration,
    /// Between two bytes in either direction.
    pub stall: Duration,
    /// From the end of the request to the answer's head. Registries verify large blobs before
    /// they answer.
    pub answer: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { connect: CONNECT_TIMEOUT, stall: STALL_TIMEOUT, answer: ANSWER_TIMEOUT }
    }
}
