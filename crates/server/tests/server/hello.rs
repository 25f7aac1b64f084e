//! A service of one route, with a flag of its own: what the tests start as a process of its own.

use axum::Router;
use axum::routing::get;
use skyward_server::Flag;
use std::process::ExitCode;

fn main() -> ExitCode {
    skyward_server::program!()
        .flag(Flag::new("hello-text", "TEXT", "Text of the page").default("Hello, World!"))
        .serve(|values| {
            let text = values.get("hello-text").unwrap_or_default().to_owned();
            Ok::<_, String>(Router::new().route("/", get(async move || text)))
        })
}
