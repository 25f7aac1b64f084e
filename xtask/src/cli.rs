//! The whole command list on one screen.

mod examples;

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, CommandFactory, Parser, Subcommand};
use skyward_terminal::{commands, program};

use crate::up::Up;
use crate::{affected, bench, ci, docs, external};

/// Skyward: a Rust web service from source to running.
#[derive(Parser)]
#[command(name = "xtask", bin_name = "cargo xtask")]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build the service and its image, check it, run it, ask it for its page, and deploy it.
    Up(Up),
    /// Everything that CI checks, each step timed.
    Ci(ci::Ci),
    /// Show the packages and jobs that a change touches.
    Affected(affected::Command),
    /// Compare what the documents quote with what the commands print.
    Docs(docs::Docs),
    /// Measure against the design's numbers and the peers that are installed.
    Bench(bench::Bench),
    /// The image: build, inspect, push, load, unpack, run.
    #[command(disable_help_flag = true)]
    Image(Passed),
    /// The configuration: show, check, schema, docs.
    #[command(disable_help_flag = true)]
    Config(Passed),
    /// Kubernetes and k3s: apply, render, diff, status, history, rollback, remove.
    #[command(name = "deploy-k3s", disable_help_flag = true)]
    DeployK3s(Passed),
    /// AWS: plan, apply, status, drift, destroy, graph, cost, export; `--simulate` needs no account.
    #[command(name = "provision-aws", disable_help_flag = true)]
    ProvisionAws(Passed),
}

/// Arguments for a crate's own binary, which parses them itself.
#[derive(Args)]
struct Passed {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

impl Cli {
    /// Reads the process's arguments.
    ///
    /// # Errors
    /// clap's; help is among them.
    pub(crate) fn read() -> Result<Self, clap::Error> {
        program::parse(Self::with_examples(), std::env::args_os())
    }

    fn with_examples() -> clap::Command {
        commands::with_examples("", Self::command(), examples::EXAMPLES)
    }

    /// Runs the command; what it returns is the process's exit code.
    pub(crate) fn run(self) -> Result<ExitCode> {
        match self.command {
            Command::Up(up) => up.run(&external::built),
            Command::Ci(ci) => ci.run(),
            Command::Affected(affected) => affected.run(),
            Command::Docs(docs) => docs.run(&external::built),
            Command::Bench(bench) => bench.run(),
            Command::Image(passed) => {
                external::hand_over("image", "skyward-image", &passed.arguments)
            }
            Command::Config(passed) => {
                external::hand_over("config", "skyward-config", &passed.arguments)
            }
            Command::DeployK3s(passed) => {
                external::hand_over("deploy-k3s", "skyward-deployer", &passed.arguments)
            }
            Command::ProvisionAws(passed) => external::provision(&passed.arguments),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    #[test]
    fn the_command_list_is_consistent() {
        super::Cli::with_examples().debug_assert();
    }

    #[test]
    fn a_check_of_the_documents_is_named_or_understood_and_never_writes() {
        let parse = |words: &[&str]| {
            let line = ["xtask", "docs"].iter().chain(words);
            super::Cli::try_parse_from(line).map(drop).map_err(|error| error.kind())
        };
        assert_eq!(parse(&[]), Ok(()));
        assert_eq!(parse(&["--check"]), Ok(()));
        assert_eq!(parse(&["--check", "--write"]), Err(clap::error::ErrorKind::ArgumentConflict));
    }
}
