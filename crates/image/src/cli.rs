//! The list of commands.

mod examples;

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::Result;
use clap::{CommandFactory, Parser, Subcommand};
use skyward_config::ConfigError;
use skyward_terminal::{Verbose, commands, exit, program};

use crate::command::{build, inspect, load, push, resolve, run, unpack};

/// Builds, inspects, pushes and loads the image of a Rust service. No daemon is needed.
#[derive(Parser)]
#[command(name = "image", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    verbose: Verbose,
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

/// The whole command line, for completions and manual pages.
pub fn command() -> clap::Command {
    commands::with_examples("image", Cli::command(), examples::EXAMPLES)
}

/// Runs the command that the arguments name, of which the first is the program. Usage errors exit with 2, all others with 1.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    // Each line of those begins with the place that it is about.
    exit::main(
        |error| error.downcast_ref().is_some_and(ConfigError::is_listing),
        || dispatch(program::parse(command(), arguments)?),
    )
}

fn dispatch(Cli { command, verbose }: Cli) -> Result<ExitCode> {
    let verbosity = verbose.verbosity();
    match command {
        Command::Build(args) => build::run(&args, verbosity),
        Command::Inspect(args) => inspect::run(&args, verbosity),
        Command::Load(args) => load::run(&args, verbosity),
        Command::Push(args) => push::run(&args, verbosity),
        Command::Resolve(args) => resolve::run(&args, verbosity),
        Command::Run(args) => run::run(&args, verbosity),
        Command::Unpack(args) => unpack::run(&args, verbosity),
        Command::Enter(args) => run::enter(args),
    }
}
