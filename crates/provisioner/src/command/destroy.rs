//! `destroy`: delete everything, and prove it.

use std::cell::RefCell;
use std::process::ExitCode;

use crate::plan::Plan;
use crate::run;
use anyhow::Result;
use skyward_terminal::consent::{self, Answer};

use crate::args::Common;
use crate::command::Present;
use crate::console;

/// Delete everything that carries the stack's tag, and look whether anything is left
#[derive(clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
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
    /// Delete what the stack leaves as well: snapshots of its database, logs, and network interfaces in its VPC that nothing uses
    #[arg(long, conflicts_with = "snapshot")]
    everything: bool,
}

/// Runs the command.
pub(crate) async fn run(common: &Common, args: &Args) -> Result<ExitCode> {
    let stack = Present::open(common, console::sink).await?;
    let api = stack.api();
    let mut context = stack.context(common, &api);
    let has_snapshot = args.snapshot || !(args.no_snapshot || args.everything);
    context.settings.has_final_snapshot = has_snapshot;
    context.settings.removes_leftovers = args.everything;
    let is_given = args.yes || common.simulate;
    let refusal = RefCell::new(None);
    let agrees = |plan: &Plan| match ask(plan, has_snapshot, is_given) {
        Ok(()) => true,
        Err(error) => {
            *refusal.borrow_mut() = Some(error);
            false
        }
    };
    let done = run::destroy(&context, &agrees).await;
    done.map_err(|error| refusal.take().unwrap_or_else(|| error.into()))?;
    Ok(ExitCode::SUCCESS)
}

/// Asks for the stack's name.
fn ask(plan: &Plan, has_snapshot: bool, is_given: bool) -> Result<()> {
    let database = if !plan.changes.iter().any(|change| change.kind.id() == "db-cluster") {
        ""
    } else if has_snapshot {
        " A snapshot of the database is left (--no-snapshot leaves none)."
    } else {
        " The database is deleted WITHOUT a snapshot."
    };
    let left = if plan.warnings.is_empty() { "" } else { " What is listed above goes as well." };
    let Plan { stack, region, .. } = plan;
    let question = format!(
        "This deletes {} resources of {stack} in {region}, with the objects in its buckets.{database}{left}",
        plan.changes.len()
    );
    consent::ask(&format!("destroy the stack {stack}"), &question, Answer::Name(stack), is_given)
}
