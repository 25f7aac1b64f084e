//! One request and its answer: the application is asked, its answer made complete, and the whole logged and
//! counted exactly once.

pub(crate) mod record;

use crate::app::Route;
use crate::clock::Tick;
use crate::endpoint::ConnectionContext;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::DefaultBodyLimit;
use axum::http::header::CONNECTION;
use axum::http::{HeaderValue, Request, Response, StatusCode};
use axum::routing::future::RouteFuture;
use http_body::{Frame, SizeHint};
use hyper::body::Incoming;
use pin_project_lite::pin_project;
use record::{Forwarded, Record};
use std::cell::RefCell;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tower_service::Service as _;

/// hyper's service for one connection.
#[derive(Debug)]
pub(crate) struct RequestService {
    context: Arc<ConnectionContext>,
    /// The route that was last asked for here, a copy of its own: what all workers share travels from core to core.
    last: RefCell<Option<Route>>,
}

impl RequestService {
    /// The service of `context`'s connection.
    pub(crate) fn new(context: Arc<ConnectionContext>) -> Self {
        Self { context, last: RefCell::default() }
    }

    /// Finds the route of `path`, and keeps it; its template, or nothing.
    fn find(&self, path: &str) -> &'static str {
        let mut last = self.last.borrow_mut();
        // A plain template matches itself alone.
        if !last.as_ref().is_some_and(|route| route.methods.is_some() && route.template == path) {
            *last = self.context.endpoint.app.find(path).cloned();
        }
        last.as_ref().map_or("", |route| route.template)
    }

    /// Asks the route that was found.
    fn ask(&self, mut request: Request<Incoming>) -> RouteFuture<Infallible> {
        // The stream has the only limit; axum's own, of 2 MB, would come before a larger one that was set.
        if !request.body().is_end_stream() {
            DefaultBodyLimit::disable().apply(&mut request);
        }
        match &mut *self.last.borrow_mut() {
            Some(Route { methods: Some(methods), .. }) => methods.call(request),
            _ => self.context.endpoint.app.router().clone().call(request),
        }
    }
}

impl hyper::service::Service<Request<Incoming>> for RequestService {
    type Response = Response<ResponseBody>;
    type Error = Infallible;
    type Future = ResponseFuture;

    fn call(&self, request: Request<Incoming>) -> ResponseFuture {
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
            Forwarded::of(context, request.headers()),
        );
        let answer = (!asks_server).then(|| self.ask(request));
        ResponseFuture { answer, record: Some(record) }
    }
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
        Poll::Ready(Ok(response.map(|body| ResponseBody::new(body, record))))
    }
}

pin_project! {
    /// An answer's body.
    #[derive(Debug)]
    pub(crate) struct ResponseBody {
        #[pin]
        body: Body,
        record: Record,
    }
}

impl ResponseBody {
    /// The `body` that answers the request of `record`.
    pub(crate) fn new(body: Body, record: Record) -> Self {
        Self { body, record }
    }
}

impl HttpBody for ResponseBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = self.project();
        let frame = this.body.poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &frame
            && let Some(data) = frame.data_ref()
        {
            this.record.sent(data.len());
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
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
