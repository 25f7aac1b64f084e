//! `remove` and `replace`: one machine leaves the cluster, and with `replace` a new one of its name takes its place.

use std::path::Path;

use skyward_terminal::event::Finding;

use super::cluster::{Cluster, Machine};
use super::connection::HostKeys;
use super::down;
use super::drain::drain;
use super::error::ClusterError;
use super::facts::Facts;
use super::host::HostError;
use super::inspect::{self, Inspection, Reached};
use super::kubeconfig::{Kubeconfig, Owner};
use super::nodes;
use super::preflight::{Identity, node_name};
use super::quorum::{self, Found, Known, Running};
use super::release::Source;
use super::report::{Reporter, problem};
use super::up::{UpOptions, UpOutcome, complete, write_kubeconfig};

/// The role of a server's node.
const SERVER: &str = "control-plane";

/// The outcome of `remove`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoveOutcome {
    /// True where something was removed.
    pub removed: bool,
    /// True where the machine did not answer, so that what is on it stays.
    pub away: bool,
}

/// A machine that is to leave.
struct Leaving {
    /// Its name for people.
    label: String,
    /// Its index among the machines that were reached.
    index: Option<usize>,
    /// Its node, where the cluster has one.
    node: Option<String>,
}

/// Takes one machine out of the cluster: its pods move, its node goes, and with it its place in etcd, and the machine is cleaned where it
/// answers.
///
/// # Errors
/// Findings, before the first change; or the step that failed.
pub async fn remove(
    cluster: &Cluster,
    name: &str,
    keys: HostKeys,
    kubeconfig: &Path,
    report: &Reporter,
) -> Result<RemoveOutcome, ClusterError> {
    let locked = Reached::locked(cluster, keys, "cluster remove", report).await?;
    let inspection = locked.inspect().await;
    let Inspection { cluster, facts, .. } = &inspection;
    let index = reached(cluster, facts, name);
    let first = Identity::of(cluster, facts).first;
    let known = quorum::ask(&inspection, first, index).await;
    let leaving = leaving(&inspection, &known, name, index);
    let mut findings = match &leaving {
        Some(leaving) => refusals(&inspection, &known, leaving),
        None => vec![unknown(cluster, &known, name)],
    };
    let others = quorum::absences(&inspection, &known);
    findings.extend(
        others.into_iter().filter(|finding| {
            leaving.as_ref().is_none_or(|leaving| finding.object != leaving.label)
        }),
    );
    let inspection = inspection.require(findings, report).await?;
    let (Some(leaving), Known::Running(running)) = (leaving, &known) else {
        inspect::close(inspection.hosts).await;
        return Ok(RemoveOutcome { removed: false, away: false });
    };
    let ended = take_out(&inspection, running, &leaving, report).await;
    let ended = match ended {
        Ok(removed) => lead_elsewhere(&inspection, running.server, kubeconfig, report)
            .await
            .map(|()| RemoveOutcome { removed, away: leaving.index.is_none() }),
        Err(error) => {
            report.failed(&error);
            Err(error.into())
        }
    };
    inspect::close(inspection.hosts).await;
    ended
}

/// The machine of a name among those that were reached: of one that has left the cluster, or was never in it, no more is known than the
/// name that its node would have.
fn reached(cluster: &Cluster, facts: &[Facts], name: &str) -> Option<usize> {
    let machines = || cluster.machines.iter().zip(facts);
    let is_named = |(machine, facts): (&Machine, &Facts)| {
        is_called(machine, name) || facts.recorded().is_some_and(|record| record.node == name)
    };
    let would_be = |(_, facts): (&Machine, &Facts)| {
        facts.recorded().is_none() && facts.hostname.eq_ignore_ascii_case(name)
    };
    machines().position(is_named).or_else(|| machines().position(would_be))
}

fn is_called(machine: &Machine, name: &str) -> bool {
    machine.label() == name
        || [&machine.address, &machine.name].into_iter().any(|known| known.as_deref() == Some(name))
}

fn leaving(
    inspection: &Inspection,
    known: &Known,
    name: &str,
    index: Option<usize>,
) -> Option<Leaving> {
    let Inspection { cluster, facts, .. } = inspection;
    let nodes = match known {
        Known::Running(running) => Some(&running.nodes),
        _ => None,
    };
    if let Some(index) = index {
        let recorded = facts[index].recorded().map(|record| record.node.clone());
        let label = cluster.machines[index].label();
        return Some(Leaving { label, index: Some(index), node: recorded });
    }
    let node_of = |machine: &Machine| {
        nodes.and_then(|nodes| quorum::node_of(machine, nodes)).map(str::to_owned)
    };
    let mut away = cluster.away.iter();
    let away =
        away.find(|machine| is_called(machine, name) || node_of(machine).as_deref() == Some(name));
    if let Some(machine) = away {
        return Some(Leaving { label: machine.label(), index: None, node: node_of(machine) });
    }
    let node = nodes?.get_key_value(name)?.0.clone();
    Some(Leaving { label: node.clone(), index: None, node: Some(node) })
}

fn unknown(cluster: &Cluster, known: &Known, name: &str) -> Finding {
    let mut names: Vec<String> = cluster.all().map(Machine::label).collect();
    if let Known::Running(running) = known {
        names.extend(running.nodes.keys().cloned());
    }
    let text = format!("no machine and no node is called {name}");
    problem("cluster", text, format!("name one of these: {}", names.join(", ")))
}

/// Finds why the machine must not leave.
fn refusals(inspection: &Inspection, known: &Known, leaving: &Leaving) -> Vec<Finding> {
    let facts = leaving.index.map(|index| &inspection.facts[index]);
    let mut findings = match leaving.index {
        Some(index) => down::foreign(&inspection.cluster, &inspection.facts)
            .into_iter()
            .filter(|finding| finding.object == inspection.cluster.machines[index].label())
            .collect(),
        None => Vec::new(),
    };
    let mut refuse = |text: String, next: &str| {
        findings.push(problem(leaving.label.clone(), text, next));
    };
    let running = match known {
        Known::Running(running) => running,
        Known::Silent(reason) => {
            refuse(
                format!("no other server answers for the cluster: {reason}"),
                "run `cluster up`, which starts it, or `cluster down`, which ends it",
            );
            return findings;
        }
        Known::Nothing => {
            if facts.is_none_or(|facts| facts.record.is_some()) {
                refuse(
                    "it is the last server, or no other one was reached".to_owned(),
                    "`cluster down` ends the cluster; to keep it, add a server first",
                );
            }
            return findings;
        }
    };
    let state = leaving.node.as_ref().and_then(|node| running.nodes.get(node));
    let is_server = |roles: &[String]| roles.iter().any(|role| role == SERVER);
    if !state.is_some_and(|state| is_server(&state.roles)) {
        return findings;
    }
    let servers = running.nodes.values().filter(|node| is_server(&node.roles)).count();
    if servers < 2 {
        refuse(
            "it is the last server".to_owned(),
            "`cluster down` ends the cluster; to keep it, add a server first",
        );
        return findings;
    }
    let after = running.quorum().without_one(state.is_some_and(|state| state.ready));
    if !after.holds() {
        refuse(
            format!("without it {after}: the cluster could change nothing any more"),
            "bring the servers that do not answer back, or remove those first",
        );
    }
    findings
}

/// Takes the machine out, and returns true where something was left of it.
async fn take_out(
    inspection: &Inspection,
    running: &Running,
    leaving: &Leaving,
    report: &Reporter,
) -> Result<bool, HostError> {
    let server = &inspection.hosts[running.server];
    let machine = leaving.index.map(|index| (&inspection.hosts[index], &inspection.facts[index]));
    let recorded = machine.and_then(|(host, facts)| Some((host, facts, facts.recorded()?)));
    let state = leaving.node.as_ref().and_then(|node| running.nodes.get(node));
    let quorum = running.quorum();
    // A server that is stopped while it votes must not take the majority with it: its node, and so its vote, then goes first.
    let is_safe = state.is_none_or(|state| {
        let votes = state.ready && state.roles.iter().any(|role| role == SERVER);
        let answer = quorum.answer - usize::from(votes);
        quorum::Quorum { answer, ..quorum }.holds()
    });
    if let (Some((host, facts, record)), Some(node)) = (recorded, &leaving.node) {
        if facts.active && state.is_some_and(|state| state.ready) {
            drain(server, host, node, inspection.cluster.node_timeout()).await?;
            report.done(&leaving.label, format!("move the pods of {node}"));
        }
        if is_safe {
            down::stop(host, facts, record).await?;
        }
    }
    if let Some(node) = &leaving.node {
        nodes::delete(server, node).await?;
        if state.is_some() {
            report.done(&leaving.label, format!("delete the node {node}"));
        }
    }
    if let Some((host, facts, record)) = recorded {
        if !is_safe {
            down::stop(host, facts, record).await?;
            // k3s may have joined again before it was stopped.
            nodes::delete(server, &record.node).await?;
        }
        down::clean(host, facts, record, report).await?;
        report.done(&leaving.label, down::CLEANED);
    }
    Ok(state.is_some() || recorded.is_some())
}

/// Leads a kubeconfig that has the cluster's context to this server, with its credentials as they are now.
///
/// # Errors
/// The server does not answer, or the file cannot be read or written.
pub(crate) async fn lead_elsewhere(
    inspection: &Inspection,
    server: usize,
    kubeconfig: &Path,
    report: &Reporter,
) -> Result<(), ClusterError> {
    let Inspection { cluster, hosts, facts, .. } = inspection;
    let owner = Kubeconfig::read(kubeconfig)?.owner(&cluster.context);
    match (owner, Identity::through(cluster, facts, server).id) {
        (Owner::Cluster(found), Some(id)) if found == id => {
            write_kubeconfig(cluster, &hosts[server], &id, kubeconfig, report).await
        }
        _ => Ok(()),
    }
}

/// Replaces a machine that is gone by a new one of its name: the old node is deleted, and the new machine joins.
///
/// # Errors
/// Findings, before the first change; or what failed.
pub async fn replace(
    cluster: &Cluster,
    name: &str,
    source: &Source,
    options: UpOptions<'_>,
    report: &Reporter,
) -> Result<UpOutcome, ClusterError> {
    let locked = Reached::locked(cluster, options.keys, "cluster replace", report).await?;
    let Found { inspection, known, .. } = quorum::look(locked).await;
    let Inspection { cluster: found, facts, .. } = &inspection;
    let mut new = found.machines.iter().zip(facts);
    let new =
        new.find(|(machine, facts)| is_called(machine, name) || node_name(machine, facts) == name);
    let mut findings = quorum::absences(&inspection, &known);
    let mut old = None;
    match (new, &known) {
        (None, _) => findings.push(absent(found, &known, name)),
        (Some((machine, facts)), Known::Running(running)) => {
            let node = node_name(machine, facts);
            match running.nodes.get(&node) {
                // A machine with a record has begun to join, and its node is its own.
                _ if facts.record.is_some() => report.note(format!(
                    "{} is in the cluster already: `cluster remove` takes it out first",
                    machine.label()
                )),
                Some(state) if state.ready => {
                    let at = state.addresses.first().map_or("another address", String::as_str);
                    let text = format!("the node {node} is ready: its machine still runs at {at}");
                    let next = "run `cluster remove` for that one first; a machine that has just died is known to be dead after a minute";
                    findings.push(problem(machine.label(), text, next));
                }
                Some(_) => old = Some((running.server, node)),
                None => {}
            }
        }
        (Some(_), _) => {
            let text = "no server of the cluster answers, so nothing can be replaced";
            findings.push(problem("cluster", text, "run `cluster status`, which says why"));
        }
    }
    let inspection = inspection.require(findings, report).await?;
    if let Some((server, node)) = old {
        if let Err(error) = nodes::delete(&inspection.hosts[server], &node).await {
            report.failed(&error);
            inspect::close(inspection.hosts).await;
            return Err(error.into());
        }
        report.done(name, format!("delete the node {node} of the machine that is gone"));
    }
    Box::pin(complete(inspection.reached(), source, options, report)).await
}

fn absent(cluster: &Cluster, known: &Known, name: &str) -> Finding {
    match cluster.away.iter().find(|machine| is_called(machine, name)) {
        Some(machine) => problem(
            machine.label(),
            "the machine that is to take its place does not answer",
            "start the new machine at this address, or give its address in the configuration",
        ),
        None => unknown(cluster, known, name),
    }
}
