//! `status`: the versions that run, the state of the nodes, and the end of their certificates.

use std::collections::BTreeMap;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use futures_util::future::join_all;
use serde::Serialize;
use skyward_config::Role;

use super::certificate;
use super::cluster::{Cluster, Machine};
use super::connection::HostKeys;
use super::facts::Facts;
use super::host::Host;
use super::inspect::{self, Away, Reached};
use super::nodes::NodeState;
use super::quorum::{self, Found, Known, Quorum};
use super::report::Reporter;

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
    /// True where all machines have nodes that are ready and run the wanted version.
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

/// Prints the certificates of a node, but not those of its authorities, which last ten years: in base64, one a line.
const CERTIFICATES: &str = r#"for f in /var/lib/rancher/k3s/server/tls/*.crt /var/lib/rancher/k3s/server/tls/etcd/*.crt /var/lib/rancher/k3s/agent/*.crt; do
  case ${f##*/} in *-ca.crt|*ca*.nochain.crt|'*.crt') continue;; esac
  [ -f "$f" ] && base64 < "$f" | tr -d '\n' && echo
done
exit 0
"#;

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
    inspect::close(inspection.hosts).await;
    let mine: Vec<_> = machines.iter().filter_map(|machine| machine.node.as_ref()).collect();
    let others = nodes.iter().flat_map(BTreeMap::keys).filter(|name| !mine.contains(name));
    let others = others.cloned().collect();
    let wanted = cluster.version.to_string();
    let healthy = machines.iter().all(|machine| {
        machine.state == "ready" && machine.version.as_deref() == Some(wanted.as_str())
    });
    let quorum = votes.filter(|votes| votes.servers > 1);
    ClusterStatus { cluster: cluster.name.clone(), wanted, machines, others, quorum, healthy }
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
    let certificates = host.text("reading its certificates", CERTIFICATES, &[]).await;
    status.certificates_end = certificates.ok().and_then(|text| first_end(&text));
    status
}

/// Returns the first end among certificates in base64, one a line.
fn first_end(text: &str) -> Option<String> {
    let pems = text.lines().filter_map(|line| BASE64_STANDARD.decode(line).ok());
    pems.filter_map(|pem| certificate::ends(&pem)).min().map(|end| end.to_string())
}
