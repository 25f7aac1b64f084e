//! The command line.

mod examples;

use std::ffi::OsString;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use clap::{CommandFactory, Parser, Subcommand};
use skyward_config::ConfigError;
use skyward_terminal::interrupt::Signals;
use skyward_terminal::{Exit, commands, exit, program};

use skyward_k3s::command::{ClusterArgs, EXAMPLES};

use crate::command::{
    abort, apply, diff, events, exec, forward, history, logs, open, promote, remove, render,
    restart, rollback, scale, secret, status, top,
};
use crate::common::Common;

/// The command where none is named.
pub const DEFAULT: &str = "apply";
/// The time that work on other threads has to stop in after the command has ended.
const STOP: Duration = Duration::from_secs(2);
/// The time that a command which changes something has to end in order once it is asked to: the lock is given back.
const GRACE: Duration = Duration::from_secs(5);

/// Deploys the service on Kubernetes, k3s first. Without a command: apply.
#[derive(Parser)]
#[command(name = "deploy-k3s", version)]
struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Apply(apply::Args),
    Render(render::Args),
    Diff(diff::Args),
    Status(status::Args),
    History(history::Args),
    Promote(promote::Args),
    Abort(abort::Args),
    Rollback(rollback::Args),
    Remove(remove::Args),
    Forward(forward::Args),
    Open(open::Args),
    Logs(logs::Args),
    Events(events::Args),
    Top(top::Args),
    Exec(exec::Args),
    Restart(restart::Args),
    Scale(scale::Args),
    Secret(secret::Args),
    /// Set up, extend, upgrade or take down the k3s cluster itself
    Cluster(ClusterArgs),
}

/// The whole command line, for completions and manual pages.
pub fn command() -> clap::Command {
    let cluster = |cluster| commands::with_examples("deploy-k3s cluster", cluster, EXAMPLES);
    commands::with_examples("deploy-k3s", Cli::command(), examples::EXAMPLES)
        .mut_subcommand("cluster", cluster)
}

/// Runs the command that the arguments name, of which the first is the program. Usage errors exit with 2, all others with 1.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    // Each line of a configuration's errors begins with the place that it is about.
    let is_listing =
        |error: &anyhow::Error| error.downcast_ref().is_some_and(ConfigError::is_listing);
    let arguments = arguments.into_iter().collect();
    exit::main(is_listing, || {
        let command = command();
        let arguments = commands::with_default(&command, DEFAULT, arguments);
        run(&program::parse(command, arguments)?)
    })
}

fn run(cli: &Cli) -> Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let common = &cli.common;
    let ended = runtime.block_on(async {
        let mut signals = Signals::listen();
        let mut command = std::pin::pin!(dispatch(common, &cli.command));
        let signal = tokio::select! {
            ended = &mut command => return ended,
            signal = signals.next() => signal,
        };
        // Whoever holds the lock gives it back; a command that only reads ends by itself.
        common.interrupt.notify_one();
        match tokio::time::timeout(cli.command.grace(), command).await {
            Ok(ended) => ended,
            Err(_) => anyhow::bail!(
                "interrupted by {signal}. Next step: run it again; it continues from there"
            ),
        }
    });
    // A build that was interrupted ends its compiler on a thread of its own.
    runtime.shutdown_timeout(STOP);
    ended
}

async fn dispatch(common: &Common, command: &Command) -> Result<ExitCode> {
    let ended: Result<Exit> = match command {
        Command::Apply(args) => Box::pin(apply::run(common, args)).await,
        Command::Render(args) => render::run(common, args),
        Command::Diff(args) => diff::run(common, args).await,
        Command::Status(args) => status::run(common, args).await,
        Command::History(args) => history::run(common, args).await,
        Command::Promote(args) => promote::run(common, args).await,
        Command::Abort(args) => abort::run(common, args).await,
        Command::Rollback(args) => rollback::run(common, args).await,
        Command::Remove(args) => remove::run(common, args).await,
        Command::Forward(args) => forward::run(common, args).await,
        Command::Open(args) => open::run(common, args).await,
        Command::Logs(args) => logs::run(common, args).await,
        Command::Events(args) => events::run(common, args).await,
        Command::Top(args) => top::run(common, args).await,
        // The exit code is that of the program that was started.
        Command::Exec(args) => return exec::run(common, args).await,
        Command::Restart(args) => restart::run(common, args).await,
        Command::Scale(args) => scale::run(common, args).await,
        Command::Secret(args) => secret::run(common, args).await,
        Command::Cluster(args) => {
            let loaded = common.load()?;
            let shown = if args.prints_a_document() { common.notes() } else { common.events() };
            args.run(&common.cluster(&loaded, &shown)).await
        }
    };
    ended.map(ExitCode::from)
}

impl Command {
    /// The time that the command may take to end in order, once it is asked to.
    fn grace(&self) -> Duration {
        match self {
            Self::Apply(_)
            | Self::Promote(_)
            | Self::Abort(_)
            | Self::Rollback(_)
            | Self::Remove(_)
            | Self::Forward(_)
            | Self::Logs(_)
            | Self::Restart(_)
            | Self::Scale(_) => GRACE,
            _ => Duration::ZERO,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_list_is_consistent() {
        Cli::command().debug_assert();
    }

    fn with(words: &[&str]) -> Vec<OsString> {
        commands::with_default(&command(), DEFAULT, words.iter().map(OsString::from).collect())
    }

    #[test]
    fn apply_is_the_default() {
        assert_eq!(with(&["x"]), ["x", "apply"]);
        assert_eq!(with(&["x", "--image", "a"]), ["x", "apply", "--image", "a"]);
        assert_eq!(with(&["x", "--force", "-e", "dev"]), ["x", "apply", "--force", "-e", "dev"]);
        assert_eq!(with(&["x", "--set=a=b", "-edev"]), ["x", "apply", "--set=a=b", "-edev"]);
        assert_eq!(with(&["x", "--context", "a", "diff"]), ["x", "--context", "a", "diff"]);
        assert_eq!(with(&["x", "--context", "diff"]), ["x", "apply", "--context", "diff"]);
        assert_eq!(with(&["x", "--help"]), ["x", "--help"]);
        assert_eq!(with(&["x", "-e", "dev", "--help"]), ["x", "-e", "dev", "--help"]);
        assert_eq!(with(&["x", "--canary=1", "--help"]), ["x", "apply", "--canary=1", "--help"]);
        assert_eq!(with(&["x", "help", "diff"]), ["x", "help", "diff"]);
    }

    #[test]
    fn an_unknown_word_never_reaches_the_command_that_changes_a_cluster() {
        for (word, suggestion) in
            [("rolback", "rollback"), ("aply", "apply"), ("lgos", ""), ("stauts", "status")]
        {
            for arguments in [vec!["x", word], vec!["x", "--context", "a", word, "2"]] {
                let error = Cli::try_parse_from(with(&arguments)).err().expect(word);
                assert_eq!(error.kind(), clap::error::ErrorKind::InvalidSubcommand, "{error}");
                assert_eq!(error.exit_code(), 2);
                assert!(error.to_string().contains(suggestion), "{error}");
            }
        }
    }
}
