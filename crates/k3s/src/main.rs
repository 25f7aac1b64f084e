//! `deploy-k3s cluster` alone: the commands on the cluster, without the API client that deployments need.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::{CommandFactory, Parser, Subcommand};
use skyward_config::{ConfigArgs, ConfigError};
use skyward_k3s::command::{ClusterArgs, Context};
use skyward_k3s::kubeconfig;
use skyward_terminal::event::Nothing;
use skyward_terminal::interrupt::Signals;
use skyward_terminal::{Console, Exit, Output, Verbose, exit, program};

/// Sets up, extends, upgrades and takes down the k3s cluster
#[derive(Parser)]
#[command(name = "deploy-k3s", version)]
struct Cli {
    #[command(flatten)]
    config: ConfigArgs,
    /// The kubeconfig [default: k3s.kubeconfig, KUBECONFIG, ~/.kube/config]
    #[arg(long, value_name = "FILE", global = true)]
    kubeconfig: Option<PathBuf>,
    /// The form of standard output
    #[arg(long, value_enum, default_value_t, global = true)]
    output: Output,
    #[command(flatten)]
    verbose: Verbose,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Set up, extend, upgrade or take down the k3s cluster itself
    Cluster(ClusterArgs),
}

fn main() -> ExitCode {
    let is_listing =
        |error: &anyhow::Error| error.downcast_ref().is_some_and(ConfigError::is_listing);
    exit::main(is_listing, || run(&program::parse(Cli::command(), std::env::args_os())?))
}

fn run(cli: &Cli) -> Result<Exit> {
    let Command::Cluster(args) = &cli.command;
    let loaded = cli.config.load()?;
    let verbosity = cli.verbose.verbosity();
    let console = if args.prints_a_document() {
        Console::notes(verbosity)
    } else {
        Console::new(cli.output, verbosity)
    };
    let context = Context {
        kubeconfig: kubeconfig::location(cli.kubeconfig.as_deref(), &loaded),
        loaded: &loaded,
        output: cli.output,
        sink: console.sink::<Nothing>().into(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut signals = Signals::listen();
        tokio::select! {
            ended = args.run(&context) => ended,
            signal = signals.next() => {
                bail!("interrupted by {signal}. Next step: run the command again, it continues from there")
            }
        }
    })
}
