//! The inspection: all machines at the same time are connected to, locked where they are to be changed, and asked for their facts.

use std::time::Instant;

use futures_util::future::join_all;
use skyward_terminal::event::Finding;

use super::cluster::{Cluster, Machine};
use super::connection::HostKeys;
use super::error::ClusterError;
use super::facts::{self, Facts};
use super::host::{Host, HostError};
use super::lock::{Claim, LEASE, Rival};
use super::peers;
use super::report::{Reporter, blocks, problem};

/// The machines of a cluster, connected to.
pub struct Reached {
    /// The cluster; its machines are those that were reached, and the others are away.
    pub cluster: Cluster,
    /// The connections to the machines that were reached, in the configuration's order.
    pub hosts: Vec<Host>,
    /// The machines that were not reached.
    pub away: Vec<Away>,
}

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

impl Reached {
    /// Connects to all machines.
    pub async fn connect(cluster: &Cluster, keys: HostKeys, report: &Reporter) -> Self {
        let connected = join_all(
            cluster.machines.iter().map(|machine| Host::connect(machine, keys, report.calls())),
        );
        let mut reached = Self {
            cluster: Cluster { machines: Vec::new(), away: Vec::new(), ..cluster.clone() },
            hosts: Vec::new(),
            away: Vec::new(),
        };
        for (machine, connected) in cluster.machines.iter().zip(connected.await) {
            match connected {
                Ok(host) => {
                    reached.cluster.machines.push(machine.clone());
                    reached.hosts.push(host);
                }
                Err(error) => reached.lose(machine.clone(), error),
            }
        }
        reached
    }

    /// Connects to all machines, and locks those that answer for a command: no other operator changes them until they are closed. Waits
    /// for another operator as long as for a node.
    ///
    /// # Errors
    /// Another operator changes one of them for longer than that.
    pub async fn locked(
        cluster: &Cluster,
        keys: HostKeys,
        command: &str,
        report: &Reporter,
    ) -> Result<Self, ClusterError> {
        let mut reached = Self::connect(cluster, keys, report).await;
        let (claim, limit, began) = (Claim::new(command), cluster.node_timeout(), Instant::now());
        let (mut first, mut told) = (None, String::new());
        while let Some((machine, rival)) = reached.lock(&claim, first.as_deref()).await {
            let left = limit.saturating_sub(began.elapsed());
            if left.is_zero() {
                close(reached.hosts).await;
                let (cluster, waited) = (cluster.name.clone(), began.elapsed());
                return Err(ClusterError::Locked { cluster, machine, rival, waited });
            }
            // Whatever was locked meanwhile is given back: nobody waits for who waits.
            join_all(reached.hosts.iter_mut().map(Host::unlock)).await;
            let holder = format!("{} has been running `{}`", rival.who, rival.command);
            if holder != told {
                let (since, lease) = (rival.since(), LEASE.as_secs());
                let state = format!(
                    "{holder} since {since}; it is taken over {lease} s after its last sign of life"
                );
                report.waiting(&format!("the lock on {machine}"), &state, left);
                told = holder;
            }
            tokio::time::sleep(Claim::pause().min(left)).await;
            first = Some(machine);
        }
        Ok(reached)
    }

    /// Tries to lock all machines; or returns the one that another holds. One comes before all others, so that of two operators who begin
    /// at the same moment one gets all.
    async fn lock(&mut self, claim: &Claim, first: Option<&str>) -> Option<(String, Rival)> {
        let first = self.hosts.iter().position(|host| Some(host.label().as_str()) == first);
        let first = first.unwrap_or(0);
        let before = match self.hosts.get_mut(first) {
            Some(host) => host.lock(claim).await,
            None => return None,
        };
        let mut answers = vec![(first, before)];
        if !matches!(answers[0].1, Ok(Some(_))) {
            let others = self.hosts.iter_mut().enumerate().filter(|(index, _)| *index != first);
            answers.extend(
                join_all(others.map(async |(index, host)| (index, host.lock(claim).await))).await,
            );
        }
        let mut rival = None;
        answers.sort_by_key(|(index, _)| std::cmp::Reverse(*index));
        for (index, answer) in answers {
            match answer {
                Ok(None) => {}
                Ok(Some(found)) => rival = Some((self.hosts[index].label(), found)),
                Err(error) => {
                    self.hosts.remove(index).close().await;
                    let machine = self.cluster.machines.remove(index);
                    self.lose(machine, error);
                }
            }
        }
        rival
    }

    fn lose(&mut self, machine: Machine, error: HostError) {
        self.cluster.away.push(machine.clone());
        self.away.push(Away { machine, error });
    }

    /// Gathers the facts of all machines.
    pub async fn inspect(self) -> Inspection {
        let Self { cluster, hosts, away } = self;
        let gathered =
            join_all(hosts.iter().enumerate().map(async |(index, host)| {
                facts::gather(host, &peers::ports(&cluster, index)).await
            }))
            .await;
        let mut reached = Self {
            cluster: Cluster { machines: Vec::new(), ..cluster.clone() },
            hosts: Vec::new(),
            away,
        };
        let mut facts = Vec::new();
        for ((machine, host), gathered) in cluster.machines.into_iter().zip(hosts).zip(gathered) {
            match gathered {
                Ok(found) => {
                    reached.cluster.machines.push(machine);
                    reached.hosts.push(host);
                    facts.push(found);
                }
                Err(error) => {
                    host.close().await;
                    reached.lose(machine, error);
                }
            }
        }
        let Self { cluster, hosts, away } = reached;
        Inspection { cluster, hosts, facts, away }
    }
}

impl Inspection {
    /// The machines, to be inspected again after a change.
    pub fn reached(self) -> Reached {
        let Self { cluster, hosts, away, .. } = self;
        Reached { cluster, hosts, away }
    }

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
