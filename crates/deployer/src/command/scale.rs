//! `scale`: another number of pods, until the next deployment.

use anyhow::Result;
use skyward_terminal::{Exit, units};

use crate::command::apply::Caution;
use crate::common::Common;
use crate::deploy;
use crate::event::{DeployEvent, Event};
use crate::operate;

/// Change the number of pods, as a revision of its own, until the next deployment
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The number of pods; 0 ends them all
    #[arg(value_parser = clap::value_parser!(u32).range(0..=1000))]
    replicas: u32,
    /// Of this worker [default: the service]
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
    #[command(flatten)]
    caution: Caution,
}

/// Runs the command.
pub(crate) async fn run(common: &Common, args: &Args) -> Result<Exit> {
    let session = common.open(common.events()).await?;
    let (name, namespace) = session.release();
    let revisions = session.revisions().await?;
    let (api, shown) = (&session.api, &session.shown);
    let only = args.only.as_deref();
    let desired = operate::scaled((namespace, name), only, args.replicas, &revisions)?;
    let options = args.caution.options(common, &session.loaded);
    let applied = deploy::apply(api, &desired, revisions, &options, &**shown).await?;
    let what = only.unwrap_or(name);
    let pods = units::counted(args.replicas as usize, "pod");
    let text = if applied.changed {
        format!(
            "{what} runs {pods}, as revision {}; the next deployment has the configuration's number again.",
            applied.revision
        )
    } else {
        format!("Nothing to do: {what} runs {pods}.")
    };
    shown.emit(DeployEvent::Serves { revision: applied.revision }.into());
    shown.emit(Event::finished(text));
    Ok(Exit::Done)
}
