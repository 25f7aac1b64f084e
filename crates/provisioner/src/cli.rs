//! The command line.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::{Args, Parser, Subcommand};
use skyward_config::{ConfigArgs, ConfigError, Loaded};
use skyward_provisioner::interrupt::Interrupt;

use crate::command::{apply, cost, destroy, docs, drift, export, graph, plan, policies, status};
use crate::output::Output;

/// Provisions the AWS topology.
#[derive(Parser)]
#[command(name = "provision-aws", bin_name = "cargo xtask provision-aws", version)]
struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

/// What every command takes.
#[derive(Args)]
pub(crate) struct Common {
    #[command(flatten)]
    config: ConfigArgs,
    /// The form of standard output
    #[arg(long, value_enum, default_value_t, global = true)]
    pub(crate) output: Output,
    /// Simulate AWS in this process: needs no account, costs nothing and takes no time
    #[arg(long, global = true)]
    pub(crate) simulate: bool,
    /// Which simulated account: the same number gives the same times and accidents
    #[arg(long, value_name = "N", global = true, default_value_t = 1, requires = "simulate")]
    pub(crate) seed: u64,
    /// Keep the simulated account in this file: each command goes on where the last one ended
    #[arg(long, value_name = "FILE", global = true, requires = "simulate")]
    pub(crate) state: Option<PathBuf>,
    /// Watch the simulation: show so many of its seconds in one
    #[arg(long, value_name = "N", global = true, requires = "simulate", value_parser = pace)]
    pub(crate) pace: Option<f64>,
    /// Raised when the command is to end.
    #[arg(skip)]
    pub(crate) interrupt: Interrupt,
}

fn pace(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(pace) if (0.1..=100_000.0).contains(&pace) => Ok(pace),
        _ => Err("a pace is a number from 0.1 to 100000".into()),
    }
}

#[derive(Subcommand)]
enum Command {
    Plan(plan::Args),
    Apply(apply::Args),
    Status(status::Args),
    Drift(drift::Args),
    Destroy(destroy::Args),
    Graph(graph::Args),
    Cost(cost::Args),
    Export(export::Args),
    Docs(docs::Args),
    Policies(policies::Args),
}

impl Common {
    /// Reads the configuration.
    pub(crate) fn load(&self) -> Result<Loaded, ConfigError> {
        self.config.load()
    }
}

/// The instances' script, as the configuration names it.
pub(crate) fn user_data(loaded: &Loaded) -> Result<String> {
    let path: PathBuf = loaded.root.join(&loaded.config.aws.user_data);
    let text = std::fs::read_to_string(&path).with_context(|| {
        format!(
            "reading [aws] user_data, {}. Next step: name a script that is there",
            path.display()
        )
    })?;
    // As EC2 takes it: 16 KiB before base64.
    anyhow::ensure!(
        text.len() <= 16 * 1024,
        "[aws] user_data, {}: {} bytes, and EC2 takes 16384. Next step: let the script fetch the rest",
        path.display(),
        text.len()
    );
    Ok(text)
}

/// Runs the command that the arguments name. Usage errors exit with 2, all others with 1.
pub(crate) fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(&cli) {
        Ok(code) => code,
        Err(error) => {
            match error.downcast_ref() {
                // Each line already begins with the place that it is about.
                Some(invalid @ ConfigError::Invalid(_)) => eprintln!("{invalid}"),
                _ => eprintln!("error: {}", crate::output::harmless(&format!("{error:#}"))),
            }
            ExitCode::FAILURE
        }
    }
}

fn run(cli: &Cli) -> Result<ExitCode> {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    // A simulation's clock stands still, and jumps to what is due next.
    let runtime = builder.enable_all().start_paused(cli.common.simulate).build()?;
    let common = &cli.common;
    runtime.block_on(async {
        let mut command = std::pin::pin!(dispatch(common, &cli.command));
        loop {
            let signal = tokio::select! {
                ended = &mut command => return ended,
                signal = interrupted() => signal,
            };
            if common.interrupt.is_raised() {
                anyhow::bail!(
                    "interrupted again: calls may be under way. Next step: run it again, it goes on from where it is"
                );
            }
            eprintln!(
                "{signal}: no new work is begun; waiting for the calls under way. Again, and it ends at once"
            );
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
        Command::Destroy(args) => Box::pin(destroy::run(common, args)).await,
        Command::Graph(args) => graph::run(common, args),
        Command::Cost(args) => cost::run(common, args),
        Command::Export(args) => export::run(common, args),
        Command::Docs(args) => docs::run(common, args),
        Command::Policies(args) => policies::run(common, args),
    }
}

/// Waits for Ctrl-C or SIGTERM.
async fn interrupted() -> &'static str {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => "Ctrl-C",
        _ = terminate.recv() => "SIGTERM",
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_list_is_consistent() {
        Cli::command().debug_assert();
    }
}
