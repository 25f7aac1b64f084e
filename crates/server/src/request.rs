//! One request and its answer: the application is asked, its answer made complete, and the whole logged and
//! counted exactly once.

pub(crate) mod body;

use crate::clock;
use crate::endpoint::matched::Lane;
use crate::endpoint::record::{Forwarded, Record};
use crate::endpoint::{Connection, ConnectionContext};
use crate::panics;
use crate::problem::{self, Refusal};
use crate::progress::RequestFault;
use crate::routing;
use axum::body::{Body, HttpBody as _};
use axum::extract::DefaultBodyLimit;
use axum::http::header::{ALLOW, CONNECTION, CONTENT_TYPE, DATE, UPGRADE};
use axum::http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use axum::routing::future::RouteFuture;
use body::ResponseBody;
use hyper::body::Incoming;
use pin_project_lite::pin_project;
use std::cell::RefCell;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tower_service::Service as _;

/// hyper's service for one connection.
#[derive(Debug)]
pub(crate) struct RequestService {
    connection: Connection,
    /// The lane of the route that was last asked for here. A copy of its own: what all workers share travels from core to
    /// core.
    last: RefCell<Option<Lane>>,
}

impl RequestService {
    /// The service of `context`'s connection.
    pub(crate) fn new(context: Arc<ConnectionContext>) -> Self {
        Self { connection: Connection(context), last: RefCell::default() }
    }

    /// Asks the route of the last request if it leads to the answer, else all of them.
    fn ask(&self, request: Request<Incoming>) -> RouteFuture<Infallible> {
        let context = &self.connection.0;
        let has_body = !request.body().is_end_stream();
        let mut last = self.last.borrow_mut();
        if let Some(lane) = last.as_mut().filter(|lane| !has_body && lane.leads(&request)) {
            return lane.ask(request, &context.matched);
        }
        drop(last);
        let mut request = request.map(Body::new);
        routing::introduce(&mut request, self.connection.clone());
        // The stream has the limit; axum's own, of 2 MB, would come before a larger one that was set.
        if has_body {
            DefaultBodyLimit::disable().apply(&mut request);
        }
        context.endpoint.router.clone().call(request)
    }
}

impl hyper::service::Service<Request<Incoming>> for RequestService {
    type Response = Response<ResponseBody>;
    type Error = Infallible;
    type Future = ResponseFuture;

    fn call(&self, request: Request<Incoming>) -> ResponseFuture {
        let context = &self.connection.0;
        let now = clock::Tick::now();
        clock::look(now);
        let deadlines = &context.endpoint.deadlines;
        context.progress.begin(now, deadlines.request, deadlines.idle);
        if let Some(lane) = context.matched.begin() {
            *self.last.borrow_mut() = Some(lane);
        }
        // hyper tells the application of a way to upgrade where the client asks for one.
        if !request.extensions().is_empty() && asks_for_websocket(request.headers()) {
            context.progress.websocket.raise();
        }
        let asks_server = request.uri().path() == "*";
        let record = Record::begin(
            Arc::clone(context),
            now,
            request.method(),
            Forwarded::of(context, request.headers()),
        );
        let answer = (!asks_server).then(|| self.ask(request));
        ResponseFuture { answer, record: Some(record) }
    }
}

fn asks_for_websocket(headers: &HeaderMap) -> bool {
    headers.get(UPGRADE).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"))
}

pin_project! {
    /// The answer to one request, on its way.
    pub(crate) struct ResponseFuture {
        // None for `OPTIONS *`, which asks the server itself.
        #[pin]
        answer: Option<RouteFuture<Infallible>>,
        record: Option<Record>,
    }
}

impl Future for ResponseFuture {
    type Output = Result<Response<ResponseBody>, Infallible>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let record = this.record.as_ref().expect("polled after its end");
        let connection = record.connection();
        // A fault that is known already does not wait for the application; one that comes up while it reads
        // the body is found after it.
        let fault = connection.progress.fault().map(RequestFault::refusal);
        let answered = match (fault, this.answer.as_mut().as_pin_mut()) {
            (None, Some(answer)) => match panics::catch(|| answer.poll(context)) {
                Ok(Poll::Pending) => return Poll::Pending,
                Ok(Poll::Ready(Ok(response))) => Ok(response),
                Ok(Poll::Ready(Err(never))) => match never {},
                Err(panics::Panicked) => {
                    // What is left of the handler may panic as it goes.
                    let _ = panics::catch(|| this.answer.set(None));
                    connection.metrics.note_panic();
                    Err(problem::PANICKED)
                }
            },
            (None, None) => Ok(Response::builder()
                .status(StatusCode::METHOD_NOT_ALLOWED)
                .header(ALLOW, "")
                .body(Body::empty())
                .expect("valid")),
            (Some(refusal), _) => Err(refusal),
        };
        let mut record = this.record.take().expect("polled after its end");
        if let Ok(response) = &answered {
            record.connection().matched.open_lane(response);
        }
        let response = finish(answered, &record);
        record.connection().progress.respond();
        record.respond(&response);
        Poll::Ready(Ok(response.map(|body| ResponseBody::new(body, record))))
    }
}

/// Makes of the application's answer, or of the server's refusal, what is sent.
fn finish(answered: Result<Response<Body>, Refusal>, record: &Record) -> Response<Body> {
    let connection = record.connection();
    let fault = connection.progress.fault().map(RequestFault::refusal);
    let mut response = match fault.map_or(answered, Err) {
        Ok(mut response) => {
            complete(&mut response, record);
            response
        }
        Err(refusal) => {
            let mut response = problem::response(refusal.status, refusal.detail);
            // After a panic the connection is as good as before.
            if refusal != problem::PANICKED {
                close(&mut response);
            }
            response
        }
    };
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        if connection.count_upgrade() {
            connection.progress.upgraded.raise();
        } else {
            let crowded = problem::CROWDED_UPGRADES;
            response = problem::response(crowded.status, crowded.detail);
            close(&mut response);
        }
    } else {
        connection.progress.websocket.lower();
        // hyper does not wait for a body that nobody reads: it closes, and the client should know (RFC 9112 §9.6).
        if connection.lifecycle.is_ending() || connection.progress.body_outside.is_up() {
            close(&mut response);
        }
    }
    // hyper's own date stays where it is while the machine's clock is set back.
    if let Some(date) = clock::date_if_set_back() {
        response.headers_mut().entry(DATE).or_insert(date);
    }
    response
}

fn close(response: &mut Response<Body>) {
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
}

/// Makes what axum itself answers for a path or a method without a handler what HTTP asks for: OPTIONS for every route,
/// `Allow`, and a problem for every error. What a handler answers stays as it is.
fn complete(response: &mut Response<Body>, record: &Record) {
    let status = response.status();
    if !status.is_client_error() {
        return;
    }
    let is_bare = response.body().size_hint().exact() == Some(0)
        && !response.headers().contains_key(CONTENT_TYPE);
    if status == StatusCode::METHOD_NOT_ALLOWED && is_bare && response.headers().contains_key(ALLOW)
    {
        let allow = problem::allow_with_options(response);
        response.headers_mut().insert(ALLOW, allow);
        if record.method() == "OPTIONS" {
            *response.status_mut() = StatusCode::NO_CONTENT;
        } else {
            problem::fill(response, "");
        }
    } else if status == StatusCode::NOT_FOUND && is_bare && !record.connection().matched.is_found()
    {
        problem::fill(response, "");
    }
}
