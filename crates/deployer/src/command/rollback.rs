//! `rollback`: bring up the objects of an earlier revision, as a new one.

use crate::deploy::{self, Desired};
use crate::event::{DeployEvent, Event};
use anyhow::Result;
use skyward_terminal::Exit;

use crate::command::apply::Caution;
use crate::common::Common;

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
    let session = common.open(common.events()).await?;
    let (name, namespace) = session.release();
    let (api, shown) = (&session.api, &session.shown);
    let revisions = session.revisions().await?;
    let target = deploy::rollback_target(name, &revisions, args.revision)?;
    let desired = Desired::nothing(name, namespace).back_to(target);
    let options = args.caution.options(common, &session.loaded);
    let applied = deploy::apply(api, &desired, revisions.clone(), &options, &**shown).await?;
    let text = if applied.changed {
        format!(
            "Revision {} of {name} serves again, as revision {}.",
            target.number, applied.revision
        )
    } else {
        format!("Nothing to do: what revision {} says serves already.", target.number)
    };
    shown.emit(DeployEvent::Serves { revision: applied.revision }.into());
    shown.emit(Event::finished(text));
    Ok(Exit::Done)
}
