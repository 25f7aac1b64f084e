//! `upgrade`: one server at a time, then the agents one at a time; each is emptied, renewed, and takes pods again.

use std::collections::BTreeMap;
use std::time::Duration;

use skyward_config::Role;

use super::ClusterError;
use super::cluster::Cluster;
use super::connection::{HostKeys, Input};
use super::event::Finding;
use super::event::{MachineState, Reporter};
use super::facts::Facts;
use super::files::{self, Member};
use super::host::{Host, HostError, SHORT};
use super::inspect::{self, inspect};
use super::install;
use super::nodes::{self, kubectl};
use super::plan::node_name;
use super::preflight::Identity;
use super::record;
use super::release::{Assets, Source, Verified};
use super::version::{Arch, Version};

/// The order in which machines are renewed, by their index: servers, then agents. Those that run the wanted release and take pods
/// are left out. Pure.
///
/// # Errors
/// What stands against it, for each machine.
pub fn order(cluster: &Cluster, facts: &[Facts]) -> Result<Vec<usize>, Vec<Finding>> {
    let mut findings = Vec::new();
    let mut order = Vec::new();
    let wanted = &cluster.version;
    for (index, (machine, facts)) in cluster.machines.iter().zip(facts).enumerate() {
        if !facts.is_member() {
            let text = "it is not in the cluster yet; leave it out of the configuration until the others are upgraded, or `cluster join` first";
            findings.push(Finding::new(machine.label(), text));
            continue;
        }
        let running = facts.version.as_deref().and_then(Version::parse);
        let Some(running) = running else {
            findings.push(Finding::new(
                machine.label(),
                "its k3s does not tell its version; `cluster up` puts it in its place again",
            ));
            continue;
        };
        if running == *wanted && !facts.cordoned {
            continue;
        }
        let ((major, minor), (to_major, to_minor)) = (running.minor(), wanted.minor());
        if wanted.is_before(&running) {
            let text = format!(
                "it runs {running}, and {wanted} is older; Kubernetes has no way back: set k3s.version to {running} or newer"
            );
            findings.push(Finding::new(machine.label(), text));
        } else if major != to_major || to_minor > minor + 1 {
            let text = format!(
                "from {running} to {wanted} a minor release would be skipped, which Kubernetes does not allow; go by way of v{major}.{}",
                minor + 1
            );
            findings.push(Finding::new(machine.label(), text));
        }
        order.push(index);
    }
    if !findings.is_empty() {
        return Err(findings);
    }
    order.sort_by_key(|index| cluster.machines[*index].role == Role::Agent);
    Ok(order)
}

/// `$1`: the mark. There before the node is cordoned, so that a killed run is known to have done it.
const MARK: &str = r#"umask 077; : > "$1""#;
const UNMARK: &str = r#"rm -f "$1""#;

/// Brings every machine to the configured release.
///
/// # Errors
/// Findings, before anything is changed; or what stopped it: the machines after that are as they were.
pub async fn upgrade(
    cluster: &Cluster,
    source: &Source,
    keys: HostKeys,
    report: &Reporter,
) -> Result<usize, ClusterError> {
    let inspection = inspect(cluster, keys).await;
    let seen = inspection.facts();
    let identity = Identity::of(cluster, &seen);
    let facts: Vec<Facts> = seen.into_iter().flatten().collect();
    let mut others = Vec::new();
    let mut todo = Vec::new();
    // A machine that does not answer is a finding by itself.
    if facts.len() == cluster.machines.len() {
        match order(cluster, &facts) {
            Ok(order) => todo = order,
            Err(findings) => others = findings,
        }
    }
    let mut assets: BTreeMap<Arch, Assets> = BTreeMap::new();
    for index in &todo {
        let Some(arch) = Arch::of_machine(&facts[*index].machine) else { continue };
        if assets.contains_key(&arch) {
            continue;
        }
        match source.clone().assets_aside(arch, report).await {
            Ok(found) => drop(assets.insert(arch, found)),
            Err(error) => others.push(Finding::new(format!("k3s {}", cluster.version), error)),
        }
    }
    let (hosts, facts): (Vec<Host>, Vec<Facts>) =
        inspection.pass(cluster, others, report).await?.into_iter().unzip();
    for index in &todo {
        let from = facts[*index].version.as_deref().unwrap_or("?");
        let text = format!("from {from} to {}", cluster.version);
        report.machine(&hosts[*index].label(), MachineState::Planned, text);
    }
    let work = Work { cluster, hosts: &hosts, facts: &facts, identity: &identity, report };
    let mut ended = Ok(todo.len());
    for index in todo {
        let arch = Arch::of_machine(&facts[index].machine);
        let Some(assets) = arch.and_then(|arch| assets.get(&arch)) else { continue };
        if let Err(error) = work.renew(index, &assets.binary).await {
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
    async fn renew(&self, index: usize, binary: &Verified) -> Result<(), HostError> {
        let (host, facts) = (&self.hosts[index], &self.facts[index]);
        let machine = &self.cluster.machines[index];
        let node = node_name(machine, facts);
        let server = &self.hosts[self.identity.first];
        self.empty(server, index, &node).await?;
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
        let limit = Duration::from_secs(self.cluster.settings.node_timeout_s.into());
        let version = Some(self.cluster.version.as_str());
        nodes::await_ready(server, (host, unit), (&node, version), limit, self.report).await?;
        self.fill(server, host, &node).await?;
        self.report.machine(
            &host.label(),
            MachineState::Done,
            format!("runs {}", self.cluster.version),
        );
        Ok(())
    }

    /// Keeps pods from the node and moves those that it has. One that others keep pods from stays so afterwards.
    async fn empty(&self, server: &Host, index: usize, node: &str) -> Result<(), HostError> {
        let (host, facts) = (&self.hosts[index], &self.facts[index]);
        let is_new = facts.version.as_deref() == Some(self.cluster.version.as_str());
        let nodes = nodes::nodes(server).await?;
        if is_new || nodes.len() < 2 {
            // Its pods have nowhere to go; k3s leaves them running while it starts anew.
            return Ok(());
        }
        let was_open = nodes.get(node).is_some_and(|node| node.schedulable);
        if was_open {
            host.text("marking it as emptied by us", MARK, &[record::CORDONED]).await?;
        }
        let timeout = format!("{}s", self.cluster.settings.node_timeout_s);
        let words =
            ["drain", node, "--ignore-daemonsets", "--delete-emptydir-data", "--timeout", &timeout];
        let limit = Duration::from_secs(u64::from(self.cluster.settings.node_timeout_s) + 30);
        let drained = kubectl(server, &format!("moving the pods of {node}"), &words, limit).await;
        if let Err(error) = drained {
            // Left as it was: the pods that cannot move go on, and so may new ones.
            if was_open {
                self.fill(server, host, node).await?;
            }
            return Err(HostError { machine: host.label(), ..error });
        }
        Ok(())
    }

    /// Lets pods onto the node again, where it was we who kept them from it.
    async fn fill(&self, server: &Host, host: &Host, node: &str) -> Result<(), HostError> {
        let asked = host
            .ask("looking for our mark", r#"[ -e "$1" ]"#, &[record::CORDONED], Input::None, SHORT)
            .await?;
        if asked.code != Some(0) {
            return Ok(());
        }
        kubectl(server, &format!("letting pods onto {node}"), &["uncordon", node], SHORT).await?;
        host.text("removing our mark", UNMARK, &[record::CORDONED]).await?;
        Ok(())
    }
}
