//! An endpoint, which is a port with its application and limits, and the context that the requests of a connection share.
//!
//! Both sides of a connection need it, its stream and its requests, so it belongs to neither.

pub(crate) mod matched;
pub(crate) mod record;
pub(crate) mod register;

use crate::access_log::Log;
use crate::diagnostics::Diagnostics;
use crate::lifecycle::Lifecycle;
use crate::metrics::{Metrics, WorkerMetrics};
use crate::progress::Progress;
use axum::Router;
use matched::Matched;
use record::Unwritten;
use register::Register;
use skyward_config::Cidr;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::Waker;
use std::time::Duration;

/// The times that a client, and the application, may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Deadlines {
    /// From the first byte of a head to its last, and from the connection to the first byte.
    pub(crate) header: Duration,
    /// Between two requests.
    pub(crate) idle: Duration,
    /// Between two parts of a body.
    pub(crate) body: Duration,
    /// Between two parts of an answer that the client takes.
    pub(crate) write: Duration,
    /// From a request's head to the beginning of its answer; and what a client may keep the service waiting in all.
    pub(crate) request: Duration,
    /// Without a byte on an upgraded connection.
    pub(crate) upgrade_idle: Duration,
    /// The time that a byte may take at the least rate; the largest number where any rate will do.
    pub(crate) nanoseconds_per_byte: u64,
    /// Once draining, for a connection without a request to send one that may be on its way.
    pub(crate) drain_grace: Duration,
}

/// The limits of a request's head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HeadLimits {
    /// Bytes of the request line and all header lines.
    pub(crate) max_header_bytes: usize,
    /// Bytes of the body.
    pub(crate) max_body_bytes: u64,
    /// Hosts this service answers for, lower case, `*.` in front for all below; empty for every host.
    pub(crate) allowed_hosts: Vec<String>,
}

/// One port: the application that it serves, and the limits within which it does.
#[derive(Debug)]
pub(crate) struct Endpoint {
    /// The application, with every route [observed](crate::routing::observe).
    pub(crate) router: Router,
    /// The limits of a request's head.
    pub(crate) head_limits: Arc<HeadLimits>,
    /// The times that things may take.
    pub(crate) deadlines: Deadlines,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub(crate) trusted_proxies: Vec<Cidr>,
    /// The log shows `Referer` and `User-Agent`.
    pub(crate) log_agent: bool,
    /// Requests are logged and counted; probes are not.
    pub(crate) observed: bool,
    /// Connections that are open on the port.
    pub(crate) open: AtomicUsize,
    /// The same, each by itself.
    pub(crate) register: Register,
    /// The most of them that may be upgraded.
    pub(crate) max_upgrades: usize,
    /// Those that are.
    pub(crate) upgraded: AtomicUsize,
}

/// All that the requests of one connection share.
#[derive(Debug)]
pub(crate) struct ConnectionContext {
    /// The progress of the connection.
    pub(crate) progress: Progress,
    /// The endpoint that it asks.
    pub(crate) endpoint: Arc<Endpoint>,
    /// The numbers of the process.
    pub(crate) metrics: Arc<Metrics>,
    /// This worker's log.
    pub(crate) log: Arc<Log>,
    /// The phase of the process.
    pub(crate) lifecycle: Arc<Lifecycle>,
    /// The service's own lines.
    pub(crate) diagnostics: Diagnostics,
    /// The other end.
    pub(crate) peer: IpAddr,
    /// The same as the system names it.
    pub(crate) socket: SocketAddr,
    /// The same as text: what most log lines start with.
    pub(crate) peer_text: Box<str>,
    /// The template that the request under way has matched.
    pub(crate) matched: Matched,
    /// The line of the request under way, and answers that have ended but are not written out.
    pub(crate) unwritten: Mutex<Unwritten>,
    /// Wakes the task that serves it.
    pub(crate) waker: OnceLock<Waker>,
}

/// The connection that a request came on, for what runs inside the application.
#[derive(Clone, Debug)]
pub(crate) struct Connection(pub(crate) Arc<ConnectionContext>);

impl ConnectionContext {
    /// The numbers of the worker that runs this.
    pub(crate) fn numbers(&self) -> &WorkerMetrics {
        self.metrics.of_this_thread()
    }

    /// Counts the connection as upgraded, unless as many as allowed are. Its stream takes it back.
    pub(crate) fn count_upgrade(&self) -> bool {
        let (upgraded, most) = (&self.endpoint.upgraded, self.endpoint.max_upgrades);
        upgraded.fetch_update(Relaxed, Relaxed, |open| (open < most).then_some(open + 1)).is_ok()
    }

    /// A request begins with `line`.
    pub(crate) fn keep_request_line(&self, line: &[u8]) {
        self.unwritten.lock().unwrap_or_else(PoisonError::into_inner).begin(line);
    }
}
