//! A bounded HTTP server for [`axum`] routes: it limits everything that a client can do, drains before it ends,
//! writes an access log, and answers probes and metrics on a port of its own.
//!
//! All that a service of one's own needs is [`run!`]:
//!
//! ```no_run
//! use axum::{extract::Path, routing::{get, post}};
//! use skyward_server::App;
//! use std::process::ExitCode;
//!
//! async fn greet(Path(name): Path<String>) -> String {
//!     format!("Hello, {name}!")
//! }
//!
//! async fn echo(body: String) -> String {
//!     body
//! }
//!
//! fn main() -> ExitCode {
//!     skyward_server::run!(App::new().route("/hello/{name}", get(greet)).route("/echo", post(echo)))
//! }
//! ```
//!
//! A larger one, with state, JSON bodies, streams, server-sent events and a layer of tower's, is the example `notes`; it
//! says which of the server's limits apply to each part.
//!
//! From the outside in: `cli` and `arguments` turn flags and variables into settings; `startup` makes of them and an
//! [`App`] a bound [`Server`], which runs until a stop. `listener`, `accept` and `worker` are the ports, the connections
//! and the threads that serve them, within the `descriptors` there are. `connection` is one connection, read strictly and
//! held to its deadlines; `request` is one request, asked of the `app`, its errors a `problem`. Both share an `endpoint`
//! and their `progress`. `access_log`, `client_address`, `metrics` and `diagnostics` are what is written down, `admin`
//! the port of probes and metrics, `lifecycle` and `drain` the end.

mod accept;
mod access_log;
mod admin;
mod app;
mod arguments;
mod cli;
mod client_address;
mod clock;
mod connection;
mod descriptors;
mod diagnostics;
mod drain;
mod endpoint;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod lifecycle;
mod listener;
mod metrics;
mod problem;
mod progress;
mod request;
mod startup;
mod worker;

pub use access_log::Sink;
pub use app::App;
pub use arguments::About;
pub use cli::run;
pub use descriptors::DescriptorError;
pub use drain::{Drained, Outcome, Stop};
pub use listener::BindError;
pub use skyward_config::{LogFormat, Settings};
pub use startup::{Server, StartError};

/// Serves an [`App`] as the calling package: its name, version and description are those of its `Cargo.toml`.
///
/// ```no_run
/// fn main() -> std::process::ExitCode {
///     skyward_server::run!(skyward_server::App::new())
/// }
/// ```
#[macro_export]
macro_rules! run {
    ($app:expr) => {
        $crate::run(
            $crate::About {
                name: env!("CARGO_PKG_NAME"),
                version: env!("CARGO_PKG_VERSION"),
                description: env!("CARGO_PKG_DESCRIPTION"),
            },
            $app,
        )
    };
}
