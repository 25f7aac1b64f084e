//! The web server: axum routes behind a server of our own that bounds everything a client can do.
//!
//! From the outside in:
//!
//! - [`cli`] and [`settings`]: flags, variables, exit codes
//! - [`startup`]: settings and an application become a bound [`Server`](startup::Server), which runs until a stop
//! - [`listener`], [`accept`], [`worker`]: ports, connections and the threads that serve them, within the
//!   [`descriptors`] there are
//! - [`connection`]: one connection, its strict reading and its deadlines
//! - [`exchange`]: one request, asked of the [`app`] and answered, with errors as a [`problem`]
//! - [`access_log`], [`client_address`], [`metrics`], [`notice`]: what is written down
//! - [`admin`]: probes and metrics on their own port
//! - [`lifecycle`], [`drain`]: the end

pub mod accept;
pub mod access_log;
pub mod admin;
pub mod app;
pub mod cli;
pub mod client_address;
pub mod clock;
pub mod connection;
pub mod descriptors;
pub mod drain;
pub mod exchange;
pub mod lifecycle;
pub mod listener;
pub mod metrics;
pub mod notice;
pub mod problem;
pub mod settings;
pub mod startup;
pub mod worker;

pub use app::App;
pub use cli::{About, run};
