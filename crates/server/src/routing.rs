//! Routing: which template a request has matched, and a shorter way for those that ask for the same plain path again.
//!
//! axum does not tell which route it has chosen, but it lets a layer be put around all of them, and that one is told. It
//! notes the template, under which the metrics count. It also hands out the route itself: a connection that asks for a
//! plain path again gets its answer without axum's lookup, which is a fifth of all instructions of a small answer
//! (counted with callgrind).

use crate::endpoint::Connection;
use crate::endpoint::matched::{Lane, intern};
use axum::Router;
use axum::extract::{ConnectInfo, MatchedPath, Request};
use axum::http::{Method, StatusCode};
use axum::routing::Route;
use axum::routing::future::RouteFuture;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Waker};
use tower_layer::layer_fn;
use tower_service::Service;

/// Puts the layer around every route of `router`, its fallbacks too.
pub(crate) fn observe(router: Router) -> Router {
    let fallback = inserted_by_fallback();
    // With its state applied a handler is a route once and for all, and not one for each request.
    router.with_state(()).layer(layer_fn(move |route| Observed {
        route,
        fallback,
        number: Arc::default(),
    }))
}

/// The number of extensions that axum inserts on its way to a fallback; a route has at least one more, its template.
fn inserted_by_fallback() -> usize {
    let mut router = Router::new().fallback(async |request: Request| {
        StatusCode::from_u16(200 + u16::try_from(request.extensions().len()).unwrap_or(99))
            .unwrap_or_default()
    });
    let answer = pin!(Service::<Request>::call(&mut router, Request::default()));
    match answer.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(response)) => usize::from(response.status().as_u16()) - 200,
        Poll::Pending => 0,
    }
}

/// A route under observation.
#[derive(Clone, Debug)]
struct Observed {
    route: Route,
    fallback: usize,
    /// The number of its template, once a request has come.
    number: Arc<OnceLock<u32>>,
}

/// Tells `request`, which axum is to route, the connection that it has come on.
pub(crate) fn introduce(request: &mut Request, connection: Connection) {
    let is_lean = request.extensions().is_empty() && request.method() == Method::GET;
    let context = Arc::clone(&connection.0);
    let extensions = request.extensions_mut();
    extensions.insert(ConnectInfo::<SocketAddr>(context.socket));
    extensions.insert(connection);
    context.matched.extensions.store(extensions.len(), Relaxed);
    if is_lean {
        context.matched.want_lane();
    }
}

impl Service<Request> for Observed {
    type Response = axum::response::Response;
    type Error = Infallible;
    type Future = RouteFuture<Infallible>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let extensions = request.extensions();
        if let Some(Connection(connection)) = extensions.get() {
            let matched = &connection.matched;
            let template = extensions.get::<MatchedPath>();
            let number = template
                .map_or(0, |template| *self.number.get_or_init(|| intern(template.as_str())));
            matched.template.store(number, Relaxed);
            let inserted = extensions.len().saturating_sub(matched.extensions.load(Relaxed));
            matched.found.store(inserted > self.fallback, Relaxed);
            // A route whose requests have more said of them than these has to be asked over the longer way.
            let is_plain = inserted == 2
                && matched.wants_lane()
                && template.is_some_and(|template| template.as_str() == request.uri().path());
            if is_plain && number > 0 {
                let lane = Lane {
                    template: matched.template(),
                    number,
                    route: self.route.clone(),
                    extensions: extensions.clone(),
                };
                matched.hand_out(lane);
            }
        }
        self.route.call(request)
    }
}
