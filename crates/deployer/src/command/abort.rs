//! `abort`: end the canary, and have what served before.

use anyhow::Result;
use skyward_terminal::Exit;

use crate::command::apply::Caution;
use crate::common::Common;
use crate::deploy::{self, Desired};

/// End the canary, and go back to the last good revision
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    caution: Caution,
}

/// Runs the command.
pub(crate) async fn run(common: &Common, args: &Args) -> Result<Exit> {
    let bring_up = args.caution.bring_up(
        common,
        Desired::back_to,
        deploy::abort_target,
        |name, target, applied| {
            if !applied.changed {
                return format!("Nothing to do: the canary of {name} is gone.");
            }
            let (number, revision) = (target.number, applied.revision);
            format!(
                "The canary of {name} is gone; what revision {number} says serves, as revision {revision}."
            )
        },
    );
    bring_up.await
}
