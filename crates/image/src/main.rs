//! The program `skyward-image`, which is `cargo xtask image`: a command line over the library.

mod cli;
mod command;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
