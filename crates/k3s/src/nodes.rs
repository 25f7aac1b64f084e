//! The nodes as the cluster sees them. k3s's own kubectl asks for them on a server, so this machine need not reach the API server.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::{Node, NodeCondition};
use serde::Deserialize;

use super::connection::Input;
use super::host::{Host, HostError, SHORT};
use super::journal;
use super::report::Reporter;

/// A node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeState {
    /// True where its kubelet reports that it runs pods.
    pub ready: bool,
    /// The cluster's message about its readiness.
    pub reason: String,
    /// The release that it runs.
    pub version: String,
    /// True where it takes new pods.
    pub schedulable: bool,
    /// Its roles, such as `control-plane,etcd`.
    pub roles: Vec<String>,
    /// Its addresses and host names.
    pub addresses: Vec<String>,
    /// The conditions that tell of something that is wrong.
    pub pressures: Vec<Pressure>,
}

/// A condition of a node that should not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pressure {
    /// The type of the condition, such as `DiskPressure`.
    pub kind: String,
    /// The kubelet's message.
    pub message: String,
}

/// A list of objects. kubectl gives it no type of its own.
#[derive(Deserialize)]
pub(crate) struct List<T> {
    /// The objects.
    pub(crate) items: Vec<T>,
}

/// Runs kubectl with `$@`. What it keeps of the API goes with k3s, and not into a home folder.
const KUBECTL: &str = r#"/usr/local/bin/k3s kubectl "$@" --cache-dir=/run/k3s/kubectl"#;

/// Runs kubectl on a server and returns its standard output.
///
/// # Errors
/// It fails, or does not end.
pub async fn kubectl(
    server: &Host,
    operation: &str,
    words: &[&str],
    limit: Duration,
) -> Result<Vec<u8>, HostError> {
    server.run(operation, KUBECTL, words, Input::None, limit).await
}

/// Lists objects, with kubectl's words after `get`, and reads the list.
///
/// # Errors
/// The API server does not answer.
pub(crate) async fn list<T>(
    server: &Host,
    operation: &str,
    selection: &[&str],
    read: impl FnOnce(&[u8]) -> Result<T, serde_json::Error>,
) -> Result<T, HostError> {
    let form = ["--output", "json", "--request-timeout", "20s"];
    let words = [&["get"], selection, &form].concat();
    let stdout = kubectl(server, operation, &words, SHORT).await?;
    read(&stdout)
        .map_err(|error| server.refused(operation, format!("the answer is not a list: {error}")))
}

/// Returns all nodes, by name.
///
/// # Errors
/// The API server does not answer.
pub async fn nodes(server: &Host) -> Result<BTreeMap<String, NodeState>, HostError> {
    let read = |text: &[u8]| serde_json::from_slice::<List<Node>>(text);
    let list = list(server, "listing the nodes", &["nodes"], read).await?;
    Ok(list.items.into_iter().map(state).collect())
}

/// The time for deleting a node, with the wait for k3s to take it out of etcd.
const DELETE_LIMIT: Duration = Duration::from_mins(1);

/// Deletes a node. k3s takes a server out of etcd when its node is deleted (`pkg/etcd/member_controller.go`, `onRemove`), and a finalizer
/// keeps the node until that is done. The Secret with the node's password would go with the next garbage collection
/// (`pkg/nodepassword/controller.go`); until then no machine of that name could join, so it is deleted too. It goes first: once the node
/// is gone, a run after a kill would not know of it.
///
/// # Errors
/// The API server does not answer.
pub async fn delete(server: &Host, node: &str) -> Result<(), HostError> {
    let operation = format!("deleting the node {node}");
    let secret = format!("{node}.node-password.k3s");
    let words = ["delete", "secret", &secret, "--namespace", "kube-system", "--ignore-not-found"];
    kubectl(server, &operation, &words, DELETE_LIMIT).await?;
    let words = ["delete", "node", node, "--ignore-not-found", "--timeout", "50s"];
    kubectl(server, &operation, &words, DELETE_LIMIT).await?;
    Ok(())
}

fn state(node: Node) -> (String, NodeState) {
    const ROLE: &str = "node-role.kubernetes.io/";
    let status = node.status.unwrap_or_default();
    let conditions = status.conditions.unwrap_or_default().into_iter();
    let (ready, others): (Vec<_>, Vec<_>) =
        conditions.partition(|condition| condition.type_ == "Ready");
    let ready = ready.into_iter().next();
    // Every other condition tells of something that is wrong (Kubernetes, "Node Status").
    let others = others.into_iter().filter(|condition| condition.status == "True");
    let pressure = |condition: NodeCondition| Pressure {
        kind: condition.type_,
        message: condition.message.unwrap_or_default(),
    };
    let labels = node.metadata.labels.unwrap_or_default();
    let roles = labels.keys().filter_map(|name| name.strip_prefix(ROLE)).map(str::to_owned);
    let addresses = status.addresses.unwrap_or_default().into_iter();
    let state = NodeState {
        ready: ready.as_ref().is_some_and(|condition| condition.status == "True"),
        reason: ready.and_then(|condition| condition.message).unwrap_or_default(),
        version: status.node_info.map(|info| info.kubelet_version).unwrap_or_default(),
        schedulable: !node.spec.and_then(|spec| spec.unschedulable).unwrap_or_default(),
        roles: roles.collect(),
        addresses: addresses.map(|known| known.address).collect(),
        pressures: others.map(pressure).collect(),
    };
    (node.metadata.name.unwrap_or_default(), state)
}

/// Waits for the service to be up, on its machine, and then prints `active`. Until then the cluster's view of its node is from before
/// the start. `$1` service, `$2` the tenths of a second that it waits.
const SERVICE: &str = include_str!("scripts/service.sh");
/// The longest time that [`SERVICE`] waits: an operator that is killed meanwhile holds the lock for so much longer.
const SERVICE_WAIT: Duration = Duration::from_secs(2);

/// The first pause between two looks at a node; each is twice as long as the one before.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The longest pause between two looks at a node.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Waits until a node is ready, and runs this version where one is given.
///
/// # Errors
/// The limit passes first; the error quotes k3s's log.
pub async fn await_ready(
    server: &Host,
    (host, unit): (&Host, &str),
    (node, version): (&str, Option<&str>),
    limit: Duration,
    report: &Reporter,
) -> Result<(), HostError> {
    let started = Instant::now();
    let on = format!("node {node}");
    let mut told = String::new();
    let (mut up, mut pause) = (false, FIRST_PAUSE);
    loop {
        if !up {
            let wait = SERVICE_WAIT.min(limit.saturating_sub(started.elapsed()));
            let tenths = (wait.as_millis() / 100).to_string();
            let word = host.text("waiting for its service", SERVICE, &[unit, &tenths]).await?;
            up = word.trim() == "active";
        }
        let state = if up { nodes(server).await } else { Ok(BTreeMap::new()) };
        let state = match state {
            Ok(_) if !up => "k3s is starting".to_owned(),
            Ok(nodes) => match nodes.get(node) {
                Some(found) if !found.ready => format!("not ready: {}", found.reason),
                Some(found) if version.is_some_and(|wanted| found.version != wanted) => {
                    format!("still runs {}", found.version)
                }
                Some(found) => {
                    report.ready(on, format!("ready, runs {}", found.version), started);
                    return Ok(());
                }
                None => "not joined yet".to_owned(),
            },
            // A server that is starting does not answer yet.
            Err(error) => format!("{} does not answer: {}", server.label(), error.reason),
        };
        let Some(left) = limit.checked_sub(started.elapsed()) else {
            let said = journal::read(host, unit).await;
            let said = said.map(|line| format!("; k3s says: {line}"));
            let reason =
                format!("after {} s: {state}{}", limit.as_secs(), said.unwrap_or_default());
            return Err(host.refused(&format!("waiting for {on}"), reason));
        };
        if state != told {
            told.clone_from(&state);
            report.waiting(&on, &state, left);
        }
        if up {
            tokio::time::sleep(pause.min(left)).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}
