//! `rollback`: bring up the objects of an earlier revision, as a new one.

use anyhow::Result;
use skyward_terminal::Exit;

use crate::command::apply::Caution;
use crate::common::Common;
use crate::deploy::{self, Desired};

/// Go back to an earlier revision
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The revision's number, as `history` lists it [default: the good one before the one that serves]
    revision: Option<u32>,
    #[command(flatten)]
    caution: Caution,
}

/// Runs the command.
pub(crate) async fn run(common: &Common, args: &Args) -> Result<Exit> {
    let bring_up = args.caution.bring_up(
        common,
        Desired::back_to,
        |name, revisions| deploy::rollback_target(name, revisions, args.revision),
        |name, target, applied| {
            let number = target.number;
            if !applied.changed {
                return format!("Nothing to do: what revision {number} says serves already.");
            }
            format!("Revision {number} of {name} serves again, as revision {}.", applied.revision)
        },
    );
    bring_up.await
}
