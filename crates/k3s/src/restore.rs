//! `restore`: a cluster begins again from a snapshot, on machines that are in no cluster.
//!
//! The first server gets the tokens and the data, and is a cluster by itself. The nodes of before are deleted, as their machines are gone
//! with their passwords; then the others join as they do with `up`. A mark on the first server says how far it is, so that a run that
//! was killed is continued, and so that `up` does not begin an empty cluster in between.

use skyward_terminal::event::Finding;

use super::cluster::Cluster;
use super::connection::Input;
use super::error::ClusterError;
use super::facts::Facts;
use super::host::{Host, HostError, LONG};
use super::inspect::{self, Away, Inspection, Reached};
use super::install::{self, init_word};
use super::nodes;
use super::plan::{self, MachinePlan};
use super::preflight::{self, Identity};
use super::quorum::{self, Found};
use super::record;
use super::release::Source;
use super::report::{Reporter, problem};
use super::saved::{Description, Snapshot};
use super::snapshot::COPY;
use super::up::{UpOptions, UpOutcome, complete};
use super::upgrade;
use super::version::{Arch, Version};

/// Brings the data to its place. `$1` the snapshot, `$2` its store, `$3` the mark, `$4` its SHA-256, `$5` the init system.
const RESTORE: &str = include_str!("scripts/restore.sh");
/// Makes the folder of the node's password.
const FOLDER: &str = "umask 022; mkdir -p /etc/rancher/node";
/// The password of a node.
const PASSWORD: &str = "/etc/rancher/node/password";

/// Begins a cluster again from a snapshot.
///
/// # Errors
/// Findings, before the first change; or what failed.
pub async fn restore(
    cluster: &Cluster,
    snapshot: &Snapshot,
    source: &Source,
    options: UpOptions<'_>,
    report: &Reporter,
) -> Result<UpOutcome, ClusterError> {
    let reached = Reached::locked(cluster, options.keys, "cluster restore", report).await?;
    let Found { inspection, identity, .. } = quorum::look(reached).await;
    let Inspection { cluster: reached, facts, away, .. } = &inspection;
    let first = identity.first;
    let mut findings: Vec<Finding> = away.iter().map(Away::finding).collect();
    findings.extend(preflight::check(reached, facts));
    findings.extend(misfits(reached, facts, first, &snapshot.description));
    let is_done = mark(facts, first) == Some(&marked(snapshot, "done"));
    let mut assets = None;
    let arch = facts.get(first).and_then(|facts| Arch::of_machine(&facts.machine));
    if let Some(arch) = arch.filter(|_| !is_done) {
        match source.fetch(arch, report).await {
            Ok(found) => assets = Some((arch, found)),
            Err(error) => findings.push(error.finding(&cluster.version)),
        }
    }
    let inspection = inspection.require(findings, report).await?;
    if !is_done {
        let Inspection { cluster, hosts, facts, .. } = &inspection;
        let (fresh, id) = (Identity { id: None, ..identity }, &snapshot.description.id);
        let plan = plan::plan(cluster, facts, &fresh, &assets.into_iter().collect(), id);
        let (host, facts, planned) = (&hosts[first], &facts[first], &plan.machines[first]);
        if let Err(error) = begin(cluster, (host, facts, planned), snapshot, report).await {
            report.failed(&error);
            inspect::close(inspection.hosts).await;
            return Err(error.into());
        }
    }
    Box::pin(complete(inspection.reached(), source, options, report)).await
}

/// The mark of a restore on the first server.
fn mark(facts: &[Facts], first: usize) -> Option<&String> {
    facts.get(first).and_then(|facts| facts.restored.as_ref())
}

fn marked(snapshot: &Snapshot, state: &str) -> String {
    format!("{} {state}", snapshot.description.sum)
}

/// Finds machines that are in a cluster, unless this restore has put them there, and a snapshot that is of another cluster or release.
fn misfits(
    cluster: &Cluster,
    facts: &[Facts],
    first: usize,
    description: &Description,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let is_ours = mark(facts, first).is_some_and(|mark| mark.starts_with(&description.sum));
    for (index, (machine, facts)) in cluster.machines.iter().zip(facts).enumerate() {
        let has_begun = index == first && !facts.is_member();
        let is_its = facts
            .recorded()
            .is_none_or(|record| record.id == description.id && (is_ours || has_begun));
        if !is_its {
            let next = "run `cluster down` first, which ends that one";
            findings.push(problem(machine.label(), "it is in a cluster already", next));
        }
    }
    if description.cluster != cluster.name {
        let text = format!("it is of the cluster {}", description.cluster);
        findings.push(problem("snapshot", text, "set k3s.cluster to that name"));
    }
    if let Some(from) = Version::parse(&description.version)
        && let Err((text, next)) = upgrade::step(&from, &cluster.version)
    {
        findings.push(problem("snapshot", text, next));
    }
    findings
}

/// Makes a cluster of the first server alone, with the data of the snapshot.
async fn begin(
    cluster: &Cluster,
    (host, facts, planned): (&Host, &Facts, &MachinePlan),
    snapshot: &Snapshot,
    report: &Reporter,
) -> Result<(), HostError> {
    install::prepare(host, planned, report).await?;
    let record = &planned.record;
    if facts.restored.is_none() {
        host.write(record::RESTORED, 0o600, marked(snapshot, "begun").as_bytes()).await?;
    }
    host.write(record::TOKEN, 0o600, &snapshot.token.file()).await?;
    host.write(record::AGENT_TOKEN, 0o600, &snapshot.agent_token.file()).await?;
    if let Some(password) = snapshot.passwords.get(&record.node) {
        host.text("making the folder of its password", FOLDER, &[]).await?;
        host.write(PASSWORD, 0o600, &password.file()).await?;
    }
    host.write(COPY, 0o600, &snapshot.data).await?;
    let (store, sum) = (snapshot.description.store.as_str(), &snapshot.description.sum);
    let words = [COPY, store, record::RESTORED, sum.as_str(), init_word(facts.init)];
    host.run("restoring its data", RESTORE, &words, Input::None, LONG).await?;
    report.done(&host.label(), "restore the data of the cluster");
    install::start(host, record.unit(), facts.init, &planned.stamp).await?;
    let (node, limit) = ((record.node.as_str(), None), cluster.node_timeout());
    nodes::await_ready(host, (host, record.unit()), node, limit, report).await?;
    for old in nodes::nodes(host).await?.keys().filter(|node| **node != record.node) {
        nodes::delete(host, old).await?;
        report.done(&host.label(), format!("delete the node {old} of before"));
    }
    host.write(record::RESTORED, 0o600, marked(snapshot, "done").as_bytes()).await
}
