//! The answers to the page: itself, the events, and the service's metrics.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_util::stream::{self, Stream};
use skyward_server::{Deadline, Problem, Shutdown};

use crate::feed::Feed;

/// The page, whole: it loads nothing else.
const PAGE: &str = include_str!("page.html");
/// The rights of the page: its own style and script, and questions to this server.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// The longest that the service may take for its metrics.
const METRICS_TIMEOUT: Duration = Duration::from_secs(2);

/// The routes over `feed`.
pub(crate) fn router(feed: &Arc<Feed>) -> Router {
    Router::new()
        .route("/", get(page))
        .route("/events", get(events).layer(Deadline::default().no_stall()))
        .route("/metrics", get(metrics))
        .layer(from_fn(of_this_machine))
        .with_state(Arc::clone(feed))
}

/// Refuses a request that came by another name: a page elsewhere can let its own name lead here (DNS rebinding), and read along.
async fn of_this_machine(request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let name = host.map(|host| host.rsplit_once(':').map_or(host, |(name, _)| name));
    if matches!(name, Some("127.0.0.1" | "localhost")) {
        next.run(request).await
    } else {
        Problem::new(StatusCode::FORBIDDEN, "the page is for this machine alone: http://127.0.0.1")
            .into_response()
    }
}

async fn page() -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (headers, PAGE)
}

/// All events from the first, or from the one after `Last-Event-ID` where a browser asks again, until `up` ends.
async fn events(
    State(feed): State<Arc<Feed>>,
    headers: HeaderMap,
    shutdown: Shutdown,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let seen = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse::<usize>().ok());
    let first = seen.map_or(0, |seen| seen.saturating_add(1));
    Sse::new(stream::unfold((feed, first, shutdown), async |(feed, number, shutdown)| {
        let line = tokio::select! {
            biased;
            line = feed.get(number) => line?,
            () = shutdown.draining() => return None,
        };
        let event = Event::default().id(number.to_string()).data(line);
        Some((Ok(event), (feed, number.checked_add(1)?, shutdown)))
    }))
}

/// The service's metrics, as its own port tells them: a page may not ask another port itself.
async fn metrics(State(feed): State<Arc<Feed>>) -> Response {
    let Some(admin) = feed.admin() else {
        return Problem::new(
            StatusCode::NOT_FOUND,
            "the service has no port for metrics, or does not run yet",
        )
        .into_response();
    };
    let asked = tokio::task::spawn_blocking(move || {
        let agent =
            ureq::Agent::config_builder().timeout_global(Some(METRICS_TIMEOUT)).proxy(None).build();
        let answer = ureq::Agent::from(agent).get(format!("{admin}/metrics")).call()?;
        answer.into_body().read_to_string()
    });
    match asked.await {
        Ok(Ok(text)) => {
            ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
        }
        _ => Problem::new(StatusCode::BAD_GATEWAY, "the service does not answer for its metrics")
            .into_response(),
    }
}
