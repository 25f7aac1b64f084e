//! `skyward-config`: shows, checks and documents the configuration.

mod cli;

use std::process::ExitCode;

use skyward_config::ConfigError;

fn main() -> ExitCode {
    let Err(error) = cli::run() else { return ExitCode::SUCCESS };
    match error.downcast_ref() {
        // Each line already begins with the place that it is about.
        Some(invalid @ ConfigError::Invalid(_)) => eprintln!("{invalid}"),
        _ => eprintln!("error: {error:#}"),
    }
    ExitCode::FAILURE
}
