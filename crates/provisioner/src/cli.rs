//! The command line.

mod examples;

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::Result;
use clap::{CommandFactory, Parser, Subcommand};
use skyward_config::ConfigError;
use skyward_terminal::interrupt::Signals;
use skyward_terminal::{commands, exit, program};

use crate::args::Common;
use crate::command::{
    apply, cost, destroy, docs, drift, export, graph, history, logs, plan, policies, rollback,
    status,
};

/// Provisions the AWS topology.
#[derive(Parser)]
#[command(name = "provision-aws", version)]
struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Plan(plan::Args),
    Apply(apply::Args),
    Status(status::Args),
    Drift(drift::Args),
    History(history::Args),
    Rollback(rollback::Args),
    Logs(logs::Args),
    Destroy(destroy::Args),
    Graph(graph::Args),
    Cost(cost::Args),
    Export(export::Args),
    Docs(docs::Args),
    Policies(policies::Args),
}

/// The whole command line, for completions and manual pages.
pub fn command() -> clap::Command {
    commands::with_examples("provision-aws", Cli::command(), examples::EXAMPLES)
}

/// Runs the command that the arguments name, of which the first is the program. Usage errors exit with 2, all others with 1.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    // Each line of an invalid configuration begins with the place that it is about.
    let is_listing =
        |error: &anyhow::Error| error.downcast_ref().is_some_and(ConfigError::is_listing);
    exit::main(is_listing, || run(&program::parse(command(), arguments)?))
}

fn run(cli: &Cli) -> Result<ExitCode> {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    // A simulation's clock is paused, and jumps to what is due next.
    let runtime = builder.enable_all().start_paused(cli.common.simulate).build()?;
    let common = &cli.common;
    runtime.block_on(async {
        let mut signals = Signals::listen();
        let mut command = std::pin::pin!(dispatch(common, &cli.command));
        loop {
            let signal = tokio::select! {
                ended = &mut command => return ended,
                signal = signals.next() => signal,
            };
            if common.interrupt.is_raised() {
                anyhow::bail!(
                    "interrupted again: calls may be under way. Next step: run it again, and it continues from there"
                );
            }
            common.say(format!(
                "{signal}: no new work begins; waiting for the calls under way. Press it again to end at once"
            ));
            common.interrupt.raise();
        }
    })
}

async fn dispatch(common: &Common, command: &Command) -> Result<ExitCode> {
    match command {
        Command::Plan(args) => Box::pin(plan::run(common, args)).await,
        Command::Apply(args) => Box::pin(apply::run(common, args)).await,
        Command::Status(args) => Box::pin(status::run(common, args)).await,
        Command::Drift(args) => Box::pin(drift::run(common, args)).await,
        Command::History(args) => Box::pin(history::run(common, args)).await,
        Command::Rollback(args) => Box::pin(rollback::run(common, args)).await,
        Command::Logs(args) => Box::pin(logs::run(common, args)).await,
        Command::Destroy(args) => Box::pin(destroy::run(common, args)).await,
        Command::Graph(args) => graph::run(common, args),
        Command::Cost(args) => cost::run(common, args),
        Command::Export(args) => export::run(common, args),
        Command::Docs(args) => docs::run(common, args),
        Command::Policies(args) => policies::run(common, args),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_list_is_consistent() {
        Cli::command().debug_assert();
    }
}
