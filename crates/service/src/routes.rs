//! The routes of the sample service. A handler is an axum handler; what is added to [`router`] is bounded, logged and
//! counted like the rest.

use axum::Router;
use axum::routing::get;

/// The router that the server serves.
pub(crate) fn router() -> Router {
    Router::new().route("/", get(hello))
}

/// Answers with 13 bytes, without a line feed.
async fn hello() -> &'static str {
    "Hello, World!"
}
