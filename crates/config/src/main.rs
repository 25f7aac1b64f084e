//! `skyward-config`: shows, checks and documents the configuration.

mod cli;

use std::process::ExitCode;

use skyward_config::ConfigError;

fn main() -> ExitCode {
    let is_listing =
        |error: &anyhow::Error| error.downcast_ref().is_some_and(ConfigError::is_listing);
    skyward_terminal::exit::main(is_listing, cli::run)
}
