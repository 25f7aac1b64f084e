//! The record of one request, written down when it ends, in whatever way: that is when a value is dropped.

use crate::access_log::Entry;
use crate::client_address::client_address;
use crate::clock::Tick;
use crate::endpoint::ConnectionContext;
use crate::metrics::{Series, method_label};
use crate::problem::Refusal;
use axum::http::header::{HeaderName, REFERER, USER_AGENT};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use std::net::IpAddr;
use std::sync::{Arc, PoisonError};

/// The status of a request whose client left before there was an answer (nginx's 499).
const CLIENT_LEFT: u16 = 499;

/// The headers of a request that only some settings need.
#[derive(Debug)]
pub(crate) struct Forwarded {
    /// The client, where a trusted proxy says that it is another than the peer.
    pub(crate) client: Option<IpAddr>,
    /// The `Referer` header.
    pub(crate) referer: Option<HeaderValue>,
    /// The `User-Agent` header.
    pub(crate) user_agent: Option<HeaderValue>,
}

impl Forwarded {
    /// Copies the headers that the settings want; most want none.
    pub(crate) fn of(context: &ConnectionContext, headers: &HeaderMap) -> Option<Box<Self>> {
        const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
        let (trusted, agent) = (&context.endpoint.trusted_proxies, context.endpoint.log_agent);
        let behind_proxy = trusted.iter().any(|block| block.contains(context.peer));
        (behind_proxy || agent).then(|| {
            let lines = headers.get_all(X_FORWARDED_FOR).into_iter().map(HeaderValue::as_bytes);
            let header = |name: HeaderName| if agent { headers.get(name).cloned() } else { None };
            Box::new(Self {
                client: behind_proxy.then(|| client_address(context.peer, lines, trusted)),
                referer: header(REFERER),
                user_agent: header(USER_AGENT),
            })
        })
    }
}

/// A request under way. Small, because hyper moves the answer that carries it several times; the request line
/// is kept by the connection.
#[derive(Debug)]
pub(crate) struct Record {
    connection: Arc<ConnectionContext>,
    start: Tick,
    method: &'static str,
    route: &'static str,
    forwarded: Option<Box<Forwarded>>,
    status: Option<StatusCode>,
    bytes: u64,
}

impl Record {
    /// A request begins; `route` is its template, if one matched.
    pub(crate) fn begin(
        connection: Arc<ConnectionContext>,
        start: Tick,
        method: &Method,
        route: &'static str,
        forwarded: Option<Box<Forwarded>>,
    ) -> Self {
        if connection.endpoint.observed {
            connection.numbers().begin();
        }
        Self {
            connection,
            start,
            method: method_label(method),
            route,
            forwarded,
            status: None,
            bytes: 0,
        }
    }

    /// The connection it came on.
    pub(crate) fn connection(&self) -> &ConnectionContext {
        &self.connection
    }

    /// Its method, as the metrics name it.
    pub(crate) fn method(&self) -> &'static str {
        self.method
    }

    /// It is answered with `status`.
    pub(crate) fn respond(&mut self, status: StatusCode) {
        self.status = Some(status);
    }

    /// So many bytes of its answer's body are sent.
    pub(crate) fn sent(&mut self, bytes: usize) {
        self.bytes += u64::try_from(bytes).unwrap_or(0);
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        let now = Tick::now();
        self.connection.progress.end(now);
        if !self.connection.endpoint.observed {
            return;
        }
        let duration = now.since(self.start);
        let status = self.status.unwrap_or(StatusCode::from_u16(CLIENT_LEFT).expect("in range"));
        self.connection
            .numbers()
            .end(Series { method: self.method, route: self.route, status }, duration);
        let forwarded = self.forwarded.as_deref();
        let client =
            forwarded.and_then(|forwarded| forwarded.client).map(|client| client.to_string());
        let line = self.connection.request_line.lock().unwrap_or_else(PoisonError::into_inner);
        self.connection.log.record(
            now,
            &Entry {
                client: client.as_deref().unwrap_or(&self.connection.peer_text),
                request: &line,
                status: status.as_u16(),
                bytes: self.bytes,
                duration,
                referer: forwarded
                    .and_then(|forwarded| forwarded.referer.as_ref())
                    .map(HeaderValue::as_bytes),
                user_agent: forwarded
                    .and_then(|forwarded| forwarded.user_agent.as_ref())
                    .map(HeaderValue::as_bytes),
            },
        );
    }
}

/// Logs and counts a request that never reached the application: `line` is what arrived of its first line.
pub(crate) fn refused(
    connection: &ConnectionContext,
    refusal: &Refusal,
    line: &[u8],
    bytes: usize,
) {
    if !connection.endpoint.observed {
        return;
    }
    let progress = &connection.progress;
    let now = Tick::now();
    let duration = now.since(progress.head_since.get().unwrap_or(now));
    connection.numbers().begin();
    connection
        .numbers()
        .end(Series { method: "_OTHER", route: "", status: refusal.status }, duration);
    connection.log.record(
        now,
        &Entry {
            client: &connection.peer_text,
            request: line,
            status: refusal.status.as_u16(),
            bytes: u64::try_from(bytes).unwrap_or(0),
            duration,
            referer: None,
            user_agent: None,
        },
    );
}
