//! The list of commands.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand, ValueEnum};

use crate::command::{build, inspect, push};

/// Builds, inspects, pushes and loads the image of a Rust service. No daemon is needed.
#[derive(Parser)]
#[command(name = "skyward-image", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Compile the service and pack it into an image
    Build(build::Args),
    /// List an image's layers and wasted files, and check dive's rules
    Inspect(inspect::Args),
    /// Push an image to registries; prints the digest reference
    Push(push::Args),
}

/// The form of what is written to standard output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// For people, and for the shell: the result alone.
    #[default]
    Text,
    /// JSON.
    Json,
}

/// Runs the command that the arguments name. Usage errors exit with 2, all others with 1.
pub(crate) fn run() -> ExitCode {
    match dispatch(Cli::parse().command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(command: Command) -> Result<ExitCode> {
    match command {
        Command::Build(args) => build::run(args),
        Command::Inspect(args) => inspect::run(args),
        Command::Push(args) => push::run(&args),
    }
}
