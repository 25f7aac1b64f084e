//! `skyward`: all commands in one program, for anybody's repository. Thin: each command is its library's own.

mod cli;
mod doctor;
mod init;
mod pages;
mod programs;
mod up;

use std::process::ExitCode;

use skyward_config::ConfigError;
use skyward_terminal::{exit, program};

fn main() -> ExitCode {
    program::installed("skyward");
    let is_listing =
        |error: &anyhow::Error| error.downcast_ref().is_some_and(ConfigError::is_listing);
    exit::main(is_listing, cli::run)
}
