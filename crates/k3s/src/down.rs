//! `down`: everything that `up` made is removed, and what existed before is restored.

use std::path::Path;

use futures_util::future::join_all;
use skyward_config::Role;
use skyward_terminal::Severity;
use skyward_terminal::event::Finding;

use super::cluster::Cluster;
use super::connection::{HostKeys, Input};
use super::error::ClusterError;
use super::facts::Facts;
use super::host::{Host, HostError};
use super::inspect::{self, Away, Inspection, Reached};
use super::install::{SERVICE_LIMIT, init_word};
use super::kubeconfig::{Kubeconfig, Owner};
use super::nodes;
use super::preflight::Identity;
use super::record::{self, Record};
use super::report::{Reporter, problem};

/// Stops the service. `$1` service, `$2` init system.
const STOP: &str = include_str!("scripts/stop.sh");

/// Ends what outlives the service: containers, mounts, networks and rules, as k3s's own `k3s-killall.sh` does. `$1` is `yes` where rules
/// of other CNI plugins existed before; then the links that we may delete, `--`, and the network namespaces of others.
const KILL: &str = include_str!("scripts/kill.sh");

/// Removes files and trees, restores what existed before, and removes the record last. `$@` are lists, each ended by `--`: what is
/// removed; what is restored; folders that are removed when empty; settings of the kernel with their values then and now; trees from which everything is removed but what the last list names.
const REMOVE: &str = include_str!("scripts/remove.sh");

/// The step that gives a machine back.
pub const CLEANED: &str = "remove k3s and all that it made";

/// The outcome of `down`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DownOutcome {
    /// The number of machines from which something was removed.
    pub machines: usize,
    /// True where the kubeconfig had our context.
    pub context: bool,
}

/// Takes the cluster down on all machines, and out of the kubeconfig once every server is gone.
///
/// # Errors
/// Findings, before the first change; or the machines that failed.
pub async fn down(
    cluster: &Cluster,
    keys: HostKeys,
    kubeconfig: &Path,
    report: &Reporter,
) -> Result<DownOutcome, ClusterError> {
    let document = Kubeconfig::read(kubeconfig)?;
    let reached = Reached::locked(cluster, keys, "cluster down", report).await?;
    let inspection = reached.inspect().await;
    let Inspection { cluster: reached, facts, away, .. } = &inspection;
    let identity = Identity::of(reached, facts);
    let mut failed: Vec<String> = away.iter().map(|away| away.machine.label()).collect();
    // The others can go without a machine that is away.
    let warn = |away: &Away| Finding { severity: Severity::Warning, ..away.finding() };
    let mut findings: Vec<Finding> = away.iter().map(warn).collect();
    findings.extend(foreign(reached, facts));
    let Inspection { hosts, facts, .. } = inspection.require(findings, report).await?;
    let machines: Vec<(usize, Host, Facts)> = hosts
        .into_iter()
        .zip(facts)
        .enumerate()
        .map(|(index, (host, facts))| (index, host, facts))
        .collect();
    let removed = take_down(&machines, &identity, report, &mut failed).await;
    inspect::close(machines.into_iter().map(|(_, host, _)| host)).await;
    if !failed.is_empty() {
        return Err(ClusterError::Machines {
            operation: "taking the cluster down",
            machines: cluster.machines.len(),
            failed,
            next: "bring them back and run the command again, the others are done; or take them out of the configuration",
        });
    }
    let context = remove_context(cluster, &document, &identity)?;
    Ok(DownOutcome { machines: removed, context })
}

/// Finds machines with the record of another cluster, or one that cannot be read.
pub fn foreign(cluster: &Cluster, facts: &[Facts]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (machine, facts) in cluster.machines.iter().zip(facts) {
        match &facts.record {
            Some(Err(reason)) => {
                let text = format!("its record {} cannot be read: {reason}", record::RECORD);
                findings.push(problem(machine.label(), text, "repair the file by hand"));
            }
            Some(Ok(record)) if record.cluster != cluster.name => {
                let text = format!("it is in another cluster, {}", record.cluster);
                findings.push(problem(machine.label(), text, "leave the machine out"));
            }
            _ => {}
        }
    }
    findings
}

/// Takes the agents down at the same time, then the other servers, and last the server that the cluster began on.
async fn take_down(
    machines: &[(usize, Host, Facts)],
    identity: &Identity,
    report: &Reporter,
    failed: &mut Vec<String>,
) -> usize {
    let first = machines
        .iter()
        .find(|(index, _, facts)| *index == identity.first && facts.is_member() && facts.active)
        .map(|(_, server, _)| server);
    let of = |role: Role, is_first: bool| {
        machines.iter().filter(move |(index, host, facts)| {
            facts.recorded().is_some()
                && host.machine.role == role
                && (*index == identity.first) == is_first
        })
    };
    let mut removed = 0;
    let waves = [
        of(Role::Agent, false).collect::<Vec<_>>(),
        of(Role::Server, false).collect(),
        of(Role::Server, true).collect(),
    ];
    for wave in waves {
        let done = join_all(wave.into_iter().map(|(index, host, facts)| async move {
            let server = first.filter(|_| *index != identity.first);
            (host.label(), remove(host, facts, server, report).await)
        }));
        for (label, ended) in done.await {
            match ended {
                Ok(()) => removed += 1,
                Err(error) => {
                    report.failed(&error);
                    failed.push(label);
                }
            }
        }
    }
    removed
}

/// Removes a machine's node by a server that runs, and everything from the machine.
async fn remove(
    host: &Host,
    facts: &Facts,
    server: Option<&Host>,
    report: &Reporter,
) -> Result<(), HostError> {
    let Some(record) = facts.recorded() else { return Ok(()) };
    if let Some(server) = server
        && let Err(error) = nodes::delete(server, &record.node).await
    {
        report.note(error.to_string());
    }
    clean(host, facts, record, report).await?;
    report.done(&host.label(), CLEANED);
    Ok(())
}

/// Stops k3s, which does not start with the machine any more.
///
/// # Errors
/// The machine does not answer.
pub async fn stop(host: &Host, facts: &Facts, record: &Record) -> Result<(), HostError> {
    let words = [record.unit(), init_word(facts.init)];
    host.run("stopping k3s", STOP, &words, Input::None, SERVICE_LIMIT).await?;
    Ok(())
}

/// Stops k3s, ends what outlives it, and gives the machine back as it was. What it has no program for is told.
///
/// # Errors
/// A step fails; the record stays, so that it can be done again.
pub async fn clean(
    host: &Host,
    facts: &Facts,
    record: &Record,
    report: &Reporter,
) -> Result<(), HostError> {
    stop(host, facts, record).await?;
    let mut words = vec![if record.cni_rules { "yes" } else { "no" }];
    let ours = record::LINKS.into_iter().filter(|path| !record.before.contains(*path));
    words.extend(ours.filter_map(|path| path.rsplit('/').next()));
    words.push("--");
    let others = record.before.iter().filter(|path| path.starts_with("/run/netns/"));
    words.extend(others.map(String::as_str));
    let left = host.run("ending its containers", KILL, &words, Input::None, SERVICE_LIMIT).await?;
    for what in String::from_utf8_lossy(&left).lines() {
        let text = format!("it has no program to look at {what}, which k3s may have left");
        let finding = problem(host.label(), text, "restart the machine, which ends them");
        report.findings(&[Finding { severity: Severity::Warning, ..finding }]);
    }
    let lists = removal(record);
    let words: Vec<&str> = lists.iter().map(String::as_str).collect();
    host.run("removing its files", REMOVE, &words, Input::None, SERVICE_LIMIT).await?;
    Ok(())
}

/// Returns the lists of `REMOVE`. Pure.
pub fn removal(record: &Record) -> Vec<String> {
    let was_there = |path: &str| record.before.contains(path);
    let images = record::paths().into_iter().filter(|path| path.starts_with(record::IMAGES));
    let gone = record::FILES
        .into_iter()
        .chain(record::TREES)
        .map(str::to_owned)
        .chain(images)
        .filter(|path| !was_there(path));
    let back = record::FILES.into_iter().filter(|path| was_there(path)).map(str::to_owned);
    let folders = record::FOLDERS.into_iter().filter(|path| !was_there(path)).map(str::to_owned);
    let swept: Vec<&str> = record::SWEPT.into_iter().filter(|path| was_there(path)).collect();
    let kept = record
        .before
        .iter()
        .filter(|path| path.rsplit_once('/').is_some_and(|(folder, _)| swept.contains(&folder)));
    let sysctls = record::SYSCTLS.into_iter().filter_map(|(name, ours)| {
        let value = record.sysctls.get(name).filter(|value| *value != ours)?;
        Some([name.to_owned(), value.clone(), ours.to_owned()])
    });
    let end = || std::iter::once("--".to_owned());
    let trees = swept.iter().map(|path| (*path).to_owned());
    let first = gone.chain(end()).chain(back).chain(end()).chain(folders).chain(end());
    let first = first.chain(sysctls.flatten()).chain(end());
    first.chain(trees).chain(end()).chain(kept.cloned()).collect()
}

/// Takes our context out of the kubeconfig. A context of another cluster stays.
fn remove_context(
    cluster: &Cluster,
    document: &Kubeconfig,
    identity: &Identity,
) -> Result<bool, ClusterError> {
    let ours = match (document.owner(&cluster.context), &identity.id) {
        // The machines have no record any more: an earlier run was killed just before this.
        (Owner::Cluster(_), None) => true,
        (Owner::Cluster(found), Some(id)) => found == *id,
        _ => false,
    };
    if ours {
        document.without(&cluster.context).write_or_remove()?;
    }
    Ok(ours)
}
