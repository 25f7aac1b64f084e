//! `exec`: a program in a pod.

use std::io::IsTerminal;
use std::process::ExitCode;

use anyhow::{Result, bail};
use skyward_terminal::style::Stream;

use crate::common::{Common, PodArgs, Session};
use crate::operate::{self, Program};

/// Run a program in a pod, with its exit code; the image of a service may hold nothing but the service
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    pods: PodArgs,
    /// Give the program no standard input
    #[arg(long)]
    no_stdin: bool,
    /// Give the program a terminal; by default where this is one
    #[arg(long, short)]
    tty: bool,
    /// The program and its arguments, after --
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<String>,
}

/// Runs the command.
pub(crate) async fn run(common: &Common, args: &Args) -> Result<ExitCode> {
    let Session { loaded, api, .. } = common.open(common.notes()).await?;
    let selection = args.pods.selection(&loaded);
    let targets = operate::targets(&api, &selection).await?;
    if targets.is_empty() {
        bail!("starting a program: {}. Next step: see `status`", selection.none());
    }
    // One that serves tells more than one that is about to start or to end.
    let running = || targets.iter().filter(|target| target.running);
    let Some(target) = running().find(|target| target.ready).or_else(|| running().next()) else {
        bail!(
            "starting a program: no container of {} runs. Next step: see `status`",
            selection.release
        );
    };
    let is_terminal = std::io::stdin().is_terminal() && Stream::Out.is_terminal();
    let program = Program {
        command: args.command.clone(),
        stdin: !args.no_stdin,
        tty: args.tty || (is_terminal && !args.no_stdin),
    };
    Ok(operate::run_program(&api, &selection.namespace, target, &program).await?)
}
