//! The sample application: the one place to change when the service becomes yours.
//!
//! A handler is an axum handler. Add it to [`app`], and it is bounded, logged and counted like the rest:
//!
//! ```
//! use axum::{extract::Path, routing::{get, post}};
//! use skyward_service::App;
//!
//! async fn greet(Path(name): Path<String>) -> String {
//!     format!("Hello, {name}!")
//! }
//!
//! async fn echo(body: String) -> String {
//!     body
//! }
//!
//! let app = App::new().route("/hello/{name}", get(greet)).route("/echo", post(echo));
//! # let _ = app;
//! ```

use crate::App;
use axum::routing::get;

/// The routes of this service.
pub fn app() -> App {
    App::new().route("/", get(hello))
}

/// 13 bytes, no line feed.
async fn hello() -> &'static str {
    "Hello, World!"
}
