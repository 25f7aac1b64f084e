//! `destroy`: delete everything, and prove it.

use std::io::{BufRead, IsTerminal, stdin};
use std::process::ExitCode;

use anyhow::Result;
use skyward_provisioner::plan::Plan;
use skyward_provisioner::run::{self, RunError};

use crate::account::Account;
use crate::args::{Common, user_data};
use crate::command::context;

/// Delete everything that carries the stack's tag, and look whether anything is left
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Do not ask for the stack's name
    #[arg(long)]
    yes: bool,
    /// Leave a snapshot of the database; it costs money until it is deleted [default]
    #[arg(long, conflicts_with = "no_snapshot")]
    snapshot: bool,
    /// Delete the database without a snapshot: its data is lost
    #[arg(long)]
    no_snapshot: bool,
}

/// Runs the command.
pub(crate) async fn run(common: &Common, args: &Args) -> Result<ExitCode> {
    let loaded = common.load()?;
    let (aws, script) = (&loaded.config.aws, user_data(&loaded)?);
    let account = Account::with_stack(common, aws, &script).await?;
    let sink = common.output.sink(common.simulate, common.pace);
    account.announce(common, &*sink, "an account in which `apply` has run");
    let mut context = context(common, &account, aws, &script, &*sink);
    let has_snapshot = args.snapshot || !args.no_snapshot;
    context.settings.has_final_snapshot = has_snapshot;
    let is_asked = !args.yes && !common.simulate;
    match run::destroy(&context, &|plan| !is_asked || agrees(plan, has_snapshot)).await {
        Err(RunError::Declined) if is_asked && !stdin().is_terminal() => {
            anyhow::bail!("destroy: there is no one to ask; give --yes. Nothing was changed")
        }
        done => done.map(|_| ExitCode::SUCCESS).map_err(Into::into),
    }
}

/// Asks for the stack's name.
fn agrees(plan: &Plan, has_snapshot: bool) -> bool {
    if !stdin().is_terminal() {
        return false;
    }
    let database = if !plan.changes.iter().any(|change| change.kind.id() == "db-cluster") {
        ""
    } else if has_snapshot {
        " A snapshot of the database is left (--no-snapshot leaves none)."
    } else {
        " The database is deleted WITHOUT a snapshot."
    };
    eprint!(
        "This deletes {} resources of {} in {}, with the objects in its buckets.{database} Type the stack's name to go on: ",
        plan.changes.len(),
        plan.stack,
        plan.region
    );
    let mut line = String::new();
    stdin().lock().read_line(&mut line).is_ok() && line.trim() == plan.stack
}
