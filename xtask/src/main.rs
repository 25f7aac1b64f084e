//! The commands of Skyward. Thin: it runs the crates' binaries, and links none of them.

mod affected;
mod bench;
mod ci;
mod cli;
mod external;
mod github;
mod table;
mod up;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match cli::Cli::parse().run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
