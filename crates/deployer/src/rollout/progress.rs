//! The progress of a rollout, on one line.

use k8s_openapi::api::apps::v1::DeploymentStatus;
use k8s_openapi::api::core::v1::Pod;

use super::snapshot::{Snapshot, containers, name};
use super::trouble::Trouble;
use super::wording::{concise, shorten};

/// Pods that are named one by one.
const NAMED: usize = 3;

/// The progress and what each pod lacks, such as `1 of 2 pods available; web-7f…: pulling the image`.
pub(super) fn progress(
    seen: &Snapshot,
    status: &DeploymentStatus,
    wanted: i32,
    troubles: &[Trouble],
) -> String {
    let total = status.replicas.unwrap_or_default();
    let updated = status.updated_replicas.unwrap_or_default();
    let pods = seen.new_pods();
    let available = pods.iter().filter(|pod| is_ready(pod)).count();
    let mut parts = vec![format!("{available} of {wanted} new pods ready")];
    let lacking: Vec<String> = pods.iter().filter_map(|pod| lacks(seen, pod, troubles)).collect();
    parts.extend(lacking.iter().take(NAMED).cloned());
    if lacking.len() > NAMED {
        parts.push(format!("and {} more", lacking.len() - NAMED));
    }
    if let Some(message) = seen.refusal() {
        parts.push(format!("pods are refused: {}", shorten(&concise(message), 200)));
    }
    if total > updated {
        parts.push(format!("{} old to go", total - updated));
    }
    if lacking.is_empty() && parts.len() == 1 && available > 0 {
        parts.push(match seen.min_ready_seconds() {
            0 => "not counted yet".to_owned(),
            minimum => format!("they count after {minimum} s"),
        });
    }
    parts.join("; ")
}

/// The thing that a pod lacks; `None` where it is ready.
fn lacks(seen: &Snapshot, pod: &Pod, troubles: &[Trouble]) -> Option<String> {
    if is_ready(pod) {
        return None;
    }
    let name = name(&pod.metadata);
    let trouble = troubles.iter().find(|trouble| trouble.pod == name);
    let state = match trouble {
        Some(trouble) => trouble.reason(),
        None => stage(seen, pod),
    };
    Some(format!("{name}: {state}"))
}

/// The progress of a pod without trouble.
fn stage(seen: &Snapshot, pod: &Pod) -> String {
    let scheduled = pod.spec.as_ref().is_some_and(|spec| spec.node_name.is_some());
    if !scheduled {
        return "waits for a node".to_owned();
    }
    let events = seen.events_of(pod);
    let newest = events.iter().rfind(|event| {
        matches!(event.reason.as_deref(), Some("Pulling" | "Pulled" | "Created" | "Started"))
    });
    if newest.is_some_and(|event| event.reason.as_deref() == Some("Pulling")) {
        return "pulling the image".to_owned();
    }
    let running = |pod| {
        let mut states = containers(pod).filter_map(|status| status.state.as_ref());
        states.any(|state| state.running.is_some())
    };
    if running(pod) { "runs, not ready yet".to_owned() } else { "starting".to_owned() }
}

pub(super) fn is_ready(pod: &Pod) -> bool {
    let conditions = pod.status.as_ref().and_then(|status| status.conditions.as_ref());
    let mut conditions = conditions.into_iter().flatten();
    conditions.any(|condition| condition.type_ == "Ready" && condition.status == "True")
}
