//! The second port: for Kubernetes, load balancers and Prometheus, never for the public.

use crate::access_log::Log;
use crate::app::Check;
use crate::endpoint::Endpoint;
use crate::lifecycle::Lifecycle;
use crate::metrics::render::{self, Elsewhere};
use crate::metrics::{Metrics, Registry};
use axum::Router;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

/// Time for all checks of one probe: less than the second that a kubelet waits by default.
const CHECKS: Duration = Duration::from_millis(800);

/// All that the second port tells of.
pub(crate) struct Sources {
    pub(crate) lifecycle: Arc<Lifecycle>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) log: Arc<Log>,
    pub(crate) endpoint: Arc<Endpoint>,
    pub(crate) version: &'static str,
    /// The application's checks.
    pub(crate) checks: Vec<Check>,
    /// The application's numbers.
    pub(crate) registry: Registry,
}

/// `/livez` and its alias `/healthz`, `/readyz`, `/metrics`.
///
/// Liveness says that this process answers, and asks nothing else: a dependency that is down is not repaired
/// by a restart. Readiness says that it wants requests.
pub(crate) fn router(sources: Sources) -> Router {
    let sources = Arc::new(sources);
    let of_numbers = Arc::clone(&sources);
    Router::new()
        .route("/livez", get(alive))
        .route("/healthz", get(alive))
        .route("/readyz", get(async move || ready(&sources).await))
        .route("/metrics", get(async move || numbers(&of_numbers)))
}

async fn alive() -> &'static str {
    "ok\n"
}

async fn ready(sources: &Sources) -> Response {
    let not_ready = |reason: &str| {
        crate::problem::Problem::new(StatusCode::SERVICE_UNAVAILABLE, reason).into_response()
    };
    if sources.lifecycle.is_ending() {
        return not_ready("the service is ending");
    }
    if !sources.lifecycle.has_started() {
        return not_ready("the service is starting");
    }
    let checks = async {
        for check in &sources.checks {
            check().await?;
        }
        Ok::<_, String>(())
    };
    match tokio::time::timeout(CHECKS, checks).await {
        Ok(Ok(())) => "ok\n".into_response(),
        Ok(Err(reason)) => not_ready(&reason),
        Err(_) => not_ready("a check of the service did not end in time"),
    }
}

fn numbers(sources: &Sources) -> Response {
    let elsewhere = Elsewhere {
        dropped_lines: sources.log.dropped(),
        upgraded: sources.endpoint.upgraded.load(Relaxed),
        version: sources.version,
    };
    let mut text = render::render(&sources.metrics, &elsewhere);
    sources.registry.render(&mut text);
    ([(CONTENT_TYPE, render::CONTENT_TYPE)], text).into_response()
}
