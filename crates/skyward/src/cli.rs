//! The command line: the libraries' commands under one name, and what only the installed program has.

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, CommandFactory, Parser, Subcommand};
use skyward_terminal::program;

use crate::programs::installed;
use crate::up::Up;
use crate::{doctor, init, pages};

/// Takes a Rust web service from source to running: image, Kubernetes, AWS.
#[derive(Parser)]
#[command(name = "skyward", version = env!("SKYWARD_VERSION"))]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Init(init::Args),
    /// Build the service and its image, check it, run it, ask it for its page, and deploy it
    Up(Up),
    /// The image: build, inspect, push, load, unpack, run
    #[command(disable_help_flag = true)]
    Image(Passed),
    /// Kubernetes and k3s: apply, render, diff, status, history, rollback, remove, and the cluster itself
    #[command(name = "deploy-k3s", disable_help_flag = true)]
    DeployK3s(Passed),
    /// AWS: plan, apply, status, drift, destroy, graph, cost, export; `--simulate` needs no account
    #[command(name = "provision-aws", disable_help_flag = true)]
    ProvisionAws(Passed),
    /// The configuration: show, check, schema, docs
    #[command(disable_help_flag = true)]
    Config(Passed),
    /// The page of `up --dashboard`, which starts it.
    #[command(hide = true, disable_help_flag = true)]
    Dashboard(Passed),
    Doctor(doctor::Args),
    Completions(pages::Completions),
    Man(pages::Man),
}

/// Arguments for a library's own command line, which parses them itself.
#[derive(Args)]
struct Passed {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

impl Passed {
    /// With the program's name before them, as a command line has it.
    fn of(self, task: &str) -> impl Iterator<Item = OsString> {
        std::iter::once(task.into()).chain(self.arguments)
    }
}

/// Runs the command that the process's arguments name.
pub(crate) fn run() -> Result<ExitCode> {
    let cli = Cli::try_parse()?;
    match cli.command {
        Command::Init(args) => init::run(&args),
        Command::Up(up) => up.run(&installed),
        Command::Image(passed) => Ok(skyward_image::cli::main(passed.of("image"))),
        Command::DeployK3s(passed) => Ok(skyward_deployer::cli::main(passed.of("deploy-k3s"))),
        Command::ProvisionAws(passed) => {
            Ok(skyward_provisioner::cli::main(passed.of("provision-aws")))
        }
        Command::Config(passed) => Ok(skyward_config::cli::main(passed.of("config"))),
        Command::Dashboard(passed) => Ok(skyward_dashboard::main(passed.of("dashboard"))),
        Command::Doctor(args) => doctor::run(&args),
        Command::Completions(args) => pages::completions(whole(), &args),
        Command::Man(args) => pages::man(&whole(), &args),
    }
}

/// The whole tree of commands, with those of the libraries in their places.
fn whole() -> clap::Command {
    let libraries = [
        ("image", skyward_image::cli::command()),
        ("deploy-k3s", skyward_deployer::cli::command()),
        ("provision-aws", skyward_provisioner::cli::command()),
        ("config", skyward_config::cli::command()),
    ];
    libraries.into_iter().fold(Cli::command(), |all, (name, library)| {
        let bin_name = program::command(name);
        let library = library.bin_name(bin_name).disable_version_flag(true);
        all.mut_subcommand(name, |_| library)
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_whole_tree_is_consistent() {
        super::whole().debug_assert();
    }
}
