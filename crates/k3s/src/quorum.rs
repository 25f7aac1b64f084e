//! The cluster as its own servers see it: its nodes, the servers that answer, and whether they are enough.
//!
//! A machine that does not answer keeps the others from nothing while etcd has its majority. Without one etcd refuses every change, and
//! so do the commands. All but [`ask`] is pure.

use std::collections::BTreeMap;
use std::fmt;

use skyward_config::Role;
use skyward_terminal::Severity;
use skyward_terminal::event::Finding;

use super::cluster::{Cluster, Machine};
use super::facts::Facts;
use super::inspect::{Away, Inspection, Reached};
use super::nodes::{self, NodeState};
use super::preflight::{Identity, node_name};
use super::report::problem;

/// The role of a node that votes in etcd (docs.k3s.io, "High Availability Embedded etcd").
const ETCD: &str = "etcd";

/// The servers that keep the cluster's data, and those of them that answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Quorum {
    /// The servers that vote.
    pub servers: usize,
    /// Those that answer.
    pub answer: usize,
}

impl Quorum {
    /// The number of servers that etcd needs: a majority.
    pub fn needed(self) -> usize {
        self.servers / 2 + 1
    }

    /// Returns true where enough servers answer.
    pub fn holds(self) -> bool {
        self.answer >= self.needed()
    }

    /// Returns it with one server less, which answered or not.
    #[must_use]
    pub fn without_one(self, answered: bool) -> Self {
        let answer = self.answer.saturating_sub(usize::from(answered));
        Self { servers: self.servers.saturating_sub(1), answer }
    }
}

impl fmt::Display for Quorum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { servers, answer } = self;
        let verb = if *answer == 1 { "answers" } else { "answer" };
        let word = if *servers == 1 { "server" } else { "servers" };
        write!(f, "{answer} of {servers} {word} {verb}")?;
        match answer.checked_sub(self.needed()) {
            None => write!(f, ", and etcd needs {}", self.needed()),
            Some(0) => f.write_str("; one more may not fail"),
            Some(1) => f.write_str("; one more may fail"),
            Some(spare) => write!(f, "; {spare} more may fail"),
        }
    }
}

/// A cluster that runs, as one of its servers sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Running {
    /// The index of the server that was asked.
    pub server: usize,
    /// The nodes, by name.
    pub nodes: BTreeMap<String, NodeState>,
}

impl Running {
    /// The servers of the cluster; those answer whose nodes are ready.
    pub fn quorum(&self) -> Quorum {
        let votes = |node: &&NodeState| node.roles.iter().any(|role| role == ETCD);
        let servers = self.nodes.values().filter(votes).count();
        let answer = self.nodes.values().filter(votes).filter(|node| node.ready).count();
        // One server without etcd keeps its data by itself.
        if servers == 0 { Quorum { servers: 1, answer: 1 } } else { Quorum { servers, answer } }
    }
}

/// The cluster as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// No server of the configuration is in a cluster.
    Nothing,
    /// A server answers for the cluster.
    Running(Running),
    /// None of its servers answers for it.
    Silent(String),
}

impl Known {
    /// The index of the server that answers.
    pub fn server(&self) -> Option<usize> {
        match self {
            Self::Running(running) => Some(running.server),
            Self::Nothing | Self::Silent(_) => None,
        }
    }
}

/// A cluster that was looked at whole.
pub struct Found {
    /// Its machines.
    pub inspection: Inspection,
    /// Its identity, led through the server that answers.
    pub identity: Identity,
    /// The cluster as that server sees it.
    pub known: Known,
}

/// Inspects all machines, and asks one of the servers for the nodes.
pub async fn look(reached: Reached) -> Found {
    let inspection = Box::pin(reached.inspect()).await;
    let (cluster, facts) = (&inspection.cluster, &inspection.facts);
    let mut identity = Identity::of(cluster, facts);
    let known = ask(&inspection, identity.first, None).await;
    if let Known::Running(running) = &known {
        identity = Identity::through(cluster, facts, running.server);
    }
    Found { inspection, identity, known }
}

/// Asks the servers for their nodes, `first` before the others and all `but` one, until one answers.
pub async fn ask(inspection: &Inspection, first: usize, but: Option<usize>) -> Known {
    let Inspection { hosts, facts, .. } = inspection;
    let members =
        |index: &usize| Some(*index) != but && is_server(&inspection.cluster, facts, *index);
    let others = (0..hosts.len()).filter(|index| *index != first);
    let mut known = Known::Nothing;
    for server in (0..hosts.len()).filter(|index| *index == first).chain(others) {
        if !members(&server) {
            continue;
        }
        let answer = if facts[server].active {
            nodes::nodes(&hosts[server]).await.map_err(|error| error.to_string())
        } else {
            Err("none of its servers runs".to_owned())
        };
        match answer {
            Ok(nodes) => return Known::Running(Running { server, nodes }),
            Err(reason) => known = Known::Silent(reason),
        }
    }
    known
}

fn is_server(cluster: &Cluster, facts: &[Facts], index: usize) -> bool {
    let record = facts[index].recorded().filter(|record| record.cluster == cluster.name);
    facts[index].is_member() && record.is_some_and(|record| record.role == Role::Server)
}

/// The servers that the inspection reached, of all that are known: an estimate where no server answers for the cluster.
pub fn reached(inspection: &Inspection) -> Quorum {
    let Inspection { cluster, facts, away, .. } = inspection;
    let answer = (0..facts.len()).filter(|index| is_server(cluster, facts, *index)).count();
    let silent = away.iter().filter(|away| away.machine.role == Role::Server).count();
    Quorum { servers: answer + silent, answer }
}

/// Finds machines that would join under the name of a node that the cluster has already. k3s would refuse them.
pub fn taken(cluster: &Cluster, facts: &[Facts], running: &Running) -> Vec<Finding> {
    let joining = cluster.machines.iter().zip(facts).filter(|(_, facts)| facts.record.is_none());
    let taken = joining.filter_map(|(machine, facts)| {
        let node = node_name(machine, facts);
        let text = format!("the cluster has a node {node} already, which is of another machine");
        let next = format!("where that machine is gone: `cluster replace {}`", machine.label());
        running.nodes.contains_key(&node).then(|| problem(machine.label(), text, next))
    });
    taken.collect()
}

/// Judges the machines that do not answer: warnings where the others can do without them, else what blocks.
pub fn absences(inspection: &Inspection, known: &Known) -> Vec<Finding> {
    let away = &inspection.away;
    if away.is_empty() {
        return Vec::new();
    }
    let quorum = match known {
        Known::Running(running) => running.quorum(),
        Known::Nothing | Known::Silent(_) => reached(inspection),
    };
    let can_do = *known != Known::Nothing && quorum.holds();
    let mut findings: Vec<Finding> = away
        .iter()
        .map(|away| {
            let finding = away.finding();
            if can_do && away.is_silent() {
                let next = "bring it back and run the command again; or `cluster remove` or `cluster replace` it";
                Finding { severity: Severity::Warning, next: Some(next.to_owned()), ..finding }
            } else {
                finding
            }
        })
        .collect();
    if *known != Known::Nothing && (quorum.servers > 1 || !quorum.holds()) {
        // Without a snapshot, by k3s's own documentation: a server that is left becomes a cluster of one, with its data.
        let next = "bring one of them back; where they are lost for good, `cluster down` and `cluster restore` begin again from a snapshot, and without one `k3s server --cluster-reset` on a server that is left, with its data";
        let text = quorum.to_string();
        findings.push(if quorum.holds() {
            Finding { severity: Severity::Warning, next: None, ..problem("cluster", text, "") }
        } else {
            problem("cluster", format!("{text}: the cluster can change nothing"), next)
        });
    }
    findings
}

/// The node of a machine that cannot be asked: by its name, or by the address that it has.
pub fn node_of<'a>(machine: &Machine, nodes: &'a BTreeMap<String, NodeState>) -> Option<&'a str> {
    let addresses = [machine.ip.as_deref(), machine.address.as_deref()];
    let is_its = |name: &str, node: &NodeState| match &machine.name {
        Some(configured) => configured == name,
        None => addresses
            .into_iter()
            .flatten()
            .any(|address| address == name || node.addresses.iter().any(|known| known == address)),
    };
    nodes.iter().find(|(name, node)| is_its(name, node)).map(|(name, _)| name.as_str())
}

/// Returns the machines that do not answer and have no node yet: what a command was to do on them is not done.
pub fn not_joined<'a>(
    away: &'a [Away],
    nodes: &BTreeMap<String, NodeState>,
    members: &[&str],
) -> Vec<&'a Away> {
    let unknown: Vec<&Away> =
        away.iter().filter(|away| node_of(&away.machine, nodes).is_none()).collect();
    let found: Vec<&str> = away.iter().filter_map(|away| node_of(&away.machine, nodes)).collect();
    let is_free =
        |name: &&String| !members.contains(&name.as_str()) && !found.contains(&name.as_str());
    // A machine that only ssh knows by its address is one of the nodes that no other machine has.
    if nodes.keys().filter(is_free).count() >= unknown.len() { Vec::new() } else { unknown }
}
