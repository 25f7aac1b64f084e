//! A service of one route: what the tests start as a process of its own.

use axum::routing::get;
use skyward_server::App;
use std::process::ExitCode;

fn main() -> ExitCode {
    skyward_server::run!(App::new().route("/", get(async || "Hello, World!")))
}
