//! `status`: what runs where, and when certificates end.

use std::collections::BTreeMap;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use futures_util::future::join_all;
use serde::Serialize;
use skyward_config::Role;

use super::certificate;
use super::cluster::Cluster;
use super::connection::HostKeys;
use super::facts::Facts;
use super::host::{Host, HostError};
use super::inspect::{self, inspect};
use super::nodes::{self, NodeState};
use super::preflight::Identity;

/// A cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClusterStatus {
    /// Its name.
    pub cluster: String,
    /// The release that the configuration asks for.
    pub wanted: String,
    /// Its machines.
    pub machines: Vec<MachineStatus>,
    /// Nodes that no machine of the configuration has.
    pub others: Vec<String>,
    /// Whether all machines are nodes that are ready and run the wanted release.
    pub healthy: bool,
}

/// A machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MachineStatus {
    /// What people call it.
    pub machine: String,
    /// Its role by the configuration.
    pub role: Role,
    /// Its node.
    pub node: Option<String>,
    /// The release that is installed.
    pub version: Option<String>,
    /// How its node is: `ready`, `not ready: …`, `not joined`, or why it cannot be told.
    pub state: String,
    /// When the first of its certificates ends (RFC 3339); k3s renews them at a start within 120 days of it.
    pub certificates_end: Option<String>,
}

/// The certificates of a node, without its authorities (those last ten years). `base64`, one a line.
const CERTIFICATES: &str = r#"for f in /var/lib/rancher/k3s/server/tls/*.crt /var/lib/rancher/k3s/server/tls/etcd/*.crt /var/lib/rancher/k3s/agent/*.crt; do
  case ${f##*/} in *-ca.crt|*ca*.nochain.crt|'*.crt') continue;; esac
  [ -f "$f" ] && base64 < "$f" | tr -d '\n' && echo
done
exit 0
"#;

/// Asks all machines.
pub async fn status(cluster: &Cluster, keys: HostKeys) -> ClusterStatus {
    let inspection = inspect(cluster, keys).await;
    let identity = Identity::of(cluster, &inspection.facts());
    let nodes = known_nodes(&inspection.machines, &identity).await;
    let mut machines = join_all(
        cluster
            .machines
            .iter()
            .zip(&inspection.machines)
            .map(|(machine, seen)| describe(machine.label(), machine.role, seen, &nodes)),
    )
    .await;
    let mine: Vec<_> = machines.iter().filter_map(|machine| machine.node.clone()).collect();
    let others = nodes
        .iter()
        .flat_map(BTreeMap::keys)
        .filter(|name| !mine.contains(name))
        .cloned()
        .collect();
    let wanted = cluster.version.to_string();
    let healthy = machines.iter().all(|machine| {
        machine.state == "ready" && machine.version.as_deref() == Some(wanted.as_str())
    });
    inspect::close(inspection.machines.into_iter().flatten().map(|(host, _)| host)).await;
    if let Err(error) = &nodes {
        for machine in machines.iter_mut().filter(|machine| machine.state.is_empty()) {
            machine.state = format!("unknown: {error}");
        }
    }
    ClusterStatus { cluster: cluster.name.clone(), wanted, machines, others, healthy }
}

/// The nodes by the first server that answers.
async fn known_nodes(
    machines: &[Result<(Host, Facts), HostError>],
    identity: &Identity,
) -> Result<BTreeMap<String, NodeState>, String> {
    let answers = |index: usize| {
        machines[index].as_ref().ok().filter(|(host, facts)| {
            host.machine.role == Role::Server && facts.is_member() && facts.active
        })
    };
    let order = std::iter::once(identity.first)
        .chain((0..machines.len()).filter(|index| *index != identity.first));
    let mut reason = "no server of it runs".to_owned();
    for (host, _) in order.filter_map(answers) {
        match nodes::nodes(host).await {
            Ok(nodes) => return Ok(nodes),
            Err(error) => reason = error.to_string(),
        }
    }
    Err(reason)
}

async fn describe(
    machine: String,
    role: Role,
    seen: &Result<(Host, Facts), HostError>,
    nodes: &Result<BTreeMap<String, NodeState>, String>,
) -> MachineStatus {
    let mut report = MachineStatus {
        machine,
        role,
        node: None,
        version: None,
        state: String::new(),
        certificates_end: None,
    };
    let (host, facts) = match seen {
        Ok(seen) => seen,
        Err(error) => {
            report.state = format!("{}: {}", error.doing, error.reason);
            return report;
        }
    };
    report.version.clone_from(&facts.version);
    report.node = facts.recorded().map(|record| record.node.clone());
    if !facts.is_member() {
        "not joined".clone_into(&mut report.state);
        return report;
    }
    if let (Ok(nodes), Some(name)) = (nodes, &report.node) {
        report.state = match nodes.get(name) {
            Some(node) if node.ready && !node.schedulable => "ready, takes no new pods".to_owned(),
            Some(node) if node.ready => "ready".to_owned(),
            Some(node) => format!("not ready: {}", node.reason),
            None => "not joined".to_owned(),
        };
    }
    let certificates = host.text("reading its certificates", CERTIFICATES, &[]).await;
    report.certificates_end = certificates.ok().and_then(|text| first_end(&text));
    report
}

/// The first end among certificates in base64, one a line.
fn first_end(text: &str) -> Option<String> {
    let pems = text.lines().filter_map(|line| BASE64_STANDARD.decode(line).ok());
    pems.filter_map(|pem| certificate::ends(&pem)).min().map(|end| end.to_string())
}
