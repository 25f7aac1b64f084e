//! `remove` and `replace`, with consent: what is stored on a machine goes with it.

use anyhow::Result;
use skyward_terminal::consent::{self, Answer};

use super::{Context, MachineArgs, has_nodes};
use crate::cluster::Cluster;
use crate::connection::HostKeys;
use crate::release::Source;
use crate::remove::{RemoveOutcome, remove, replace};
use crate::up::UpOptions;

pub(super) async fn take_out(
    context: &Context<'_>,
    keys: HostKeys,
    args: &MachineArgs,
) -> Result<()> {
    let MachineArgs { machine, yes } = args;
    let cluster = Cluster::read(context.loaded)?;
    let name = &cluster.name;
    let question = format!(
        "This takes {machine} out of cluster {name}, with everything that is stored on it."
    );
    consent::ask(&format!("removing {machine}"), &question, Answer::Name(machine), *yes)?;
    let report = context.reporter();
    let RemoveOutcome { removed, away } =
        remove(&cluster, machine, keys, &context.kubeconfig, &report).await?;
    if away {
        report.note(format!(
            "{machine} does not answer, and what is on it stays: switch it off, because its k3s would join again; or run this command again when it is back"
        ));
    }
    context.finish(if removed {
        format!("{machine} is out of cluster {name}; without it in k3s.machine, it stays so.")
    } else {
        format!("Nothing to do: {machine} is not in cluster {name}.")
    });
    Ok(())
}

pub(super) async fn put_in(
    context: &Context<'_>,
    keys: HostKeys,
    args: &MachineArgs,
) -> Result<()> {
    let MachineArgs { machine, yes } = args;
    let cluster = Cluster::read(context.loaded)?;
    let question = format!(
        "This deletes the node of {machine} from cluster {}, with what was stored on that machine, and joins the new one.",
        cluster.name
    );
    consent::ask(&format!("replacing {machine}"), &question, Answer::Name(machine), *yes)?;
    let source = Source::new(context.loaded, &cluster.version);
    let options = UpOptions { keys, kubeconfig: &context.kubeconfig, join: true, plan_only: false };
    let outcome = replace(&cluster, machine, &source, options, &context.reporter()).await?;
    context.finish(has_nodes(&cluster, &outcome));
    Ok(())
}
