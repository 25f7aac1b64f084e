//! A node without containers: it says of its pods what a kubelet would say, in milliseconds. The real scheduler and the real
//! controllers do the rest. What a pod does is told by its image's name:
//!
//! | name contains | the pod |
//! |---|---|
//! | `missing` | never gets its image: ErrImagePull, then ImagePullBackOff |
//! | `crash` | ends with exit code 1 again and again: CrashLoopBackOff |
//! | `oom` | is ended for its memory again and again |
//! | `unready` | runs, and never becomes ready |
//! | none of them | runs and is ready; a job's ends, as its arguments say (`fail`, `hang`) |

mod kubelet;
mod log;
mod status;

use std::collections::HashMap;
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt};
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::{Node, Pod};
use kube::api::{Api, Patch, PatchParams, PostParams};
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Client, ResourceExt};
use serde_json::json;
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};

use super::control_plane::ControlPlane;
use super::{block_on, runtime, until};

const NAME: &str = "hollow";

/// The times that a kubelet takes.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// From a pod's binding until its containers run and are ready, or fail.
    pub start: Duration,
    /// From a pod's deletion until it is gone.
    pub stop: Duration,
    /// Between two tries of what fails: a pull, a restart.
    pub again: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            start: Duration::from_millis(20),
            stop: Duration::from_millis(20),
            again: Duration::from_secs(1),
        }
    }
}

/// A running node. It runs its pods no longer when this is dropped.
pub struct HollowNode {
    task: AbortHandle,
}

impl HollowNode {
    /// Registers the node with a control plane that has controllers, and waits until pods can be bound to it.
    pub fn start(control_plane: &ControlPlane, pace: Pace) -> Self {
        let port = block_on(log::serve(control_plane));
        let client = block_on(register(control_plane, port));
        let task = runtime().spawn(run(client, pace)).abort_handle();
        Self { task }
    }
}

impl Drop for HollowNode {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn register(control_plane: &ControlPlane, port: u16) -> Client {
    let client = control_plane.client().await;
    let room = json!({ "cpu": "1000", "memory": "1000Gi", "ephemeral-storage": "1000Gi", "pods": "100000" });
    let node = json!({
        "metadata": { "name": NAME, "labels": { "kubernetes.io/hostname": NAME, "kubernetes.io/os": "linux" } },
        "status": {
            "capacity": room,
            "allocatable": room,
            "addresses": [{ "type": "InternalIP", "address": "127.0.0.1" }],
            "daemonEndpoints": { "kubeletEndpoint": { "Port": port } },
            "conditions": [ready_condition()],
        },
    });
    let node: Node = serde_json::from_value(node).expect("a node");
    let nodes: Api<Node> = Api::all(client.clone());
    nodes.create(&PostParams::default(), &node).await.expect("the node is registered");
    renew(&client).await.expect("the node's lease");
    until("a node that takes pods", 60, async || {
        let node = nodes.get(NAME).await.ok()?;
        node.spec.is_none_or(|spec| spec.taints.unwrap_or_default().is_empty()).then_some(())
    })
    .await;
    client
}

async fn run(client: Client, pace: Pace) {
    let mut tasks = JoinSet::new();
    tasks.spawn(renew_for_ever(client.clone()));
    let pods: Api<Pod> = Api::all(client.clone());
    let config = watcher::Config::default().fields(&format!("spec.nodeName={NAME}"));
    let mut events = watcher(pods, config).applied_objects().boxed();
    let mut known: HashMap<String, watch::Sender<bool>> = HashMap::new();
    loop {
        let Ok(Some(pod)) = events.try_next().await else {
            // An API server that is away comes back; by the usual intervals that would be noticed half a minute later.
            tokio::time::sleep(Duration::from_millis(200)).await;
            continue;
        };
        let uid = pod.uid().expect("a uid");
        let ends = pod.metadata.deletion_timestamp.is_some();
        known.retain(|_, sender| !sender.is_closed());
        if let Some(sender) = known.get(&uid) {
            sender.send_if_modified(|was| !std::mem::replace(was, ends) && ends);
        } else {
            let (sender, receiver) = watch::channel(ends);
            known.insert(uid, sender);
            tasks.spawn(kubelet::live(client.clone(), pod, pace, receiver));
        }
        while tasks.try_join_next().is_some() {}
    }
}

/// Says that the node is there; without it, the controllers take it for lost after 40 s.
async fn renew(client: &Client) -> Result<(), kube::Error> {
    let leases: Api<Lease> = Api::namespaced(client.clone(), "kube-node-lease");
    let lease = json!({
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": { "name": NAME },
        "spec": { "holderIdentity": NAME, "leaseDurationSeconds": 40, "renewTime": status::micro_time() },
    });
    leases.patch(NAME, &PatchParams::apply("kubelet").force(), &Patch::Apply(lease)).await?;
    let nodes: Api<Node> = Api::all(client.clone());
    let status = json!({ "status": { "conditions": [ready_condition()] } });
    nodes.patch_status(NAME, &PatchParams::default(), &Patch::Strategic(status)).await?;
    Ok(())
}

async fn renew_for_ever(client: Client) {
    loop {
        tokio::time::sleep(Duration::from_secs(5)).await;
        // The next time, if the API server is away.
        let _ = renew(&client).await;
    }
}

fn ready_condition() -> serde_json::Value {
    json!({
        "type": "Ready",
        "status": "True",
        "reason": "KubeletReady",
        "message": "kubelet is posting ready status",
        "lastHeartbeatTime": status::time(),
    })
}
