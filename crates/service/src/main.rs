//! The service's binary: the server around [`skyward_service::routes`].

use std::process::ExitCode;

fn main() -> ExitCode {
    skyward_service::cli::run(skyward_service::routes::app())
}
