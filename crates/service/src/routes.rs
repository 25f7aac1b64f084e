//! The routes of the sample service. A handler is an axum handler; what is added to [`app`] is bounded, logged and
//! counted like the rest.

use axum::routing::get;
use skyward_server::App;

/// The application that the server serves.
pub(crate) fn app() -> App {
    App::new().route("/", get(hello))
}

/// Answers with 13 bytes, without a line feed.
async fn hello() -> &'static str {
    "Hello, World!"
}
