//! A bounded HTTP server for [`axum`] routes: it limits everything that a client can do, drains before it ends,
//! writes an access log, and answers probes and metrics on a port of its own.
//!
//! All that a service of one's own needs is [`run!`]:
//!
//! ```no_run
//! use axum::{Router, extract::Path, routing::{get, post}};
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
//!     skyward_server::run!(Router::new().route("/hello/{name}", get(greet)).route("/echo", post(echo)))
//! }
//! ```
//!
//! Any axum router is taken as it is. What a handler needs of the server are extractors ([`ClientAddress`], [`Shutdown`],
//! and axum's own `MatchedPath` and `ConnectInfo`), a layer ([`Deadline`]) and an error ([`Problem`]); what is to happen
//! around the requests is an [`App`], which has hooks for the start, the readiness and the end, background tasks and
//! numbers of one's own ([`Registry`]). Flags of one's own are those of a [`Program`]. The example `notes` has all of it,
//! and says which of the server's limits apply to each part.
//!
//! From the outside in: `cli` and `arguments` turn flags and variables into settings; `startup` makes of them and an
//! [`App`] a bound [`Server`], which runs until a stop. `listener`, `accept` and `worker` are the ports, the
//! connections and the threads that serve them, within the `descriptors` there are. `connection` is one connection, read
//! strictly and held to its deadlines, of which `deadline` are those of a route; `request` is one request, brought to its
//! route by `routing`, its errors a `problem`, its `panics` its own. All share an `endpoint` and their `progress`.
//! `access_log`, `client_address`, `metrics` and `diagnostics` are what is written down, `admin` the port of probes and
//! metrics, `lifecycle` and `drain` the end, of which `extract` tells the application.

mod accept;
mod access_log;
mod admin;
mod app;
mod arguments;
mod cli;
mod client_address;
mod clock;
mod connection;
mod deadline;
mod descriptors;
mod diagnostics;
mod drain;
mod endpoint;
mod extract;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod lifecycle;
mod listener;
mod metrics;
mod panics;
mod problem;
mod progress;
mod request;
mod routing;
mod startup;
mod worker;

pub use access_log::Sink;
pub use app::App;
pub use arguments::{About, Flag, Values};
pub use cli::{Program, run};

pub use deadline::{Deadline, Limited};
pub use descriptors::DescriptorError;
pub use drain::{Drained, Outcome, Stop};
pub use extract::{ClientAddress, Shutdown};
pub use listener::BindError;
pub use metrics::{Counter, DurationHistogram, Gauge, Registry};
pub use problem::Problem;
pub use skyward_config::{LogFormat, Settings, Threads};
pub use startup::{Server, StartError};

/// Serves an axum router, or an [`App`], as the calling package: its name, version and description are those of its
/// `Cargo.toml`.
///
/// ```no_run
/// fn main() -> std::process::ExitCode {
///     skyward_server::run!(axum::Router::new())
/// }
/// ```
#[macro_export]
macro_rules! run {
    ($app:expr) => {
        $crate::run($crate::about!(), $app)
    };
}

/// Makes a [`Program`] of the calling package.
#[macro_export]
macro_rules! program {
    () => {
        $crate::Program::new($crate::about!())
    };
}

/// The calling package, as its `Cargo.toml` describes it.
#[macro_export]
macro_rules! about {
    () => {
        $crate::About {
            name: env!("CARGO_PKG_NAME"),
            version: env!("CARGO_PKG_VERSION"),
            description: env!("CARGO_PKG_DESCRIPTION"),
        }
    };
}
