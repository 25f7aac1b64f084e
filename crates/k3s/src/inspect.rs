//! All machines at the same time: connected, looked at, judged.

use futures_util::future::join_all;

use super::ClusterError;
use super::cluster::{Cluster, Machine};
use super::connection::HostKeys;
use super::event::Finding;
use super::event::Reporter;
use super::facts::{self, Facts};
use super::host::{Host, HostError};
use super::preflight;

/// What was found on the machines that answered.
pub struct Inspection {
    /// For each machine of the cluster: the connection, and what is there.
    pub machines: Vec<Result<(Host, Facts), HostError>>,
}

/// Connects to all machines and looks at them.
pub async fn inspect(cluster: &Cluster, keys: HostKeys) -> Inspection {
    let machines = join_all(cluster.machines.iter().map(|machine| async move {
        let host = Host::connect(machine, keys).await?;
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
    /// What each machine has told.
    pub fn facts(&self) -> Vec<Option<Facts>> {
        self.machines
            .iter()
            .map(|seen| seen.as_ref().ok().map(|(_, facts)| facts.clone()))
            .collect()
    }

    /// The machines that do not answer, or do not let us in.
    pub fn unreachable(&self) -> Vec<Finding> {
        let silent = self.machines.iter().filter_map(|seen| seen.as_ref().err());
        silent
            .map(|error| Finding::new(&error.machine, format!("{}: {}", error.doing, error.reason)))
            .collect()
    }

    /// Tells all findings, the machines' and `others`; goes on where none of them blocks.
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
        // Machine by machine, in the configuration's order; then what concerns no single one.
        let labels: Vec<String> = cluster.machines.iter().map(Machine::label).collect();
        findings.sort_by_key(|finding| {
            labels.iter().position(|label| *label == finding.machine).unwrap_or(labels.len())
        });
        report.findings(&findings);
        let (blocking, _): (Vec<_>, Vec<_>) =
            findings.into_iter().partition(|finding| finding.blocks);
        if blocking.is_empty() {
            return Ok(self.machines.into_iter().flatten().collect());
        }
        self.close().await;
        Err(ClusterError::Findings { findings: blocking })
    }

    /// Ends the connections.
    pub async fn close(self) {
        close(self.machines.into_iter().flatten().map(|(host, _)| host)).await;
    }
}

/// Ends connections.
pub async fn close(hosts: impl IntoIterator<Item = Host>) {
    join_all(hosts.into_iter().map(Host::close)).await;
}
