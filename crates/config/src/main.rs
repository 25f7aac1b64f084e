//! `skyward-config`: shows, checks and documents the configuration.

use std::process::ExitCode;

fn main() -> ExitCode {
    skyward_config::cli::main(std::env::args_os())
}
