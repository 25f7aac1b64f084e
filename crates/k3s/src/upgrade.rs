//! `upgrade`: one server at a time, then the agents one at a time. Each is drained, upgraded and opened again.

use std::collections::BTreeMap;
use std::time::Duration;

use skyward_config::Role;
use skyward_terminal::event::Finding;

use super::cluster::Cluster;
use super::connection::{HostKeys, Input};
use super::error::ClusterError;
use super::facts::Facts;
use super::files::{self, Member};
use super::host::{Host, HostError, SHORT};
use super::inspect::{self, inspect};
use super::install;
use super::nodes::{self, kubectl};
use super::preflight::{Identity, node_name};
use super::record;
use super::release::{Assets, Source, Verified};
use super::report::{Reporter, problem};
use super::version::{Arch, Version};

/// The time that kubectl gets beyond the limit of a drain, so that it can report what it waited for.
const DRAIN_GRACE: Duration = Duration::from_secs(30);

/// Marks a node that we drain. `$1` the mark, which exists before the node is cordoned, so that a later run knows that we did it.
const MARK: &str = r#"umask 077; : > "$1""#;
const UNMARK: &str = r#"rm -f "$1""#;

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
    if wanted.is_before(&running) {
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
    Ok(true)
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
) -> Result<usize, ClusterError> {
    let inspection = inspect(cluster, keys, report).await;
    let seen = inspection.facts();
    let identity = Identity::of(cluster, &seen);
    let facts: Vec<Facts> = seen.into_iter().flatten().collect();
    let (mut others, mut todo) = (Vec::new(), Vec::new());
    // A machine that was not reached is a finding of the inspection.
    if facts.len() == cluster.machines.len() {
        match order(cluster, &facts) {
            Ok(order) => todo = order,
            Err(findings) => others = findings,
        }
    }
    let mut assets: BTreeMap<Arch, Assets> = BTreeMap::new();
    for arch in todo.iter().filter_map(|index| Arch::of_machine(&facts[*index].machine)) {
        if assets.contains_key(&arch) {
            continue;
        }
        match source.fetch(arch, report).await {
            Ok(found) => drop(assets.insert(arch, found)),
            Err(error) => others.push(error.finding(&cluster.version)),
        }
    }
    let (hosts, facts): (Vec<Host>, Vec<Facts>) =
        inspection.pass(cluster, others, report).await?.into_iter().unzip();
    let work = Work { cluster, hosts: &hosts, facts: &facts, identity: &identity, report };
    for index in &todo {
        report.planned(&hosts[*index].label(), work.step(*index));
    }
    let mut ended = Ok(todo.len());
    for index in todo {
        let arch = Arch::of_machine(&facts[index].machine);
        let Some(assets) = arch.and_then(|arch| assets.get(&arch)) else { continue };
        if let Err(error) = work.upgrade(index, &assets.binary).await {
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

    async fn upgrade(&self, index: usize, binary: &Verified) -> Result<(), HostError> {
        let (host, facts) = (&self.hosts[index], &self.facts[index]);
        let machine = &self.cluster.machines[index];
        let node = node_name(machine, facts);
        let server = &self.hosts[self.identity.first];
        self.drain(server, index, &node).await?;
        let installed = facts.paths.get(record::BINARY).and_then(|entry| entry.sum.as_ref());
        if installed != Some(&binary.sum) {
            host.send(record::BINARY, 0o755, &binary.sum, &binary.path).await?;
        }
        let first = &self.cluster.machines[self.identity.first];
        let member = Member { machine, node: &node, first, is_first: index == self.identity.first };
        let desired = files::desired(self.cluster, &member, facts.init);
        for file in desired.iter().filter(|file| !file.is_there(facts)) {
            host.write(&file.path, file.mode, &file.content).await?;
        }
        let stamp = files::stamp(&binary.sum, &desired);
        let unit = record::unit(machine.role);
        if facts.started.as_ref() != Some(&stamp) || !facts.active {
            install::start(host, unit, facts.init, &stamp).await?;
        }
        let limit = self.cluster.node_timeout();
        let version = Some(self.cluster.version.as_str());
        nodes::await_ready(server, (host, unit), (&node, version), limit, self.report).await?;
        self.uncordon(server, host, &node).await?;
        self.report.done(&host.label(), self.step(index));
        Ok(())
    }

    /// Cordons the node and moves its pods. A node that others cordoned stays so afterwards.
    async fn drain(&self, server: &Host, index: usize, node: &str) -> Result<(), HostError> {
        let (host, facts) = (&self.hosts[index], &self.facts[index]);
        let is_new = facts.version.as_deref() == Some(self.cluster.version.as_str());
        let nodes = nodes::nodes(server).await?;
        if is_new || nodes.len() < 2 {
            // Its pods have no other node to move to; k3s leaves them running while it restarts.
            return Ok(());
        }
        let was_open = nodes.get(node).is_some_and(|node| node.schedulable);
        if was_open {
            host.text("marking it as drained by us", MARK, &[record::CORDONED]).await?;
        }
        let limit = self.cluster.node_timeout();
        let timeout = format!("{}s", limit.as_secs());
        let words =
            ["drain", node, "--ignore-daemonsets", "--delete-emptydir-data", "--timeout", &timeout];
        let operation = format!("moving the pods of {node}");
        if let Err(error) = kubectl(server, &operation, &words, limit + DRAIN_GRACE).await {
            // The node is left as it was: the pods that cannot move stay, and new ones may come.
            if was_open {
                self.uncordon(server, host, node).await?;
            }
            return Err(HostError { machine: host.label(), ..error });
        }
        Ok(())
    }

    /// Opens the node for pods again, where we closed it.
    async fn uncordon(&self, server: &Host, host: &Host, node: &str) -> Result<(), HostError> {
        let operation = "looking for our mark";
        let script = r#"[ -e "$1" ]"#;
        let asked = host.ask(operation, script, &[record::CORDONED], Input::None, SHORT).await?;
        if asked.code != Some(0) {
            return Ok(());
        }
        kubectl(server, &format!("opening {node} for pods"), &["uncordon", node], SHORT).await?;
        host.text("removing our mark", UNMARK, &[record::CORDONED]).await?;
        Ok(())
    }
}
