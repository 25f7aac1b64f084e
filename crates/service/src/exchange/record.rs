//! What is known of one request, written down when it ends: however it ends, because that is when a value is dropped.

use super::Context;
use crate::access_log::{Entry, RequestLine};
use crate::clock::Tick;
use crate::connection::refusal::Refusal;
use crate::metrics::{Series, method_label};
use axum::http::{HeaderValue, Method, Request, StatusCode, Uri, Version};
use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;

/// The status of a request whose client left before there was an answer (nginx's 499).
const CLIENT_LEFT: u16 = 499;

/// What only the longer log formats show.
#[derive(Debug)]
pub struct Agent {
    /// The `Referer` header.
    pub referer: Option<HeaderValue>,
    /// The `User-Agent` header.
    pub user_agent: Option<HeaderValue>,
}

/// A request under way.
#[derive(Debug)]
pub struct Record {
    connection: Arc<Context>,
    start: Tick,
    method: Method,
    uri: Uri,
    version: Version,
    client: Option<IpAddr>,
    agent: Option<Box<Agent>>,
    status: Option<StatusCode>,
    bytes: u64,
}

impl Record {
    /// A request begins.
    pub fn begin<B>(
        connection: Arc<Context>,
        start: Tick,
        request: &Request<B>,
        client: Option<IpAddr>,
        agent: Option<Box<Agent>>,
    ) -> Self {
        if connection.site.observed {
            connection.numbers().begin();
        }
        let (method, uri, version) =
            (request.method().clone(), request.uri().clone(), request.version());
        Self { connection, start, method, uri, version, client, agent, status: None, bytes: 0 }
    }

    /// The connection it came on.
    pub fn connection(&self) -> &Context {
        &self.connection
    }

    /// Its method.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// It is answered with `status`.
    pub fn respond(&mut self, status: StatusCode) {
        self.status = Some(status);
    }

    /// So many bytes of its answer's body are sent.
    pub fn sent(&mut self, bytes: usize) {
        self.bytes += u64::try_from(bytes).unwrap_or(0);
    }

    fn target(&self) -> Cow<'_, str> {
        match self.uri.path_and_query() {
            Some(target) if self.uri.authority().is_none() => Cow::Borrowed(target.as_str()),
            _ => Cow::Owned(self.uri.to_string()),
        }
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
        let route = self.connection.site.app.template(self.uri.path());
        self.connection
            .numbers()
            .end(Series { method: method_label(&self.method), route, status }, duration);
        let client = self.client.map_or(Cow::Borrowed(&*self.connection.peer_text), |client| {
            Cow::Owned(client.to_string())
        });
        let (referer, user_agent) = self
            .agent
            .as_deref()
            .map_or((None, None), |agent| (agent.referer.as_ref(), agent.user_agent.as_ref()));
        let version = if self.version == Version::HTTP_10 { "HTTP/1.0" } else { "HTTP/1.1" };
        self.connection.log.record(
            now,
            &Entry {
                client: &client,
                request: RequestLine::Parsed {
                    method: self.method.as_str(),
                    target: &self.target(),
                    version,
                },
                status: status.as_u16(),
                bytes: self.bytes,
                duration,
                referer: referer.map(HeaderValue::as_bytes),
                user_agent: user_agent.map(HeaderValue::as_bytes),
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
            request: RequestLine::Raw(line),
            status: refusal.status.as_u16(),
            bytes: u64::try_from(bytes).unwrap_or(0),
            duration,
            referer: None,
            user_agent: None,
        },
    );
}
