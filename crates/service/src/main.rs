//! The sample service, and what a user of Skyward replaces: [`routes`] has all that is its own, the
//! server around it is [`skyward_server`].

mod routes;

use std::process::ExitCode;

fn main() -> ExitCode {
    skyward_server::run!(routes::router())
}
