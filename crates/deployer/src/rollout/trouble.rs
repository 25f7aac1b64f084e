//! The troubles of pods, read from their status and events.

use k8s_openapi::api::core::v1::{ContainerStatus, Pod};

use super::container::{self, waiting};
use super::snapshot::{Snapshot, containers, name, uid};
use super::wording::concise;

/// One thing that keeps a pod from being ready.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Trouble {
    /// The pod.
    pub(super) pod: String,
    /// The pod's UID.
    pub(super) uid: String,
    /// The container, where it is one's.
    pub(super) container: Option<String>,
    /// The container's image.
    pub(super) image: Option<String>,
    /// The kind of trouble.
    pub(super) cause: Cause,
    /// In the cluster's words, on one line.
    pub(super) detail: String,
    /// The time that it is tolerated.
    pub(super) tolerance: Tolerance,
}

/// The kind of trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    /// The registry has no such image, or not for this platform.
    ImageAbsent,
    /// The registry does not give it to the node.
    ImageDenied,
    /// The image's name is none.
    ImageName,
    /// The node may not pull and does not have it.
    ImageNotLoaded,
    /// The registry does not answer as it should.
    ImagePull,
    /// A Secret or `ConfigMap` that the container needs, or its user.
    Configuration,
    /// The container could not be made or started.
    Start,
    /// It ended, more often than is borne.
    Crash,
    /// It was killed for its memory.
    OutOfMemory,
    /// It ended and reported success.
    Ended,
    /// The kubelet restarts it because a liveness or startup probe fails.
    ProbeKills,
    /// A readiness or startup probe fails.
    Probe,
    /// No node takes the pod.
    Unschedulable,
    /// The pod was thrown off its node, or the node refused it.
    Evicted,
    /// The node cannot set the pod up: volumes, network.
    SetUp,
}

/// The time that a trouble is tolerated before the rollout has failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tolerance {
    /// Seconds since it was noticed.
    Seconds(u32),
    /// Until the Deployment's progress deadline: it may pass.
    Deadline,
}

impl Trouble {
    /// The trouble in a few words; the cluster's own where they say it all.
    pub(super) fn reason(&self) -> String {
        let image = self.image.as_deref().unwrap_or_default();
        let detail = &self.detail;
        let about_image = |what: &str| {
            // The runtime often repeats the reference; once is enough.
            let rest = detail.strip_prefix(image).and_then(|rest| rest.strip_prefix(": "));
            format!("image {image} {what}: {}", rest.unwrap_or(detail))
        };
        match self.cause {
            Cause::ImageAbsent => about_image("is not there"),
            Cause::ImageDenied => about_image("is denied to the node"),
            Cause::ImageName => about_image("has no valid name"),
            Cause::ImageNotLoaded => about_image("is not on the node"),
            Cause::ImagePull => about_image("cannot be pulled"),
            Cause::Configuration => format!("cannot be configured: {detail}"),
            Cause::Start => format!("cannot be started: {detail}"),
            Cause::Unschedulable => format!("no node takes it: {detail}"),
            Cause::Evicted => format!("has failed: {detail}"),
            Cause::SetUp => format!("the node cannot set it up: {detail}"),
            Cause::OutOfMemory | Cause::Crash | Cause::Ended | Cause::ProbeKills | Cause::Probe => {
                detail.clone()
            }
        }
    }

    /// The key that it has from one look to the next.
    pub(super) fn key(&self) -> String {
        // One key for all troubles of pulling: the kubelet's words alternate between its tries.
        let cause = match self.cause {
            Cause::ImageAbsent | Cause::ImageDenied | Cause::ImagePull => Cause::ImagePull,
            other => other,
        };
        format!("{}/{}/{cause:?}", self.uid, self.container.as_deref().unwrap_or_default())
    }
}

/// The troubles of the pods of the newest ReplicaSet.
pub(super) fn troubles(seen: &Snapshot) -> Vec<Trouble> {
    let pods = seen.new_pods();
    let failed = pods.iter().filter(|pod| phase(pod) == "Failed").count();
    pods.iter()
        .flat_map(|pod| {
            if phase(pod) == "Failed" {
                // One is borne, as one restart is: the ReplicaSet makes another.
                let tolerance =
                    if failed > 1 { Tolerance::Seconds(0) } else { Tolerance::Deadline };
                return vec![evicted(pod, tolerance)];
            }
            let mut found: Vec<Trouble> = unschedulable(pod).into_iter().collect();
            found.extend(containers(pod).filter_map(|status| of_container(seen, pod, status)));
            if found.is_empty() {
                found.extend(set_up(seen, pod));
            }
            found
        })
        .collect()
}

/// The pod's phase.
pub(super) fn phase(pod: &Pod) -> &str {
    pod.status.as_ref().and_then(|status| status.phase.as_deref()).unwrap_or_default()
}

fn trouble(pod: &Pod, cause: Cause, detail: String, tolerance: Tolerance) -> Trouble {
    Trouble {
        pod: name(&pod.metadata).to_owned(),
        uid: uid(&pod.metadata).to_owned(),
        container: None,
        image: None,
        cause,
        detail,
        tolerance,
    }
}

fn evicted(pod: &Pod, tolerance: Tolerance) -> Trouble {
    let status = pod.status.as_ref();
    let text = |text: Option<&String>| text.map(|text| concise(text)).unwrap_or_default();
    let reason = text(status.and_then(|status| status.reason.as_ref()));
    let message = text(status.and_then(|status| status.message.as_ref()));
    let detail = match (reason.is_empty(), message.is_empty()) {
        (false, false) => format!("{reason}: {message}"),
        (false, true) => reason,
        (true, false) => message,
        (true, true) => "its phase is Failed".to_owned(),
    };
    trouble(pod, Cause::Evicted, detail, tolerance)
}

fn unschedulable(pod: &Pod) -> Option<Trouble> {
    let conditions = pod.status.as_ref()?.conditions.as_ref()?;
    let condition = conditions.iter().find(|condition| {
        condition.type_ == "PodScheduled"
            && condition.status == "False"
            && condition.reason.as_deref() == Some("Unschedulable")
    })?;
    let message = concise(condition.message.as_deref().unwrap_or("no node takes it"));
    // An autoscaler may add a node.
    Some(trouble(pod, Cause::Unschedulable, message, Tolerance::Deadline))
}

/// A node's trouble before any container is there: the newest warning that is about it.
fn set_up(seen: &Snapshot, pod: &Pod) -> Option<Trouble> {
    let waits = phase(pod) == "Pending"
        && containers(pod).all(|status| {
            waiting(status)
                .is_none_or(|(reason, _)| matches!(reason, "ContainerCreating" | "PodInitializing"))
        });
    let about = |reason: &str| {
        matches!(
            reason,
            "FailedMount" | "FailedAttachVolume" | "FailedCreatePodSandBox" | "NetworkNotReady"
        )
    };
    let events = if waits { seen.events_of(pod) } else { Vec::new() };
    let event = events.iter().rfind(|event| event.reason.as_deref().is_some_and(about))?;
    let message = concise(event.message.as_deref().unwrap_or_default());
    // The runtime's own process in the pod's cgroup is killed where the limit is below what it needs itself.
    let (cause, tolerance) = if message.contains("OOM-killed") {
        (Cause::OutOfMemory, Tolerance::Seconds(10))
    } else {
        (Cause::SetUp, Tolerance::Deadline)
    };
    Some(trouble(pod, cause, message, tolerance))
}

fn of_container(seen: &Snapshot, pod: &Pod, status: &ContainerStatus) -> Option<Trouble> {
    let (cause, detail, tolerance) = container::trouble(seen, pod, status)?;
    Some(Trouble {
        container: Some(status.name.clone()),
        image: image_of(pod, &status.name).or_else(|| Some(status.image.clone())),
        ..trouble(pod, cause, detail, tolerance)
    })
}

/// The image as the pod asks for it: the status may name another tag of the same content.
fn image_of(pod: &Pod, container: &str) -> Option<String> {
    let spec = pod.spec.as_ref()?;
    let all = spec.init_containers.iter().flatten().chain(&spec.containers);
    all.into_iter().find(|one| one.name == container)?.image.clone()
}
