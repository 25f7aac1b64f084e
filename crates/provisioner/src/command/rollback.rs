//! `rollback`: the instances back to an earlier version.

use std::cell::RefCell;
use std::process::ExitCode;

use anyhow::Result;
use skyward_terminal::consent::{self, Answer};

use crate::args::Common;
use crate::command::Present;
use crate::console;
use crate::plan::Plan;
use crate::versions;

/// Bring the instances back to an earlier version of the service
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The version, as `history` shows it. Without it: the last one before the present one that ran
    version: Option<i64>,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

/// Runs the command.
pub(crate) async fn run(common: &Common, args: &Args) -> Result<ExitCode> {
    let stack = Present::open(common, console::sink).await?;
    let api = stack.api();
    let context = stack.context(common, &api);
    let is_given = args.yes || common.simulate;
    let refusal = RefCell::new(None);
    let agrees = |plan: &Plan| {
        let operation = format!("bring the instances of {} back", plan.stack);
        let question = format!("Replace the instances of {} in {}?", plan.stack, plan.region);
        consent::ask(&operation, &question, Answer::Yes, is_given)
            .map_err(|error| *refusal.borrow_mut() = Some(error))
            .is_ok()
    };
    let done = versions::rollback(&context, args.version, &agrees).await;
    done.map_err(|error| refusal.take().unwrap_or_else(|| error.into()))?;
    Ok(ExitCode::SUCCESS)
}
