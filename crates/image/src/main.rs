//! The command line.

mod cli;
mod command;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
