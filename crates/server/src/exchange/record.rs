//! What is known of one request, written down when it ends: however it ends, because that is when a value is dropped.

use super::Context;
use crate::access_log::Entry;
use crate::clock::Tick;
use crate::connection::refusal::Refusal;
use crate::metrics::{Series, method_label};
use axum::http::{HeaderValue, Method, StatusCode};
use std::net::IpAddr;
use std::sync::{Arc, PoisonError};

/// The status of a request whose client left before there was an answer (nginx's 499).
const CLIENT_LEFT: u16 = 499;

/// What only some settings need of a request's headers.
#[derive(Debug)]
pub struct Forwarded {
    /// The client, where a trusted proxy says that it is another than the peer.
    pub client: Option<IpAddr>,
    /// The `Referer` header.
    pub referer: Option<HeaderValue>,
    /// The `User-Agent` header.
    pub user_agent: Option<HeaderValue>,
}

/// A request under way. Small, because hyper moves the answer that carries it several times; the request line
/// is kept by the connection.
#[derive(Debug)]
pub struct Record {
    connection: Arc<Context>,
    start: Tick,
    method: &'static str,
    route: &'static str,
    forwarded: Option<Box<Forwarded>>,
    status: Option<StatusCode>,
    bytes: u64,
}

impl Record {
    /// A request begins; `route` is its template, if one matched.
    pub fn begin(
        connection: Arc<Context>,
        start: Tick,
        method: &Method,
        route: &'static str,
        forwarded: Option<Box<Forwarded>>,
    ) -> Self {
        if connection.site.observed {
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
    pub fn connection(&self) -> &Context {
        &self.connection
    }

    /// Its method, as the metrics name it.
    pub fn method(&self) -> &'static str {
        self.method
    }

    /// It is answered with `status`.
    pub fn respond(&mut self, status: StatusCode) {
        self.status = Some(status);
    }

    /// So many bytes of its answer's body are sent.
    pub fn sent(&mut self, bytes: usize) {
        self.bytes += u64::try_from(bytes).unwrap_or(0);
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        let now = Tick::now();
        self.connection.progress.end(now);
        if !self.connection.site.observed {
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
pub fn refused(connection: &Context, refusal: &Refusal, line: &[u8], bytes: usize) {
    if !connection.site.observed {
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
