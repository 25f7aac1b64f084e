//! `promote`: roll the revision out whose canary runs.

use anyhow::Result;
use skyward_terminal::Exit;

use crate::command::apply::Caution;
use crate::common::Common;
use crate::deploy::{self, Desired};

/// Roll out the revision whose canary runs, just as it was tried
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    caution: Caution,
}

/// Runs the command.
pub(crate) async fn run(common: &Common, args: &Args) -> Result<Exit> {
    let bring_up = args.caution.bring_up(
        common,
        Desired::promoted,
        deploy::promotion_target,
        |name, _, applied| {
            let revision = applied.revision;
            if applied.changed {
                format!("Revision {revision} of {name} is promoted and serves.")
            } else {
                format!("Nothing to do: revision {revision} of {name} is promoted and serves.")
            }
        },
    );
    bring_up.await
}
