//! An endpoint, which is a port with its application and limits, and the context that the requests of a connection share.
//!
//! Both sides of a connection need it, its stream and its requests, so it belongs to neither.

use crate::access_log::{Log, escape::FIELD_CAP};
use crate::app::App;
use crate::lifecycle::Lifecycle;
use crate::metrics::{Metrics, WorkerMetrics};
use crate::progress::Progress;
use skyward_config::Cidr;
use std::net::IpAddr;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, PoisonError};
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
    /// From a request's head to the end of its answer.
    pub(crate) request: Duration,
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
    /// The application.
    pub(crate) app: App,
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
    /// The number of the worker.
    pub(crate) worker: usize,
    /// This worker's log.
    pub(crate) log: Arc<Log>,
    /// The phase of the process.
    pub(crate) lifecycle: Arc<Lifecycle>,
    /// The other end.
    pub(crate) peer: IpAddr,
    /// The same as text: what most log lines start with.
    pub(crate) peer_text: Box<str>,
    /// The request line of the request under way, as it was sent. The next one is read only after that one's
    /// record is written.
    pub(crate) request_line: Mutex<Vec<u8>>,
}

impl ConnectionContext {
    /// The numbers of its worker.
    pub(crate) fn numbers(&self) -> &WorkerMetrics {
        &self.metrics.workers[self.worker]
    }

    /// A request begins with `line`.
    pub(crate) fn keep_request_line(&self, line: &[u8]) {
        let mut kept = self.request_line.lock().unwrap_or_else(PoisonError::into_inner);
        kept.clear();
        // One byte more than is shown tells that it was cut.
        kept.extend_from_slice(&line[..line.len().min(FIELD_CAP + 1)]);
    }
}
