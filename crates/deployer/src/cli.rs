//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use clap::{Args, CommandFactory, Parser, Subcommand};
use skyward_config::{ConfigArgs, ConfigError, Loaded};
use skyward_deployer::cluster::Target;
use skyward_k3s::kubeconfig;
use tokio::sync::Notify;

use crate::command::{apply, cluster, diff, forward, history, remove, render, rollback, status};
use crate::output::Output;

/// Deploys the service on Kubernetes, k3s first. Without a command: apply.
#[derive(Parser)]
#[command(name = "deploy-k3s", bin_name = "cargo xtask deploy-k3s", version)]
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
    /// The context of the kubeconfig [default: k3s.context]
    #[arg(long, value_name = "NAME", global = true)]
    context: Option<String>,
    /// The kubeconfig [default: k3s.kubeconfig, KUBECONFIG, ~/.kube/config]
    #[arg(long, value_name = "FILE", global = true)]
    kubeconfig: Option<PathBuf>,
    /// The form of standard output
    #[arg(long, value_enum, default_value_t, global = true)]
    pub(crate) output: Output,
    /// Notified when the command is to end.
    #[arg(skip)]
    pub(crate) interrupt: Arc<Notify>,
}

#[derive(Subcommand)]
enum Command {
    Apply(apply::Args),
    Render(render::Args),
    Diff(diff::Args),
    Status(status::Args),
    History(history::Args),
    Rollback(rollback::Args),
    Remove(remove::Args),
    Forward(forward::Args),
    /// Set up, widen, upgrade or take down the k3s cluster itself
    Cluster(cluster::Args),
}

impl Common {
    /// Reads the configuration.
    pub(crate) fn load(&self) -> Result<Loaded, ConfigError> {
        self.config.load()
    }

    /// The flags that chose the configuration, for the programs that it is handed on to.
    pub(crate) fn flags(&self) -> &ConfigArgs {
        &self.config
    }

    /// Which cluster: the flags, then the configuration, then the one that `cluster up` made.
    pub(crate) fn target(&self, loaded: &Loaded) -> Target {
        let configured = self.context.clone().or_else(|| loaded.config.k3s.context.clone());
        Target {
            kubeconfig: self.named_kubeconfig(loaded),
            context: configured.or_else(|| self.made_context(loaded)),
        }
    }

    fn named_kubeconfig(&self, loaded: &Loaded) -> Option<PathBuf> {
        let configured = loaded.config.k3s.kubeconfig.as_ref().map(|path| loaded.root.join(path));
        self.kubeconfig.clone().or(configured)
    }

    /// The kubeconfig that `cluster up` writes into.
    pub(crate) fn kubeconfig_file(&self, loaded: &Loaded) -> PathBuf {
        let listed = std::env::var_os("KUBECONFIG");
        let named = self.named_kubeconfig(loaded);
        kubeconfig::file(named.as_deref(), listed.as_deref(), std::env::home_dir())
    }

    /// Whether the nodes are machines that the configuration lists, and not this one alone.
    pub(crate) fn has_machines(&self, loaded: &Loaded) -> bool {
        !loaded.config.k3s.machine.is_empty() && self.context.is_none()
    }

    /// The context of the configured cluster's name, where it bears the mark of `cluster up`: no other is taken unasked.
    fn made_context(&self, loaded: &Loaded) -> Option<String> {
        let name = &loaded.config.k3s.cluster;
        let document = kubeconfig::Kubeconfig::read(&self.kubeconfig_file(loaded)).ok()?;
        matches!(document.owner(name), kubeconfig::Owner::Cluster(_)).then(|| name.clone())
    }
}

/// Runs the command that the arguments name. Usage errors exit with 2, all others with 1.
pub(crate) fn main() -> ExitCode {
    let cli = Cli::parse_from(with_default(std::env::args_os().collect()));
    match run(&cli) {
        Ok(code) => code,
        Err(error) => {
            match error.downcast_ref() {
                // Each line already begins with the place that it is about.
                Some(invalid @ ConfigError::Invalid(_)) => eprintln!("{invalid}"),
                // It may quote what a cluster says: nothing in it commands the terminal.
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

/// Puts `apply` first where no command is named.
fn with_default(mut arguments: Vec<OsString>) -> Vec<OsString> {
    let command = Cli::command();
    let known = |argument: &OsString| {
        let word = argument.to_string_lossy();
        matches!(&*word, "help" | "--help" | "-h" | "--version" | "-V")
            || command.get_subcommands().any(|known| known.get_name() == word)
    };
    if !arguments.iter().skip(1).any(known) {
        arguments.insert(arguments.len().min(1), "apply".into());
    }
    arguments
}

fn run(cli: &Cli) -> Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let common = &cli.common;
    runtime.block_on(async {
        let mut command = std::pin::pin!(dispatch(common, &cli.command));
        let signal = tokio::select! {
            ended = &mut command => return ended,
            signal = interrupted() => signal,
        };
        // Whoever holds the lock gives it back; a command that only reads ends by itself.
        common.interrupt.notify_one();
        match tokio::time::timeout(cli.command.grace(), command).await {
            Ok(ended) => ended,
            Err(_) => anyhow::bail!(
                "interrupted by {signal}. Next step: run it again, it goes on from there"
            ),
        }
    })
}

async fn dispatch(common: &Common, command: &Command) -> Result<ExitCode> {
    match command {
        Command::Apply(args) => apply::run(common, args).await,
        Command::Render(args) => render::run(common, args),
        Command::Diff(args) => diff::run(common, args).await,
        Command::Status(args) => status::run(common, args).await,
        Command::History(args) => history::run(common, args).await,
        Command::Rollback(args) => rollback::run(common, args).await,
        Command::Remove(args) => remove::run(common, args).await,
        Command::Forward(args) => forward::run(common, args).await,
        Command::Cluster(args) => cluster::run(common, args).await,
    }
}

impl Command {
    /// How long the command may take to end in order, once it is asked to.
    fn grace(&self) -> Duration {
        match self {
            Self::Apply(_) | Self::Rollback(_) | Self::Remove(_) | Self::Forward(_) => {
                Duration::from_secs(5)
            }
            _ => Duration::ZERO,
        }
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
    use super::*;

    #[test]
    fn the_command_list_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn apply_is_the_default() {
        let with = |words: &[&str]| with_default(words.iter().map(OsString::from).collect());
        assert_eq!(with(&["x"]), ["x", "apply"]);
        assert_eq!(with(&["x", "--image", "a"]), ["x", "apply", "--image", "a"]);
        assert_eq!(with(&["x", "--context", "a", "diff"]), ["x", "--context", "a", "diff"]);
        assert_eq!(with(&["x", "--help"]), ["x", "--help"]);
    }
}
