//! The record of one request, written down when it ends, in whatever way: that is when a value is dropped, and its answer
//! has left for the client.

use crate::access_log::{Entry, escape::FIELD_CAP};
use crate::client_address::client_address;
use crate::clock::Tick;
use crate::endpoint::ConnectionContext;
use crate::lifecycle::Phase;
use crate::metrics::{Series, method_label};
use crate::problem::Refusal;
use crate::progress::Cut;
use axum::body::{Body, HttpBody as _};
use axum::http::header::{CONTENT_LENGTH, HeaderName, REFERER, USER_AGENT};
use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use std::net::IpAddr;
use std::sync::{Arc, MutexGuard, PoisonError};

/// The status of a request whose answer did not reach its end, or its beginning (nginx's 499).
const CUT: u16 = 499;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The address of the client that `headers` came from.
pub(crate) fn client(context: &ConnectionContext, headers: &HeaderMap) -> IpAddr {
    let lines = headers.get_all(X_FORWARDED_FOR).into_iter().map(HeaderValue::as_bytes);
    client_address(context.peer, lines, &context.endpoint.trusted_proxies)
}

/// Bytes of an answer that the system surely takes from a client that takes what it is sent.
const SMALL: u64 = 8 * 1024;

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
        let (trusted, agent) = (&context.endpoint.trusted_proxies, context.endpoint.log_agent);
        let behind_proxy = trusted.iter().any(|block| block.contains(context.peer));
        (behind_proxy || agent).then(|| {
            let header = |name: HeaderName| if agent { headers.get(name).cloned() } else { None };
            Box::new(Self {
                client: behind_proxy.then(|| client(context, headers)),
                referer: header(REFERER),
                user_agent: header(USER_AGENT),
            })
        })
    }
}

/// A request whose answer has ended, or never will.
#[derive(Debug)]
struct Finished {
    start: Tick,
    method: &'static str,
    route: &'static str,
    forwarded: Option<Box<Forwarded>>,
    status: Option<StatusCode>,
    bytes: u64,
}

/// The request line of the request under way, as it was sent, and the answers that are not written out.
#[derive(Debug, Default)]
pub(crate) struct Unwritten {
    line: Vec<u8>,
    /// Most answers are written out at once, and need no memory here.
    answers: Option<Box<Answers>>,
}

/// Answers that are not written out.
#[derive(Debug, Default)]
struct Answers {
    last: Option<Finished>,
    /// Those before it, each with its line: of a client that sends requests ahead.
    earlier: Vec<(Finished, Box<[u8]>)>,
}

impl Unwritten {
    /// A request begins with `line`.
    pub(crate) fn begin(&mut self, line: &[u8]) {
        if let Some(answers) = &mut self.answers
            && let Some(last) = answers.last.take()
        {
            answers.earlier.push((last, self.line.as_slice().into()));
        }
        self.line.clear();
        // One byte more than is shown tells that it was cut.
        self.line.extend_from_slice(&line[..line.len().min(FIELD_CAP + 1)]);
    }

    fn end(&mut self, connection: &ConnectionContext, cut: Option<Cut>) {
        let Some(answers) = self.answers.take() else { return };
        connection.progress.unwritten.lower();
        let now = Tick::now();
        for (finished, line) in answers.earlier {
            finished.write_down(connection, &line, now, cut);
        }
        if let Some(last) = answers.last {
            last.write_down(connection, &self.line, now, cut);
        }
    }
}

fn unwritten(connection: &ConnectionContext) -> MutexGuard<'_, Unwritten> {
    connection.unwritten.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Writes down all that was answered on `connection`: it is written out.
pub(crate) fn written(connection: &ConnectionContext) {
    if connection.progress.unwritten.is_up() {
        unwritten(connection).end(connection, None);
    }
}

/// Writes down as cut all that is not written out on `connection`.
pub(crate) fn lost(connection: &ConnectionContext) {
    unwritten(connection).end(connection, Some(reason(connection)));
}

fn reason(connection: &ConnectionContext) -> Cut {
    match connection.progress.cut() {
        Cut::ClientLeft if connection.lifecycle.phase() >= Phase::Finishing => Cut::Shutdown,
        cut => cut,
    }
}

/// A request under way. Small, because hyper moves the answer that carries it several times; the request line
/// is kept by the connection.
#[derive(Debug)]
pub(crate) struct Record {
    connection: Arc<ConnectionContext>,
    finished: Option<Finished>,
    /// Bytes of the body that make the answer complete, where it does not tell its end itself.
    expected: Option<u64>,
    is_complete: bool,
}

impl Record {
    /// A request begins.
    pub(crate) fn begin(
        connection: Arc<ConnectionContext>,
        start: Tick,
        method: &Method,
        forwarded: Option<Box<Forwarded>>,
    ) -> Self {
        if connection.endpoint.observed {
            connection.numbers().begin();
        }
        let method = method_label(method);
        let finished = Finished { start, method, route: "", forwarded, status: None, bytes: 0 };
        Self { connection, finished: Some(finished), expected: None, is_complete: false }
    }

    /// The connection it came on.
    pub(crate) fn connection(&self) -> &ConnectionContext {
        &self.connection
    }

    /// Its method, as the metrics name it.
    pub(crate) fn method(&self) -> &'static str {
        self.finished.as_ref().map_or("", |finished| finished.method)
    }

    /// It is answered with `response`.
    pub(crate) fn respond(&mut self, response: &Response<Body>) {
        let Some(finished) = &mut self.finished else { return };
        let status = response.status();
        finished.status = Some(status);
        finished.route = self.connection.matched.template();
        let has_body = finished.method != "HEAD"
            && !status.is_informational()
            && status != StatusCode::NO_CONTENT
            && status != StatusCode::NOT_MODIFIED;
        self.is_complete = !has_body || response.body().is_end_stream();
        if !self.is_complete && response.body().size_hint().exact().is_none() {
            let length =
                response.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
            self.expected = length.and_then(|length| length.parse().ok());
        }
    }

    /// So many bytes of its answer's body are sent.
    pub(crate) fn sent(&mut self, bytes: usize) {
        let Some(finished) = &mut self.finished else { return };
        finished.bytes += u64::try_from(bytes).unwrap_or(0);
        if self.expected.is_some_and(|expected| finished.bytes >= expected) {
            self.is_complete = true;
        }
    }

    /// Its answer's body has ended.
    pub(crate) fn complete(&mut self) {
        self.is_complete = true;
    }

    /// Its answer's body has failed.
    pub(crate) fn fail(&mut self) {
        self.connection.progress.cut_for(Cut::Failed);
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        let connection = &self.connection;
        // An earlier one of them is not written out.
        let is_first = !connection.progress.ended.is_up();
        let now = Tick::now();
        connection.progress.end(now);
        let Some(mut finished) = self.finished.take() else { return };
        if self.is_complete
            && finished.bytes <= SMALL
            && connection.progress.sending.since().is_none()
            && is_first
        {
            // The system has room for it. Written down before the client can have it, so that the lines of a client's
            // requests come in their order.
            let unwritten = unwritten(connection);
            finished.write_down(connection, &unwritten.line, now, None);
        } else if self.is_complete {
            // Written down once it is written out.
            unwritten(connection).answers.get_or_insert_default().last = Some(finished);
            connection.progress.unwritten.raise();
        } else {
            if finished.status.is_none() {
                finished.route = connection.matched.template();
            }
            let mut unwritten = unwritten(connection);
            unwritten.end(connection, Some(reason(connection)));
            finished.write_down(connection, &unwritten.line, now, Some(reason(connection)));
        }
    }
}

impl Finished {
    fn write_down(self, connection: &ConnectionContext, line: &[u8], now: Tick, cut: Option<Cut>) {
        if !connection.endpoint.observed {
            return;
        }
        let duration = now.since(self.start);
        let sent = self.status.filter(|_| cut.is_none());
        let status = sent.unwrap_or(StatusCode::from_u16(CUT).expect("in range"));
        if let Some(cut) = cut {
            connection.metrics.note_cut(cut);
        }
        connection
            .numbers()
            .end(Series { method: self.method, route: self.route, status }, duration);
        let forwarded = self.forwarded.as_deref();
        let client =
            forwarded.and_then(|forwarded| forwarded.client).map(|client| client.to_string());
        let header = |of: fn(&Forwarded) -> Option<&HeaderValue>| {
            forwarded.and_then(of).map(HeaderValue::as_bytes)
        };
        connection.log.record(
            now,
            &Entry {
                client: client.as_deref().unwrap_or(&connection.peer_text),
                request: line,
                status: status.as_u16(),
                bytes: self.bytes,
                duration,
                referer: header(|forwarded| forwarded.referer.as_ref()),
                user_agent: header(|forwarded| forwarded.user_agent.as_ref()),
                cut: cut.map(|cut| (cut.as_str(), self.status.map(|status| status.as_u16()))),
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
            cut: None,
        },
    );
}
