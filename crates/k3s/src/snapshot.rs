//! `snapshot`: the cluster's data as one file here, with the tokens without which nobody can read it.
//!
//! etcd is copied by k3s itself while it runs; `SQLite` by a copy of its files while the only server's k3s is stopped for a moment, which its
//! pods do not notice. What arrives is compared with what was sent, and checked for being whole, before the file gets its name.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::future::join_all;
use jiff::Timestamp;

use super::cluster::Cluster;
use super::connection::{HostKeys, Input};
use super::error::ClusterError;
use super::facts::Facts;
use super::host::{Host, HostError, LONG};
use super::inspect::{self, Inspection, Reached};
use super::install::init_word;
use super::nodes;
use super::quorum::{self, Found, Known};
use super::report::{Reporter, problem};
use super::saved::{Description, Snapshot, Store};
use super::token::Token;

/// Copies the data to `$1`; `$2` is the init system. It prints `etcd` or `sqlite`, and the SHA-256 of the copy.
const TAKE: &str = include_str!("scripts/snapshot.sh");
/// Prints the copy `$1`, and removes it.
const READ: &str = r#"set -e; cat "$1"; rm -f "$1""#;
/// Prints the tokens, one a line.
const TOKENS: &str = "cat /etc/rancher/k3s/token /etc/rancher/k3s/agent-token";
/// Prints the password of a node.
const PASSWORD: &str = "cat /etc/rancher/node/password";
/// The place of the copy on the server.
pub(crate) const COPY: &str = "/var/lib/skyward/k3s/snapshot";
/// The snapshots before upgrades that are kept of a cluster.
const KEPT: usize = 5;

/// Takes a snapshot of the cluster into a file, and returns its path.
///
/// # Errors
/// Findings; or the step that failed. There is then no file.
pub async fn snapshot(
    cluster: &Cluster,
    to: Option<&Path>,
    keys: HostKeys,
    report: &Reporter,
) -> Result<PathBuf, ClusterError> {
    let reached = Reached::locked(cluster, keys, "cluster snapshot", report).await?;
    let Found { inspection, known, identity } = quorum::look(reached).await;
    let mut findings = quorum::absences(&inspection, &known);
    if !matches!(known, Known::Running(_)) {
        let next = "run `cluster status`, which says why";
        findings.push(problem("cluster", "none of its servers answers for it", next));
    }
    let inspection = inspection.require(findings, report).await?;
    let Inspection { hosts, facts, .. } = &inspection;
    let limit = cluster.node_timeout();
    let taken = take(hosts, facts, identity.first, limit, report).await;
    inspect::close(inspection.hosts).await;
    let snapshot = taken.inspect_err(|error| report.failed(error))?;
    let path = to.map_or_else(|| place(&snapshot.description, "taken"), Path::to_owned);
    snapshot.write(&path)?;
    Ok(path)
}

/// Takes a snapshot before an upgrade. The last of them are kept.
///
/// # Errors
/// As [`snapshot`].
pub async fn before_upgrade(
    hosts: &[Host],
    facts: &[Facts],
    first: usize,
    limit: Duration,
    report: &Reporter,
) -> Result<PathBuf, ClusterError> {
    let snapshot = take(hosts, facts, first, limit, report).await;
    let snapshot = snapshot.inspect_err(|error| report.failed(error))?;
    let path = place(&snapshot.description, "before-upgrade");
    snapshot.write(&path)?;
    let folder = path.parent().map(std::fs::read_dir);
    let mut kept: Vec<PathBuf> = folder
        .and_then(Result::ok)
        .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
        .unwrap_or_default();
    kept.sort();
    for old in kept.iter().rev().skip(KEPT) {
        let _ = std::fs::remove_file(old);
    }
    Ok(path)
}

/// The usual place of a snapshot (XDG Base Directory Specification). It is not in the repository, since it holds secrets.
fn place(description: &Description, why: &str) -> PathBuf {
    let time = Timestamp::now().to_string();
    let time: String = time.chars().filter(char::is_ascii_alphanumeric).collect();
    let id = description.id.get(..8).unwrap_or(&description.id);
    std::env::var_os("XDG_DATA_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .or_else(|| std::env::home_dir().map(|home| home.join(".local/share")))
        .unwrap_or_else(std::env::temp_dir)
        .join(format!("skyward/k3s/{}-{id}/{why}", description.cluster))
        .join(format!("{time}.tar"))
}

/// Takes a snapshot on a server.
async fn take(
    hosts: &[Host],
    facts: &[Facts],
    first: usize,
    limit: Duration,
    report: &Reporter,
) -> Result<Snapshot, HostError> {
    let (host, own) = (&hosts[first], &facts[first]);
    let operation = "taking a snapshot";
    let Some(record) = own.recorded() else {
        return Err(host.refused(operation, "it is not in the cluster"));
    };
    let words = [COPY, init_word(own.init)];
    let said = host.run(operation, TAKE, &words, Input::None, LONG).await?;
    let said = String::from_utf8_lossy(&said).into_owned();
    let words: Vec<&str> = said.split_whitespace().collect();
    let (Some(store), Some(sum)) = (words.first().copied().and_then(Store::parse), words.get(1))
    else {
        return Err(host.refused(operation, "it does not say what it has copied"));
    };
    if store == Store::Sqlite {
        // It was stopped for the copy.
        let node = (record.node.as_str(), None);
        nodes::await_ready(host, (host, record.unit()), node, limit, report).await?;
    }
    let data = host.run("reading the snapshot", READ, &[COPY], Input::None, LONG).await?;
    let tokens = host.text("reading its tokens", TOKENS, &[]).await?;
    let mut tokens = tokens.lines().map(Token::new);
    let (Some(token), Some(agent_token)) = (tokens.next(), tokens.next()) else {
        return Err(host.refused("reading its tokens", "some are empty"));
    };
    let description = Description {
        cluster: record.cluster.clone(),
        id: record.id.clone(),
        version: own.version.clone().unwrap_or_default(),
        store,
        sum: (*sum).to_owned(),
    };
    let passwords = passwords(hosts, facts).await;
    report.done(&host.label(), format!("take a snapshot of {} bytes", data.len()));
    Ok(Snapshot { description, token, agent_token, passwords, data })
}

/// The passwords by which the nodes are known again; a machine that has none joins as a new one.
async fn passwords(hosts: &[Host], facts: &[Facts]) -> BTreeMap<String, Token> {
    let read = join_all(hosts.iter().zip(facts).map(|(host, facts)| async move {
        let node = facts.recorded()?.node.clone();
        let password = host.text("reading the password of its node", PASSWORD, &[]).await.ok()?;
        Some((node, Token::new(&password)))
    }));
    read.await.into_iter().flatten().collect()
}
