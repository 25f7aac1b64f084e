//! `upgrade`: one server at a time, then the agents one at a time. Each is drained, upgraded and opened again.

use std::collections::BTreeMap;

use skyward_config::Role;
use skyward_terminal::event::Finding;

use super::cluster::Cluster;
use super::connection::HostKeys;
use super::drain;
use super::error::ClusterError;
use super::facts::Facts;
use super::files::{self, Member};
use super::host::{Host, HostError};
use super::inspect::{self, Inspection, Reached};
use super::install;
use super::nodes::{self, NodeState};
use super::plan;
use super::preflight::{self, Identity, node_name};
use super::quorum::{self, Found, Known};
use super::record;
use super::release::{Assets, Source};
use super::report::{Reporter, problem};
use super::snapshot;
use super::version::{Arch, Version};

/// Returns the indices of the machines to upgrade, servers before agents. Those that run the wanted version and take pods are left out.
/// Pure.
///
/// # Errors
/// The problems of each machine.
pub fn order(cluster: &Cluster, facts: &[Facts]) -> Result<Vec<usize>, Vec<Finding>> {
    let mut findings = Vec::new();
    let mut order = Vec::new();
    for (index, (machine, facts)) in cluster.machines.iter().zip(facts).enumerate() {
        match must_upgrade(&cluster.version, facts) {
            Ok(true) => order.push(index),
            Ok(false) => {}
            Err((text, next)) => findings.push(problem(machine.label(), text, next)),
        }
    }
    if !findings.is_empty() {
        return Err(findings);
    }
    order.sort_by_key(|index| cluster.machines[*index].role == Role::Agent);
    Ok(order)
}

/// Returns true for a machine that must be upgraded; or why it cannot be, and the advice.
fn must_upgrade(wanted: &Version, facts: &Facts) -> Result<bool, (String, String)> {
    if !facts.is_member() {
        let next = "leave it out of the configuration until the others are upgraded, or run `cluster join` first";
        return Err(("it is not in the cluster yet".to_owned(), next.to_owned()));
    }
    let Some(running) = facts.version.as_deref().and_then(Version::parse) else {
        let next = "run `cluster up`, which installs it again";
        return Err(("its k3s does not report its version".to_owned(), next.to_owned()));
    };
    if running == *wanted {
        return Ok(facts.cordoned);
    }
    step(&running, wanted)?;
    Ok(true)
}

/// Checks that a machine may go from one release to another; or says why not, with the advice.
///
/// # Errors
/// The text and the advice.
pub(crate) fn step(running: &Version, wanted: &Version) -> Result<(), (String, String)> {
    if wanted.is_before(running) {
        return Err((
            format!("it runs {running}, and {wanted} is older; Kubernetes cannot go back"),
            format!("set k3s.version to {running} or newer"),
        ));
    }
    let ((major, minor), (to_major, to_minor)) = (running.minor(), wanted.minor());
    if major != to_major || to_minor > minor + 1 {
        return Err((
            format!(
                "from {running} to {wanted} skips a minor release, which Kubernetes does not allow"
            ),
            format!("upgrade to a release of v{major}.{} first", minor + 1),
        ));
    }
    Ok(())
}

/// Finds servers that do not answer and would be more than one minor release behind the others.
fn left_behind(cluster: &Cluster, nodes: &BTreeMap<String, NodeState>) -> Vec<Finding> {
    let behind = cluster.away.iter().filter_map(|machine| {
        let name = quorum::node_of(machine, nodes)?;
        let running = Version::parse(&nodes[name].version)?;
        let (text, next) = step(&running, &cluster.version).err()?;
        let next = format!("{next}; or take it out of the cluster with `cluster remove`");
        (machine.role == Role::Server).then(|| problem(machine.label(), text, next))
    });
    behind.collect()
}

/// The outcome of an upgrade.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpgradeOutcome {
    /// The number of machines that were upgraded.
    pub machines: usize,
    /// Those that do not answer, and keep what they run.
    pub away: Vec<String>,
}

/// Upgrades every machine to the configured version.
///
/// # Errors
/// Findings, before the first change; or the failure that stopped it. The machines after that one are unchanged.
pub async fn upgrade(
    cluster: &Cluster,
    source: &Source,
    keys: HostKeys,
    report: &Reporter,
) -> Result<UpgradeOutcome, ClusterError> {
    let reached = Reached::locked(cluster, keys, "cluster upgrade", report).await?;
    let Found { inspection, identity, known } = quorum::look(reached).await;
    let Inspection { cluster, facts, .. } = &inspection;
    let mut findings = quorum::absences(&inspection, &known);
    if let Known::Running(running) = &known {
        findings.extend(left_behind(cluster, &running.nodes));
    }
    findings.extend(preflight::check(cluster, facts));
    let todo = order(cluster, facts).unwrap_or_else(|others| {
        findings.extend(others);
        Vec::new()
    });
    let mut assets: BTreeMap<Arch, Assets> = BTreeMap::new();
    for arch in todo.iter().filter_map(|index| Arch::of_machine(&facts[*index].machine)) {
        if assets.contains_key(&arch) {
            continue;
        }
        match source.fetch(arch, report).await {
            Ok(found) => drop(assets.insert(arch, found)),
            Err(error) => findings.push(error.finding(&cluster.version)),
        }
    }
    let Inspection { cluster, hosts, facts, away } = inspection.require(findings, report).await?;
    let away = away.iter().map(|away| away.machine.label()).collect();
    let work =
        Work { cluster: &cluster, hosts: &hosts, facts: &facts, identity: &identity, report };
    for index in &todo {
        report.planned(&hosts[*index].label(), work.step(*index));
    }
    let is_new = |index: &usize| facts[*index].version.as_deref() != Some(cluster.version.as_str());
    if todo.iter().any(is_new) {
        match snapshot::before_upgrade(
            &hosts,
            &facts,
            identity.first,
            cluster.node_timeout(),
            report,
        )
        .await
        {
            Ok(path) => report.note(format!("a snapshot from before is in {}", path.display())),
            Err(error) => {
                inspect::close(hosts).await;
                return Err(error);
            }
        }
    }
    let mut ended = Ok(UpgradeOutcome { machines: todo.len(), away });
    for index in todo {
        let arch = Arch::of_machine(&facts[index].machine);
        let Some(assets) = arch.and_then(|arch| assets.get(&arch)) else { continue };
        if let Err(error) = work.upgrade(index, assets).await {
            report.failed(&error);
            ended = Err(error.into());
            break;
        }
    }
    inspect::close(hosts).await;
    ended
}

struct Work<'a> {
    cluster: &'a Cluster,
    hosts: &'a [Host],
    facts: &'a [Facts],
    identity: &'a Identity,
    report: &'a Reporter,
}

impl Work<'_> {
    /// The step on a machine, in words.
    fn step(&self, index: usize) -> String {
        let from = self.facts[index].version.as_deref().unwrap_or("?");
        format!("upgrade from {from} to {}", self.cluster.version)
    }

    async fn upgrade(&self, index: usize, assets: &Assets) -> Result<(), HostError> {
        let (host, facts) = (&self.hosts[index], &self.facts[index]);
        let machine = &self.cluster.machines[index];
        let node = node_name(machine, facts);
        let server = &self.hosts[self.identity.first];
        let limit = self.cluster.node_timeout();
        // One that has the release already was drained by an earlier run.
        if facts.version.as_deref() != Some(self.cluster.version.as_str()) {
            drain::drain(server, host, &node, limit).await?;
        }
        // The images come first: without a registry the new k3s starts none of its own pods without them.
        if let Some((name, images)) = plan::lacking(assets, facts) {
            install::send_images(host, name, images).await?;
        }
        let binary = &assets.binary;
        let installed = facts.paths.get(record::BINARY).and_then(|entry| entry.sum.as_ref());
        if installed != Some(&binary.sum) {
            host.send(record::BINARY, 0o755, &binary.sum, &binary.path).await?;
        }
        let joins = plan::joins(self.cluster, self.facts, self.identity.first, index);
        let member = Member { machine, node: &node, joins: joins.as_deref() };
        let desired = files::desired(self.cluster, &member, facts.init);
        for file in desired.iter().filter(|file| !file.is_there(facts)) {
            host.write(&file.path, file.mode, &file.content).await?;
        }
        let images = plan::images(Some(assets), facts);
        let stamp = files::stamp(&binary.sum, images.as_deref(), &desired);
        let unit = record::unit(machine.role);
        if facts.started.as_ref() != Some(&stamp) || !facts.active {
            install::start(host, unit, facts.init, &stamp).await?;
        }
        let version = Some(self.cluster.version.as_str());
        nodes::await_ready(server, (host, unit), (&node, version), limit, self.report).await?;
        drain::open(server, host, &node).await?;
        self.report.done(&host.label(), self.step(index));
        Ok(())
    }
}
