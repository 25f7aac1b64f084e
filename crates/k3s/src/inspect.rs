//! The inspection: all machines at the same time are connected to and asked for their facts.

use futures_util::future::join_all;
use skyward_terminal::event::Finding;

use super::cluster::{Cluster, Machine};
use super::connection::HostKeys;
use super::error::ClusterError;
use super::facts::{self, Facts};
use super::host::{Host, HostError};
use super::report::{Reporter, blocks, problem};

/// The machines of a cluster, inspected.
pub struct Inspection {
    /// The cluster; its machines are those that were reached, and the others are away.
    pub cluster: Cluster,
    /// The connections to the machines that were reached, in the configuration's order.
    pub hosts: Vec<Host>,
    /// Their facts.
    pub facts: Vec<Facts>,
    /// The machines that were not reached.
    pub away: Vec<Away>,
}

/// A machine that was not reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Away {
    /// The machine.
    pub machine: Machine,
    /// The reason.
    pub error: HostError,
}

impl Away {
    /// Returns true where the machine says nothing. One that refuses us is alive, and a mistake of the operator's.
    pub fn is_silent(&self) -> bool {
        self.error.is_silence()
    }

    /// The machine as a finding that blocks.
    pub fn finding(&self) -> Finding {
        let text = format!("{}: {}", self.error.operation, self.error.reason);
        Finding { next: self.error.next(), ..problem(self.machine.label(), text, "") }
    }
}

/// Connects to all machines and gathers their facts.
pub async fn inspect(cluster: &Cluster, keys: HostKeys, report: &Reporter) -> Inspection {
    let seen = join_all(cluster.machines.iter().map(|machine| async move {
        let host = Host::connect(machine, keys, report.calls()).await?;
        match facts::gather(&host).await {
            Ok(facts) => Ok((host, facts)),
            Err(error) => {
                host.close().await;
                Err(error)
            }
        }
    }));
    let mut inspection = Inspection {
        cluster: Cluster { machines: Vec::new(), ..cluster.clone() },
        hosts: Vec::new(),
        facts: Vec::new(),
        away: Vec::new(),
    };
    for (machine, seen) in cluster.machines.iter().zip(seen.await) {
        match seen {
            Ok((host, facts)) => {
                inspection.cluster.machines.push(machine.clone());
                inspection.hosts.push(host);
                inspection.facts.push(facts);
            }
            Err(error) => {
                inspection.cluster.away.push(machine.clone());
                inspection.away.push(Away { machine: machine.clone(), error });
            }
        }
    }
    inspection
}

impl Inspection {
    /// Reports findings, machine by machine and then those of the cluster as a whole, and returns itself where none of them blocks.
    ///
    /// # Errors
    /// One blocks.
    pub async fn require(
        self,
        mut findings: Vec<Finding>,
        report: &Reporter,
    ) -> Result<Self, ClusterError> {
        let labels: Vec<String> = self.cluster.all().map(Machine::label).collect();
        findings.sort_by_key(|finding| {
            labels.iter().position(|label| *label == finding.object).unwrap_or(labels.len())
        });
        report.findings(&findings);
        let blocking: Vec<Finding> = findings.into_iter().filter(blocks).collect();
        if blocking.is_empty() {
            return Ok(self);
        }
        close(self.hosts).await;
        Err(ClusterError::Findings(blocking))
    }
}

/// Ends connections.
pub async fn close(hosts: impl IntoIterator<Item = Host>) {
    join_all(hosts.into_iter().map(Host::close)).await;
}
