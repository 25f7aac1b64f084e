//! The choice of the pod that a connection goes to.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::Portforwarder;
use tokio::io::DuplexStream;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::api::{ApiServer, CallError, RetryPolicy, Verb};
use crate::release;

/// The time for which what was read of the pods is taken for true.
const FRESH: Duration = Duration::from_secs(1);

/// A pod that takes connections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Backend {
    pub(super) name: String,
    pub(super) uid: String,
    /// Of the container port named `http`.
    pub(super) port: u16,
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "pod {}", self.name)
    }
}

/// The pods of a release.
#[derive(Debug)]
pub(super) struct Pods {
    api: ApiServer,
    namespace: String,
    release: String,
    /// Those that were ready, and when.
    seen: Mutex<Option<(Instant, Vec<Backend>)>>,
    turn: AtomicUsize,
}

/// The way into a pod. It is closed when this is dropped.
pub(super) struct Way {
    pub(super) stream: DuplexStream,
    /// The node's message, where it leads nowhere or was lost; `None` where nothing is said to its end.
    pub(super) error: BoxFuture<'static, Option<String>>,
    forwarder: Option<Portforwarder>,
}

impl Pods {
    /// Of this release. Someone waits at a browser: calls are given up early.
    pub(super) fn new(api: &ApiServer, namespace: &str, release: &str) -> Self {
        Self {
            api: api.with_policy(RetryPolicy::default().first_contact()),
            namespace: namespace.to_owned(),
            release: release.to_owned(),
            seen: Mutex::default(),
            turn: AtomicUsize::default(),
        }
    }

    /// The ready pod whose turn it is, without those of these UIDs.
    pub(super) async fn next(&self, tried: &[String]) -> Result<Option<Backend>, CallError> {
        let mut seen = self.seen.lock().await;
        let backends = match seen.take() {
            Some((when, backends)) if when.elapsed() < FRESH => seen.insert((when, backends)),
            _ => seen.insert((Instant::now(), self.read().await?)),
        };
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        Ok(choose(&backends.1, turn, tried).cloned())
    }

    /// Forgets what was read of the pods: it has turned out to be wrong.
    pub(super) async fn forget(&self) {
        *self.seen.lock().await = None;
    }

    /// Opens the way into a pod. What listens there, if anything does, is not known yet.
    pub(super) async fn open(&self, pod: &Backend) -> Result<Way, CallError> {
        let api: Api<Pod> = Api::namespaced(self.api.client(), &self.namespace);
        // Another pod is a better second attempt.
        let once = RetryPolicy { attempts: 1, ..RetryPolicy::default().first_contact() };
        let object = format!("Pod {} in namespace {}", pod.name, self.namespace);
        let ports = [pod.port];
        let mut forwarder = self
            .api
            .with_policy(once)
            .call(Verb::Forward, &object, || api.portforward(&pod.name, &ports))
            .await
            .map_err(|error| self.api.named_denial(error, "pods/portforward", &self.namespace))?;
        // Taken once, of the one port that was asked for.
        let stream = forwarder.take_stream(pod.port).expect("the port's stream");
        let error = forwarder.take_error(pod.port).expect("the port's errors").fuse().boxed();
        Ok(Way { stream, error, forwarder: Some(forwarder) })
    }

    /// Says that there is no pod to go to.
    pub(super) fn none_ready(&self) -> String {
        format!("no pod of {} is ready in namespace {}", self.release, self.namespace)
    }

    async fn read(&self) -> Result<Vec<Backend>, CallError> {
        let labels: Vec<_> = release::selector(&self.release)
            .into_iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        let pods: Vec<Pod> = self.api.list(Some(&self.namespace), &labels.join(",")).await?;
        Ok(ready(&pods))
    }
}

impl Way {
    /// The reason of its end, where that was not in order. Only for a stream that has ended.
    pub(super) async fn loss(mut self) -> Option<String> {
        /// After an end in order, kube's task waits for our side's end.
        const NOTHING_MORE: Duration = Duration::from_millis(100);
        if let Some(Some(said)) = (&mut self.error).now_or_never() {
            return Some(said);
        }
        let task = self.forwarder.take()?.join();
        let ended = tokio::time::timeout(NOTHING_MORE, task).await;
        ended.ok()?.err().map(|error| error.to_string())
    }
}

impl Drop for Way {
    fn drop(&mut self) {
        if let Some(forwarder) = &self.forwarder {
            forwarder.abort();
        }
    }
}

/// The pods that take connections, in the order of their names.
fn ready(pods: &[Pod]) -> Vec<Backend> {
    let mut backends: Vec<_> = pods.iter().filter_map(backend).collect();
    backends.sort_by(|one, other| one.name.cmp(&other.name));
    backends
}

fn backend(pod: &Pod) -> Option<Backend> {
    let (metadata, status) = (&pod.metadata, pod.status.as_ref()?);
    let conditions = status.conditions.iter().flatten();
    let is_ready = conditions
        .clone()
        .any(|condition| condition.type_ == "Ready" && condition.status == "True");
    if metadata.deletion_timestamp.is_some() || !is_ready {
        return None;
    }
    let containers = &pod.spec.as_ref()?.containers;
    let mut ports = containers.iter().flat_map(|container| container.ports.iter().flatten());
    let port = ports.find(|port| port.name.as_deref() == Some("http"))?.container_port;
    Some(Backend {
        name: metadata.name.clone()?,
        uid: metadata.uid.clone()?,
        port: u16::try_from(port).ok()?,
    })
}

/// The one whose turn it is, or the next one that was not tried yet.
fn choose<'b>(backends: &'b [Backend], turn: usize, tried: &[String]) -> Option<&'b Backend> {
    let first = turn % backends.len().max(1);
    let (before, from) = backends.split_at(first);
    from.iter().chain(before).find(|backend| !tried.contains(&backend.uid))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// A pod that is ready, with something changed (RFC 7386).
    fn pod(name: &str, change: &Value) -> Pod {
        let mut pod = json!({
            "metadata": {"name": name, "uid": format!("uid-{name}")},
            "spec": {"containers": [{"name": "web", "ports": [
                {"name": "admin", "containerPort": 9000}, {"name": "http", "containerPort": 8000}
            ]}]},
            "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
        });
        for (pointer, value) in change.as_object().unwrap() {
            let (parent, key) = pointer.rsplit_once('/').unwrap();
            pod.pointer_mut(parent).unwrap()[key] = value.clone();
        }
        serde_json::from_value(pod).unwrap()
    }

    #[test]
    fn only_ready_pods_that_stay_take_connections() {
        let is_taken = |change: Value| !ready(&[pod("a", &change)]).is_empty();
        let ready_is =
            |status: &str| json!({"/status/conditions": [{"type": "Ready", "status": status}]});
        assert!(is_taken(json!({})));
        for (why, change) in [
            ("not ready", ready_is("False")),
            ("not known", ready_is("Unknown")),
            ("nothing told", json!({"/status/conditions": null})),
            ("going", json!({"/metadata/deletionTimestamp": "2026-01-01T00:00:00Z"})),
            (
                "other ports",
                json!({"/spec/containers": [{"name": "web", "ports": [{"containerPort": 8000}]}]}),
            ),
            ("no ports", json!({"/spec/containers": [{"name": "web"}]})),
        ] {
            assert!(!is_taken(change), "{why}");
        }
    }

    #[test]
    fn the_named_port_counts_and_the_order_is_that_of_the_names() {
        let other = json!([{"name": "proxy"}, {"name": "web", "ports": [{"name": "http", "containerPort": 80}]}]);
        let found = ready(&[pod("b", &json!({})), pod("a", &json!({"/spec/containers": other}))]);
        let shown: Vec<_> = found.iter().map(|it| (it.name.as_str(), it.port)).collect();
        assert_eq!(shown, [("a", 80), ("b", 8000)]);
    }

    #[test]
    fn each_ready_pod_has_its_turn_and_none_is_tried_twice() {
        let all = ready(&["a", "b", "c"].map(|name| pod(name, &json!({}))));
        for (count, turn, tried, chosen) in [
            (3, 0, &[][..], Some("a")),
            (3, 1, &[], Some("b")),
            (3, 2, &[], Some("c")),
            (3, 3, &[], Some("a")),
            (3, usize::MAX, &[], Some("a")),
            (3, 1, &["b"], Some("c")),
            (3, 2, &["c"], Some("a")),
            (3, 2, &["c", "a"], Some("b")),
            (3, 0, &["gone"], Some("a")),
            (3, 0, &["a", "b", "c"], None),
            (1, 7, &[], Some("a")),
            (1, 7, &["a"], None),
            (0, 7, &[], None),
        ] {
            let tried: Vec<_> = tried.iter().map(|name| format!("uid-{name}")).collect();
            let found = choose(&all[..count], turn, &tried).map(|it| it.name.as_str());
            assert_eq!(found, chosen, "turn {turn} of {count} without {tried:?}");
        }
    }
}
