//! A pod's status, as a kubelet writes it.

use std::sync::atomic::{AtomicU32, Ordering};

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;
use serde_json::{Value, json};

/// A container's state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum State {
    Waiting { reason: &'static str, message: String },
    Running { ready: bool },
    Ended { code: i32, reason: &'static str },
}

impl State {
    fn to_json(&self) -> Value {
        match self {
            Self::Waiting { reason, message } => {
                json!({ "waiting": { "reason": reason, "message": message } })
            }
            Self::Running { .. } => json!({ "running": { "startedAt": time() } }),
            Self::Ended { code, reason } => json!({
                "terminated": { "exitCode": code, "reason": reason, "startedAt": time(), "finishedAt": time() }
            }),
        }
    }
}

/// The status of a pod whose containers are all in one state.
pub(super) fn of(pod: &Pod, state: &State, restarts: i32, last: Option<&State>) -> Value {
    let ready = *state == State::Running { ready: true };
    let running = !matches!(state, State::Waiting { .. }) || restarts > 0;
    let containers = pod.spec.as_ref().map_or(&[][..], |spec| &spec.containers);
    let statuses: Vec<_> = containers
        .iter()
        .map(|container| {
            json!({
                "name": container.name,
                "image": container.image,
                "imageID": if running { container.image.as_deref() } else { Some("") },
                "ready": ready,
                "started": matches!(state, State::Running { .. }),
                "restartCount": restarts,
                "state": state.to_json(),
                "lastState": last.map_or_else(|| json!({}), State::to_json),
            })
        })
        .collect();
    let not_ready = ("ContainersNotReady", "containers with unready status");
    json!({
        "phase": if running { "Running" } else { "Pending" },
        "hostIP": "127.0.0.1",
        "containerStatuses": statuses,
        "conditions": [
            condition("PodReadyToStartContainers", true, None),
            condition("Initialized", true, None),
            condition("Ready", ready, Some(not_ready)),
            condition("ContainersReady", ready, Some(not_ready)),
        ],
    })
}

fn condition(kind: &str, is: bool, otherwise: Option<(&str, &str)>) -> Value {
    let (reason, message) = if is { None } else { otherwise }.unzip();
    json!({
        "type": kind,
        "status": if is { "True" } else { "False" },
        "lastTransitionTime": time(),
        "reason": reason,
        "message": message,
    })
}

/// A pod's address: nobody listens there.
pub(super) fn new_address() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::SeqCst) % 60_000;
    format!("10.99.{}.{}", number / 250, number % 250 + 1)
}

/// Now, in seconds, as most of the API's times are.
pub(super) fn time() -> String {
    format!("{:.0}", Timestamp::now())
}

/// Now, in microseconds, as leases have it.
pub(super) fn micro_time() -> String {
    format!("{:.6}", Timestamp::now())
}
