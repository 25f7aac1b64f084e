//! `status`: the versions that run, the state of the nodes, and the end of their certificates.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use jiff::Timestamp;
use serde::Serialize;
use skyward_config::Role;
use skyward_terminal::Severity;
use skyward_terminal::event::Finding;

use super::cluster::{Cluster, Machine};
use super::connection::HostKeys;
use super::diagnosis;
use super::facts::Facts;
use super::host::{Host, HostError};
use super::inspect::{self, Away, Inspection, Reached};
use super::nodes::NodeState;
use super::pods;
use super::preflight;
use super::quorum::{self, Found, Known, Quorum};
use super::report::{Reporter, blocks, problem};
use super::rotate;

/// The state of a cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClusterStatus {
    /// Its name.
    pub cluster: String,
    /// The version that the configuration asks for.
    pub wanted: String,
    /// Its machines.
    pub machines: Vec<MachineStatus>,
    /// Nodes that no machine of the configuration has.
    pub others: Vec<String>,
    /// The servers that vote and those of them that answer, where there are several.
    pub quorum: Option<Quorum>,
    /// The problems and warnings, machine by machine, with the remedy of each.
    pub findings: Vec<Finding>,
    /// True where all machines have nodes that are ready and run the wanted version, and none has a problem.
    pub healthy: bool,
}

/// The state of a machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MachineStatus {
    /// Its name for people.
    pub machine: String,
    /// Its role in the configuration.
    pub role: Role,
    /// Its node.
    pub node: Option<String>,
    /// The version that is installed.
    pub version: Option<String>,
    /// The state of its node: `ready`, `not ready: …`, `not joined`, or the reason that it is unknown.
    pub state: String,
    /// The end of its first certificate (RFC 3339). k3s renews certificates when it starts within 120 days of it.
    pub certificates_end: Option<String>,
}

impl MachineStatus {
    fn of(machine: &Machine) -> Self {
        Self {
            machine: machine.label(),
            role: machine.role,
            node: None,
            version: None,
            state: String::new(),
            certificates_end: None,
        }
    }
}

/// The nodes by name, or the reason that they are unknown.
type KnownNodes = Result<BTreeMap<String, NodeState>, String>;

/// Asks all machines for their state.
pub async fn status(cluster: &Cluster, keys: HostKeys, report: &Reporter) -> ClusterStatus {
    let reached = Reached::connect(cluster, keys, report).await;
    let Found { inspection, known, .. } = quorum::look(reached).await;
    let votes = match &known {
        Known::Running(running) => Some(running.quorum()),
        Known::Silent(_) => Some(quorum::reached(&inspection)),
        Known::Nothing => None,
    };
    let server = known.server();
    let nodes = match known {
        Known::Running(running) => Ok(running.nodes),
        Known::Silent(reason) => Err(reason),
        Known::Nothing => Err("none of its servers runs".to_owned()),
    };
    let machines = join_all(cluster.machines.iter().map(|machine| {
        let reached = inspection.cluster.machines.iter().position(|reached| reached == machine);
        let seen = match reached {
            Some(index) => Ok((&inspection.hosts[index], &inspection.facts[index])),
            None => Err(inspection.away.iter().find(|away| away.machine == *machine)),
        };
        describe(MachineStatus::of(machine), machine, seen, &nodes)
    }))
    .await;
    let mut findings = diagnose(&inspection, nodes.as_ref().ok(), &machines);
    if let Some(server) = server {
        let pods = pods::ailing(&inspection.hosts[server]).await;
        findings.extend(of_pods(cluster, pods, nodes.as_ref().ok(), &machines));
    }
    inspect::close(inspection.hosts).await;
    let mine: Vec<_> = machines.iter().filter_map(|machine| machine.node.as_ref()).collect();
    let others = nodes.iter().flat_map(BTreeMap::keys).filter(|name| !mine.contains(name));
    let others = others.cloned().collect();
    let wanted = cluster.version.to_string();
    let labels: Vec<String> = cluster.machines.iter().map(Machine::label).collect();
    let place = |finding: &Finding| labels.iter().position(|label| *label == finding.object);
    findings.sort_by_key(|finding| place(finding).unwrap_or(labels.len()));
    let is_well = |machine: &MachineStatus| {
        machine.state == "ready" && machine.version.as_deref() == Some(wanted.as_str())
    };
    let healthy = machines.iter().all(is_well) && !findings.iter().any(blocks);
    let quorum = votes.filter(|votes| votes.servers > 1);
    let cluster = cluster.name.clone();
    ClusterStatus { cluster, wanted, machines, others, quorum, findings, healthy }
}

/// Finds what the preflight would, and what comes with the years. A machine that is in no cluster is told of by its state.
fn diagnose(
    inspection: &Inspection,
    nodes: Option<&BTreeMap<String, NodeState>>,
    machines: &[MachineStatus],
) -> Vec<Finding> {
    let Inspection { cluster, facts, .. } = inspection;
    let mut findings = preflight::check(cluster, facts);
    findings.retain(|finding| finding.severity != Severity::Note);
    for (machine, facts) in cluster.machines.iter().zip(facts).filter(|(_, it)| it.is_member()) {
        let label = machine.label();
        let status = machines.iter().find(|status| status.machine == label);
        let node = status.and_then(|status| nodes?.get(status.node.as_ref()?));
        findings.extend(diagnosis::of_machine(machine, facts, node));
        let end = status.and_then(|status| status.certificates_end.as_ref()?.parse().ok());
        findings
            .extend(end.and_then(|end| diagnosis::of_certificates(machine, end, Timestamp::now())));
    }
    findings
}

/// The pods that do not run. Those of a node that is not ready are told of by its state.
fn of_pods(
    cluster: &Cluster,
    pods: Result<Vec<pods::Ailing>, HostError>,
    nodes: Option<&BTreeMap<String, NodeState>>,
    machines: &[MachineStatus],
) -> Vec<Finding> {
    let pods = match pods {
        Ok(pods) => pods,
        Err(error) => {
            let text = format!("{}: {}", error.operation, error.reason);
            let finding = problem("cluster", text, "run the command again");
            return vec![Finding { severity: Severity::Warning, ..finding }];
        }
    };
    let is_ready = |node: &str| nodes.and_then(|nodes| nodes.get(node)).is_some_and(|it| it.ready);
    let shown = pods.iter().filter(|pod| pod.node.as_deref().is_none_or(is_ready));
    let shown = shown.map(|pod| {
        let on = machines.iter().find(|status| status.node.is_some() && status.node == pod.node);
        let object = on.map(|status| status.machine.clone()).or_else(|| pod.node.clone());
        diagnosis::of_pod(cluster, pod, object.unwrap_or_else(|| "cluster".to_owned()))
    });
    shown.collect()
}

async fn describe(
    mut status: MachineStatus,
    machine: &Machine,
    seen: Result<(&Host, &Facts), Option<&Away>>,
    nodes: &KnownNodes,
) -> MachineStatus {
    let (host, facts) = match seen {
        Ok(seen) => seen,
        Err(away) => {
            let node = nodes.as_ref().ok().and_then(|nodes| quorum::node_of(machine, nodes));
            status.node = node.map(str::to_owned);
            if let Some(Away { error, .. }) = away {
                status.state = format!("{}: {}", error.operation, error.reason);
            }
            return status;
        }
    };
    status.version.clone_from(&facts.version);
    status.node = facts.recorded().map(|record| record.node.clone());
    if !facts.is_member() {
        "not joined".clone_into(&mut status.state);
        return status;
    }
    let node = status.node.as_ref();
    status.state = match nodes.as_ref().map(|nodes| node.and_then(|name| nodes.get(name))) {
        Ok(Some(node)) if node.ready && !node.schedulable => "ready, takes no new pods".to_owned(),
        Ok(Some(node)) if node.ready => "ready".to_owned(),
        Ok(Some(node)) => format!("not ready: {}", node.reason),
        Ok(None) => "not joined".to_owned(),
        Err(reason) => format!("unknown: {reason}"),
    };
    let end = rotate::first_end(host).await.ok().flatten();
    status.certificates_end = end.map(|end| end.to_string());
    status
}
