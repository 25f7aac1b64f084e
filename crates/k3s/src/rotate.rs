//! `rotate`: k3s makes its certificates again, on one machine at a time, before those that it has end.
//!
//! The machines themselves tell how far it is: one whose certificates last has been renewed. So a run after a kill continues, and where the
//! certificates of all servers have ended, so that none of them answers, all are renewed before any is waited for.

use std::path::Path;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use futures_util::future::join_all;
use jiff::Timestamp;
use skyward_config::Role;

use super::certificate;
use super::cluster::Cluster;
use super::connection::{HostKeys, Input};
use super::down::foreign;
use super::error::ClusterError;
use super::facts::Facts;
use super::host::{Host, HostError};
use super::inspect::{self, Inspection, Reached};
use super::install::{SERVICE_LIMIT, init_word};
use super::nodes;
use super::preflight::node_name;
use super::quorum::{self, Found, Known, Running};
use super::record;
use super::remove::lead_elsewhere;
use super::report::{Reporter, problem};

/// The days before their end in which k3s renews certificates when it starts, and warns of it (`CertificateRenewDays` in
/// `pkg/daemons/config/types.go`).
pub const RENEW_DAYS: i64 = 120;

/// Prints the certificates of a node, but not those of its authorities, which last ten years: in base64, one a line.
const CERTIFICATES: &str = r#"d=/var/lib/rancher/k3s
for f in $d/server/tls/*.crt $d/server/tls/etcd/*.crt $d/server/tls/kube-*/*.crt $d/agent/*.crt; do
  case ${f##*/} in *-ca.crt|*ca*.nochain.crt|'*.crt') continue;; esac
  [ -f "$f" ] && base64 < "$f" | tr -d '\n' && echo
done
exit 0
"#;

/// Stops the service, lets k3s remove its certificates (it keeps a copy of them), and starts it, which makes new ones (docs.k3s.io, "k3s
/// certificate"). `$1` service, `$2` init system.
const ROTATE: &str = include_str!("scripts/rotate.sh");

/// The outcome of `rotate`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RotateOutcome {
    /// The number of machines that got new certificates.
    pub machines: usize,
    /// The first end of a certificate among those that were not to be renewed.
    pub first_end: Option<Timestamp>,
    /// The machines that do not answer, and keep theirs.
    pub away: Vec<String>,
}

/// Asks a machine for the first end of its certificates; none where it has none.
///
/// # Errors
/// It does not answer.
pub async fn first_end(host: &Host) -> Result<Option<Timestamp>, HostError> {
    let text = host.text("reading its certificates", CERTIFICATES, &[]).await?;
    let pems = text.lines().filter_map(|line| BASE64_STANDARD.decode(line).ok());
    Ok(pems.filter_map(|pem| certificate::ends(&pem)).min())
}

/// The days until a moment, rounded down.
pub fn days_until(end: Timestamp, now: Timestamp) -> i64 {
    end.as_second().saturating_sub(now.as_second()).div_euclid(24 * 60 * 60)
}

/// Returns the members whose certificates are to be renewed, servers before agents: those of which one ends within [`RENEW_DAYS`], or
/// all. Pure.
pub fn order(
    cluster: &Cluster,
    facts: &[Facts],
    ends: &[Option<Timestamp>],
    now: Timestamp,
    all: bool,
) -> Vec<usize> {
    let is_due = |end: &Option<Timestamp>| end.is_some_and(|end| days_until(end, now) < RENEW_DAYS);
    let mut order: Vec<usize> = (0..facts.len())
        .filter(|index| facts[*index].is_member() && (all || is_due(&ends[*index])))
        .collect();
    order.sort_by_key(|index| cluster.machines[*index].role == Role::Agent);
    order
}

/// Renews the certificates that end soon, or with `all` every one.
///
/// # Errors
/// Findings, before the first change; or the failure that stopped it. The machines after that one keep their certificates.
pub async fn rotate(
    cluster: &Cluster,
    all: bool,
    keys: HostKeys,
    kubeconfig: &Path,
    report: &Reporter,
) -> Result<RotateOutcome, ClusterError> {
    let locked = Reached::locked(cluster, keys, "cluster rotate", report).await?;
    let Found { inspection, known, .. } = quorum::look(locked).await;
    let mut findings = quorum::absences(&inspection, &known);
    findings.extend(foreign(&inspection.cluster, &inspection.facts));
    if known == Known::Nothing {
        let text = "no server of the configuration is in a cluster yet";
        findings.push(problem("cluster", text, "begin one: `cluster up` begins one"));
    }
    let inspection = inspection.require(findings, report).await?;
    let ended = renew(&inspection, &known, all, report).await;
    let ended = match ended {
        Ok(outcome) => {
            let server = known.server().or_else(|| first_server(&inspection));
            match server {
                Some(server) => {
                    lead_elsewhere(&inspection, server, kubeconfig, report).await.map(|()| outcome)
                }
                None => Ok(outcome),
            }
        }
        Err(error) => {
            report.failed(&error);
            Err(error.into())
        }
    };
    inspect::close(inspection.hosts).await;
    ended
}

/// The first of the servers that are members.
fn first_server(inspection: &Inspection) -> Option<usize> {
    let Inspection { cluster, facts, .. } = inspection;
    (0..facts.len())
        .find(|index| facts[*index].is_member() && cluster.machines[*index].role == Role::Server)
}

async fn renew(
    inspection: &Inspection,
    known: &Known,
    all: bool,
    report: &Reporter,
) -> Result<RotateOutcome, HostError> {
    let Inspection { cluster, hosts, facts, away } = inspection;
    let ends = join_all(hosts.iter().map(first_end)).await;
    let ends = ends.into_iter().collect::<Result<Vec<_>, _>>()?;
    let todo = order(cluster, facts, &ends, Timestamp::now(), all);
    let work = Work { inspection, limit: cluster.node_timeout(), report };
    for index in &todo {
        report.planned(&hosts[*index].label(), step(ends[*index]));
    }
    if !todo.is_empty() {
        match known {
            Known::Running(running) => work.one_by_one(&todo, &ends, running).await?,
            Known::Silent(reason) => work.all_that_is_silent(&todo, &ends, reason).await?,
            Known::Nothing => {}
        }
    }
    let kept = ends.iter().enumerate().filter(|(index, _)| !todo.contains(index));
    Ok(RotateOutcome {
        machines: todo.len(),
        first_end: kept.filter_map(|(_, end)| *end).min(),
        away: away.iter().map(|away| away.machine.label()).collect(),
    })
}

/// The step on a machine, in words.
fn step(end: Option<Timestamp>) -> String {
    match end.map(certificate::day) {
        Some(day) => format!("renew its certificates, which end on {day}"),
        None => "renew its certificates".to_owned(),
    }
}

struct Work<'a> {
    inspection: &'a Inspection,
    limit: Duration,
    report: &'a Reporter,
}

impl Work<'_> {
    /// Renews one machine after the other, each once the nodes before it are ready.
    async fn one_by_one(
        &self,
        todo: &[usize],
        ends: &[Option<Timestamp>],
        running: &Running,
    ) -> Result<(), HostError> {
        let Inspection { facts, .. } = self.inspection;
        // An earlier run may have been killed while one of them was starting.
        for index in (0..facts.len()).filter(|index| facts[*index].is_member()) {
            let is_ready = running.nodes.get(&self.node(index)).is_some_and(|node| node.ready);
            if !is_ready || !facts[index].active {
                self.await_ready(running.server, index).await?;
            }
        }
        for index in todo {
            self.rotate(*index).await?;
            self.await_ready(running.server, *index).await?;
            self.done(*index, ends);
        }
        Ok(())
    }

    /// Renews all servers, of which none answers for the cluster, before any is waited for: etcd needs its majority for that. Then the
    /// agents, one after the other.
    async fn all_that_is_silent(
        &self,
        todo: &[usize],
        ends: &[Option<Timestamp>],
        reason: &str,
    ) -> Result<(), HostError> {
        let machines = &self.inspection.cluster.machines;
        let (servers, agents): (Vec<usize>, Vec<usize>) =
            todo.iter().partition(|index| machines[**index].role == Role::Server);
        self.report.note(format!(
            "no server answers for the cluster ({reason}): all servers are renewed before one is waited for"
        ));
        for index in &servers {
            self.rotate(*index).await?;
        }
        for index in &servers {
            self.await_ready(*index, *index).await?;
            self.done(*index, ends);
        }
        let server = servers.first().copied().or_else(|| first_server(self.inspection));
        for index in agents {
            self.rotate(index).await?;
            self.await_ready(server.unwrap_or(index), index).await?;
            self.done(index, ends);
        }
        Ok(())
    }

    async fn rotate(&self, index: usize) -> Result<(), HostError> {
        let Inspection { hosts, facts, .. } = self.inspection;
        let words = [self.unit(index), init_word(facts[index].init)];
        let operation = "renewing its certificates";
        hosts[index].run(operation, ROTATE, &words, Input::None, SERVICE_LIMIT).await?;
        Ok(())
    }

    async fn await_ready(&self, server: usize, index: usize) -> Result<(), HostError> {
        let hosts = &self.inspection.hosts;
        let (host, node) = ((&hosts[index], self.unit(index)), self.node(index));
        nodes::await_ready(&hosts[server], host, (&node, None), self.limit, self.report).await
    }

    fn done(&self, index: usize, ends: &[Option<Timestamp>]) {
        self.report.done(&self.inspection.hosts[index].label(), step(ends[index]));
    }

    fn node(&self, index: usize) -> String {
        node_name(&self.inspection.cluster.machines[index], &self.inspection.facts[index])
    }

    fn unit(&self, index: usize) -> &'static str {
        record::unit(self.inspection.cluster.machines[index].role)
    }
}
