//! A service of one route: what the tests start as a process of its own.

use axum::Router;
use axum::routing::get;
use std::process::ExitCode;

fn main() -> ExitCode {
    skyward_server::run!(Router::new().route("/", get(async || "Hello, World!")))
}
