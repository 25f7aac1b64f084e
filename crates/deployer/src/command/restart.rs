//! `restart`: new pods of the same revision.

use std::time::Duration;

use anyhow::{Result, bail};
use skyward_terminal::{Exit, units};

use crate::common::Common;
use crate::event::Event;
use crate::operate;

/// Replace the pods by new ones of the same revision, without downtime
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Of this worker alone; the service's own name for the service alone
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
}

/// Runs the command.
pub(crate) async fn run(common: &Common, args: &Args) -> Result<Exit> {
    let session = common.open(common.events()).await?;
    let (name, namespace) = session.release();
    let revisions = session.revisions().await?;
    let (api, shown) = (&session.api, &session.shown);
    let timeout = Duration::from_secs(session.loaded.config.k3s.timeout_s.into());
    let only = args.only.as_deref();
    let restarting = operate::restart(api, (namespace, name), only, &revisions, timeout, &**shown);
    let count = tokio::select! {
        restarted = restarting => restarted?,
        () = common.interrupt.notified() => bail!(operate::OperateError::Interrupted),
    };
    let deployments = units::counted(count, "Deployment");
    shown.emit(Event::finished(format!("{name} runs in new pods: {deployments} restarted.")));
    Ok(Exit::Done)
}
