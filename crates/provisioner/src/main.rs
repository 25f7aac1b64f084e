//! `cargo xtask provision-aws`: all that knows AWS.

mod account;
mod args;
mod cli;
mod command;
mod console;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
