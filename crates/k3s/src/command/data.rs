//! `snapshot` and `restore`: the cluster's data, out and in again; and `rotate`, new certificates.

use std::path::Path;

use anyhow::Result;
use skyward_terminal::consent::{self, Answer};
use skyward_terminal::{Output, output};

use super::{Context, has_nodes, silent};
use crate::certificate;
use crate::cluster::{Cluster, Machine};
use crate::connection::HostKeys;
use crate::release::Source;
use crate::restore::restore;
use crate::rotate::{RENEW_DAYS, RotateOutcome, rotate};
use crate::saved::Snapshot;
use crate::snapshot::snapshot;
use crate::up::UpOptions;

pub(super) async fn take(context: &Context<'_>, keys: HostKeys, to: Option<&Path>) -> Result<()> {
    let cluster = Cluster::read(context.loaded)?;
    let path = snapshot(&cluster, to, keys, &context.reporter()).await?;
    context.finish(format!(
        "The snapshot of cluster {} is in {}. It holds the cluster's secrets.",
        cluster.name,
        path.display()
    ));
    if context.output == Output::Text {
        output::line(&path.display().to_string())?;
    }
    Ok(())
}

pub(super) async fn begin_again(
    context: &Context<'_>,
    keys: HostKeys,
    from: &Path,
    yes: bool,
) -> Result<()> {
    let snapshot = Snapshot::read(from)?;
    let cluster = Cluster::read(context.loaded)?;
    let name = &cluster.name;
    let machines: Vec<String> = cluster.machines.iter().map(Machine::label).collect();
    let question = format!(
        "This begins cluster {name} again on {}, as it was in the snapshot.",
        machines.join(", ")
    );
    consent::ask(&format!("restoring cluster {name}"), &question, Answer::Name(name), yes)?;
    let source = Source::new(context.loaded, &cluster.version);
    let options =
        UpOptions { keys, kubeconfig: &context.kubeconfig, join: false, plan_only: false };
    let outcome = restore(&cluster, &snapshot, &source, options, &context.reporter()).await?;
    context.finish(has_nodes(&cluster, &outcome));
    Ok(())
}

pub(super) async fn renew(context: &Context<'_>, keys: HostKeys, all: bool) -> Result<()> {
    let cluster = Cluster::read(context.loaded)?;
    let RotateOutcome { machines, first_end, away } =
        rotate(&cluster, all, keys, &context.kubeconfig, &context.reporter()).await?;
    let away = silent(&away);
    context.finish(match (machines, first_end.map(certificate::day)) {
        (0, Some(day)) => format!(
            "Nothing to do: no certificate ends within {RENEW_DAYS} days, the first on {day}{away}."
        ),
        (0, None) => format!("Nothing to do: no certificate was found{away}."),
        (1, _) => format!("1 machine has new certificates{away}."),
        (many, _) => format!("{many} machines have new certificates{away}."),
    });
    Ok(())
}
