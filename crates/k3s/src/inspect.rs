//! The inspection: all machines at the same time are connected to and asked for their facts.

use futures_util::future::join_all;
use skyward_terminal::event::Finding;

use super::cluster::{Cluster, Machine};
use super::connection::HostKeys;
use super::error::ClusterError;
use super::facts::{self, Facts};
use super::host::{Host, HostError};
use super::preflight;
use super::report::{Reporter, blocks, problem};

/// A machine that was inspected: its connection and its facts, or the reason that there are none.
pub type Inspected = Result<(Host, Facts), HostError>;

/// The machines of a cluster, inspected.
pub struct Inspection {
    /// One entry for each machine, in the configuration's order.
    pub machines: Vec<Inspected>,
}

/// Connects to all machines and gathers their facts.
pub async fn inspect(cluster: &Cluster, keys: HostKeys, report: &Reporter) -> Inspection {
    let machines = join_all(cluster.machines.iter().map(|machine| async move {
        let host = Host::connect(machine, keys, report.calls()).await?;
        match facts::gather(&host).await {
            Ok(facts) => Ok((host, facts)),
            Err(error) => {
                host.close().await;
                Err(error)
            }
        }
    }))
    .await;
    Inspection { machines }
}

impl Inspection {
    /// The facts of each machine; none of one that was not reached.
    pub fn facts(&self) -> Vec<Option<Facts>> {
        let facts = |seen: &Inspected| seen.as_ref().ok().map(|(_, facts)| facts.clone());
        self.machines.iter().map(facts).collect()
    }

    /// A problem for each machine that was not reached.
    pub fn unreachable(&self) -> Vec<Finding> {
        let errors = self.machines.iter().filter_map(|seen| seen.as_ref().err());
        errors
            .map(|error| {
                let text = format!("{}: {}", error.operation, error.reason);
                Finding { next: error.next(), ..problem(&error.machine, text, "") }
            })
            .collect()
    }

    /// Reports all findings, those of the preflight and `others`, and returns the machines where none of them blocks.
    ///
    /// # Errors
    /// One blocks.
    pub async fn pass(
        self,
        cluster: &Cluster,
        others: Vec<Finding>,
        report: &Reporter,
    ) -> Result<Vec<(Host, Facts)>, ClusterError> {
        let mut findings = self.unreachable();
        findings.extend(preflight::check(cluster, &self.facts()));
        findings.extend(others);
        // Machine by machine, in the configuration's order; then those of the cluster as a whole.
        let labels: Vec<String> = cluster.machines.iter().map(Machine::label).collect();
        findings.sort_by_key(|finding| {
            labels.iter().position(|label| *label == finding.object).unwrap_or(labels.len())
        });
        self.require(findings, report).await
    }

    /// Reports findings, and returns the machines that were reached where none of them blocks.
    ///
    /// # Errors
    /// One blocks.
    pub async fn require(
        self,
        findings: Vec<Finding>,
        report: &Reporter,
    ) -> Result<Vec<(Host, Facts)>, ClusterError> {
        report.findings(&findings);
        let blocking: Vec<Finding> = findings.into_iter().filter(blocks).collect();
        let machines = self.machines.into_iter().flatten();
        if blocking.is_empty() {
            return Ok(machines.collect());
        }
        close(machines.map(|(host, _)| host)).await;
        Err(ClusterError::Findings(blocking))
    }
}

/// Ends connections.
pub async fn close(hosts: impl IntoIterator<Item = Host>) {
    join_all(hosts.into_iter().map(Host::close)).await;
}
