//! The list of commands.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use skyward_config::ConfigError;

use crate::command::{build, inspect, load, push, resolve, run, unpack};

/// Builds, inspects, pushes and loads the image of a Rust service. No daemon is needed.
#[derive(Parser)]
#[command(name = "image", bin_name = "cargo xtask image", version)]
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
    Load(load::Args),
    Push(push::Args),
    Resolve(resolve::Args),
    /// Unpack an image into a private folder and run its entry point from there
    Run(run::Args),
    /// Unpack an image's files into a folder; prints the folder
    Unpack(unpack::Args),
    /// The second stage of `run`
    #[command(hide = true)]
    Enter(run::EnterArgs),
}

/// Runs the command that the arguments name. Usage errors exit with 2, all others with 1.
pub(crate) fn main() -> ExitCode {
    match dispatch(Cli::parse().command) {
        Ok(code) => code,
        Err(error) => {
            match error.downcast_ref() {
                // Each line already begins with the place that it is about.
                Some(invalid @ ConfigError::Invalid(_)) => eprintln!("{invalid}"),
                // It may name what a stranger's image holds: nothing in it commands the terminal.
                _ => eprintln!(
                    "error: {}",
                    format!("{error:#}")
                        .replace(|letter: char| letter.is_control() && letter != '\n', "\u{fffd}")
                ),
            }
            ExitCode::FAILURE
        }
    }
}

fn dispatch(command: Command) -> Result<ExitCode> {
    match command {
        Command::Build(args) => build::run(&args),
        Command::Inspect(args) => inspect::run(&args),
        Command::Load(args) => load::run(&args),
        Command::Push(args) => push::run(&args),
        Command::Resolve(args) => resolve::run(&args),
        Command::Run(args) => run::run(&args),
        Command::Unpack(args) => unpack::run(&args),
        Command::Enter(args) => run::enter(args),
    }
}
