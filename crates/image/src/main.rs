//! The command line.

mod cli;
mod command;
mod output;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
