//! `abort`: end the canary, and have what served before.

use anyhow::Result;
use skyward_terminal::Exit;

use crate::command::apply::Caution;
use crate::common::Common;
use crate::deploy::{self, Desired};
use crate::event::{DeployEvent, Event};

/// End the canary, and go back to the last good revision
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    caution: Caution,
}

/// Runs the command.
pub(crate) async fn run(common: &Common, args: &Args) -> Result<Exit> {
    let session = common.open(common.events()).await?;
    let (name, namespace) = session.release();
    let (api, shown) = (&session.api, &session.shown);
    let revisions = session.revisions().await?;
    let target = deploy::abort_target(name, &revisions)?;
    let desired = Desired::nothing(name, namespace).back_to(target);
    let options = args.caution.options(common, &session.loaded);
    let applied = deploy::apply(api, &desired, revisions.clone(), &options, &**shown).await?;
    let text = if applied.changed {
        format!(
            "The canary of {name} is gone; what revision {} says serves, as revision {}.",
            target.number, applied.revision
        )
    } else {
        format!("Nothing to do: the canary of {name} is gone.")
    };
    shown.emit(DeployEvent::Serves { revision: applied.revision }.into());
    shown.emit(Event::finished(text));
    Ok(Exit::Done)
}
