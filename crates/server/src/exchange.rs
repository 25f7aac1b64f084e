//! One request and its answer: the application is asked, its answer made complete, and the whole logged and
//! counted exactly once.

pub mod answer;
pub mod record;

use crate::access_log::{Log, escape::FIELD_CAP};
use crate::app::{App, Route};
use crate::client_address::{Cidr, client_address};
use crate::clock::Tick;
use crate::connection::deadline::Deadlines;
use crate::connection::head::HeadRules;
use crate::connection::progress::Progress;
use crate::lifecycle::Lifecycle;
use crate::metrics::{Metrics, WorkerMetrics};
use answer::Answer;
use axum::body::{Body, HttpBody as _};
use axum::extract::DefaultBodyLimit;
use axum::http::header::{CONNECTION, HeaderName, REFERER, USER_AGENT};
use axum::http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use axum::routing::future::RouteFuture;
use hyper::body::Incoming;
use pin_project_lite::pin_project;
use record::{Forwarded, Record};
use std::cell::RefCell;
use std::convert::Infallible;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context as TaskContext, Poll, ready};
use tower_service::Service as _;

/// What is served on a port, and within which bounds.
#[derive(Debug)]
pub struct Site {
    /// The application.
    pub app: App,
    /// What a request's head may be.
    pub head_rules: Arc<HeadRules>,
    /// How long things may take.
    pub deadlines: Deadlines,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Cidr>,
    /// Whether the log shows `Referer` and `User-Agent`.
    pub log_agent: bool,
    /// Whether requests are logged and counted; probes are not.
    pub observed: bool,
    /// Connections that are open on the port.
    pub open: AtomicUsize,
}

/// What the requests of one connection share.
#[derive(Debug)]
pub struct Context {
    /// Where the connection stands.
    pub progress: Progress,
    /// What it asks.
    pub site: Arc<Site>,
    /// The numbers of the process.
    pub metrics: Arc<Metrics>,
    /// Which of its workers this is.
    pub worker: usize,
    /// This worker's log.
    pub log: Arc<Log>,
    /// Whether the process is ending.
    pub lifecycle: Arc<Lifecycle>,
    /// The other end.
    pub peer: IpAddr,
    /// The same as text: what most log lines start with.
    pub peer_text: Box<str>,
    /// The request line of the request under way, as it was sent. The next one is read only after that one's
    /// record is written.
    pub request_line: Mutex<Vec<u8>>,
}

impl Context {
    fn numbers(&self) -> &WorkerMetrics {
        &self.metrics.workers[self.worker]
    }

    /// A request begins with `line`.
    pub fn keep_request_line(&self, line: &[u8]) {
        let mut kept = self.request_line.lock().unwrap_or_else(PoisonError::into_inner);
        kept.clear();
        // One byte more than is shown tells that it was cut.
        kept.extend_from_slice(&line[..line.len().min(FIELD_CAP + 1)]);
    }

    /// What the settings want of a request's headers; most want nothing.
    fn forwarded(&self, headers: &HeaderMap) -> Option<Box<Forwarded>> {
        const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
        let (trusted, agent) = (&self.site.trusted_proxies, self.site.log_agent);
        let behind_proxy = trusted.iter().any(|block| block.contains(self.peer));
        (behind_proxy || agent).then(|| {
            let lines = headers.get_all(X_FORWARDED_FOR).into_iter().map(HeaderValue::as_bytes);
            let header = |name: HeaderName| if agent { headers.get(name).cloned() } else { None };
            Box::new(Forwarded {
                client: behind_proxy.then(|| client_address(self.peer, lines, trusted)),
                referer: header(REFERER),
                user_agent: header(USER_AGENT),
            })
        })
    }
}

/// hyper's service for one connection.
#[derive(Debug)]
pub struct Exchange {
    context: Arc<Context>,
    /// The route that was last asked for here, a copy of its own: what all workers share travels from core to core.
    last: RefCell<Option<Route>>,
}

impl Exchange {
    /// The exchange of `context`'s connection.
    pub fn new(context: Arc<Context>) -> Self {
        Self { context, last: RefCell::default() }
    }

    /// Finds the route of `path`, and keeps it; its template, or nothing.
    fn find(&self, path: &str) -> &'static str {
        let mut last = self.last.borrow_mut();
        // A plain template matches itself alone.
        if !last.as_ref().is_some_and(|route| route.methods.is_some() && route.template == path) {
            *last = self.context.site.app.find(path).cloned();
        }
        last.as_ref().map_or("", |route| route.template)
    }

    /// Asks the route that was found.
    fn ask(&self, mut request: Request<Incoming>) -> RouteFuture<Infallible> {
        // The gate has the only limit; axum's own, of 2 MB, would come before a larger one that was set.
        if !request.body().is_end_stream() {
            DefaultBodyLimit::disable().apply(&mut request);
        }
        match &mut *self.last.borrow_mut() {
            Some(Route { methods: Some(methods), .. }) => methods.call(request),
            _ => self.context.site.app.router().clone().call(request),
        }
    }
}

impl hyper::service::Service<Request<Incoming>> for Exchange {
    type Response = Response<Answer>;
    type Error = Infallible;
    type Future = Reply;

    fn call(&self, request: Request<Incoming>) -> Reply {
        let context = &self.context;
        let now = Tick::now();
        context.progress.begin(now);
        let path = request.uri().path();
        let asks_server = path == "*";
        let template = self.find(path);
        let record = Record::begin(
            Arc::clone(context),
            now,
            request.method(),
            template,
            context.forwarded(request.headers()),
        );
        let answer = (!asks_server).then(|| self.ask(request));
        Reply { answer, record: Some(record) }
    }
}

pin_project! {
    /// The answer to one request, on its way.
    pub struct Reply {
        // None for `OPTIONS *`, which asks the server itself.
        #[pin]
        answer: Option<RouteFuture<Infallible>>,
        record: Option<Record>,
    }
}

impl Future for Reply {
    type Output = Result<Response<Answer>, Infallible>;

    fn poll(self: Pin<&mut Self>, context: &mut TaskContext<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let connection = this.record.as_ref().expect("polled after its end").connection();
        // A fault that is known already does not wait for the application; one that comes up while it reads
        // the body is found after it.
        let mut response = match (connection.progress.fault(), this.answer.as_pin_mut()) {
            (None, Some(answer)) => match ready!(answer.poll(context)) {
                Ok(response) => response,
                Err(never) => match never {},
            },
            (None, None) => Response::builder()
                .status(StatusCode::METHOD_NOT_ALLOWED)
                .body(Body::empty())
                .expect("valid"),
            (Some(_), _) => Response::new(Body::empty()),
        };
        let mut record = this.record.take().expect("polled after its end");
        let connection = record.connection();
        if let Some(fault) = connection.progress.fault() {
            let refusal = fault.refusal();
            response = crate::problem::response(refusal.status, refusal.detail);
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        } else {
            complete(&mut response, record.method());
            // hyper does not wait for a body that nobody reads: it closes, and the client should know (RFC 9112 §9.6).
            if connection.lifecycle.is_ending() || connection.progress.body_outside.is_up() {
                response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
        }
        connection.progress.responding.raise();
        record.respond(response.status());
        Poll::Ready(Ok(response.map(|body| Answer::new(body, record))))
    }
}

/// Makes the application's answer what HTTP asks for: OPTIONS for every route, `Allow`, and a body for every error.
fn complete(response: &mut Response<Body>, method: &str) {
    use axum::http::header::ALLOW;
    let status = response.status();
    if status == StatusCode::METHOD_NOT_ALLOWED {
        let allow = crate::problem::allow_with_options(response);
        response.headers_mut().insert(ALLOW, allow);
        if method == "OPTIONS" {
            *response.status_mut() = StatusCode::NO_CONTENT;
            return;
        }
    }
    if (status.is_client_error() || status.is_server_error())
        && response.body().size_hint().exact() == Some(0)
    {
        crate::problem::fill(response, "");
    }
}
