//! `promote`: roll the revision out whose canary runs.

use anyhow::Result;
use skyward_terminal::Exit;

use crate::command::apply::Caution;
use crate::common::Common;
use crate::deploy::{self, Desired};
use crate::event::{DeployEvent, Event};

/// Roll out the revision whose canary runs, just as it was tried
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
    let target = deploy::promotion_target(name, &revisions)?;
    let desired = Desired::nothing(name, namespace).promoted(target);
    let options = args.caution.options(common, &session.loaded);
    let applied = deploy::apply(api, &desired, revisions.clone(), &options, &**shown).await?;
    let revision = applied.revision;
    let text = if applied.changed {
        format!("Revision {revision} of {name} is promoted and serves.")
    } else {
        format!("Nothing to do: revision {revision} of {name} is promoted and serves.")
    };
    shown.emit(DeployEvent::Serves { revision }.into());
    shown.emit(Event::finished(text));
    Ok(Exit::Done)
}
