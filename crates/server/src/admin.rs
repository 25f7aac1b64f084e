//! The second port: for Kubernetes, load balancers and Prometheus, never for the public.

use crate::access_log::Log;
use crate::app::App;
use crate::lifecycle::Lifecycle;
use crate::metrics::{Metrics, render};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use std::sync::Arc;

/// `/livez` and its alias `/healthz`, `/readyz`, `/metrics`.
///
/// Liveness says that this process answers, and asks nothing else: a dependency that is down is not repaired
/// by a restart. Readiness says that it wants requests.
pub(crate) fn app(
    lifecycle: Arc<Lifecycle>,
    metrics: Arc<Metrics>,
    log: Arc<Log>,
    version: &'static str,
) -> App {
    App::new()
        .route("/livez", get(alive))
        .route("/healthz", get(alive))
        .route("/readyz", get(move || std::future::ready(ready(&lifecycle))))
        .route("/metrics", get(move || std::future::ready(numbers(&metrics, &log, version))))
}

async fn alive() -> &'static str {
    "ok\n"
}

fn ready(lifecycle: &Lifecycle) -> Response {
    if lifecycle.is_ending() {
        crate::problem::response(StatusCode::SERVICE_UNAVAILABLE, "the service is ending")
    } else {
        "ok\n".into_response()
    }
}

fn numbers(metrics: &Metrics, log: &Log, version: &str) -> Response {
    ([(CONTENT_TYPE, render::CONTENT_TYPE)], render::render(metrics, log.dropped(), version))
        .into_response()
}
