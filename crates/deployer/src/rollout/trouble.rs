//! What is wrong with pods, read from their status and events.

use k8s_openapi::api::core::v1::{ContainerState, ContainerStatus, Pod};

use super::snapshot::{Snapshot, containers, name, uid};
use super::wording::{concise, exit};

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
    /// What kind of trouble.
    pub(super) cause: Cause,
    /// In the cluster's words, on one line.
    pub(super) detail: String,
    /// How long it is borne.
    pub(super) patience: Patience,
}

/// What kind of trouble.
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

/// How long a trouble is borne before the rollout has failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Patience {
    /// Seconds since it was noticed.
    Seconds(u32),
    /// Until the Deployment's progress deadline: it may pass.
    Deadline,
}

impl Trouble {
    /// What it is, in a few words; the cluster's own where they say it all.
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

    /// What it is known by from one look to the next.
    pub(super) fn key(&self) -> String {
        // One key for all troubles of pulling: the kubelet's words alternate between its tries.
        let cause = match self.cause {
            Cause::ImageAbsent | Cause::ImageDenied | Cause::ImagePull => Cause::ImagePull,
            other => other,
        };
        format!("{}/{}/{cause:?}", self.uid, self.container.as_deref().unwrap_or_default())
    }
}

/// What is wrong with the pods of the newest ReplicaSet.
pub(super) fn troubles(seen: &Snapshot) -> Vec<Trouble> {
    let pods = seen.new_pods();
    let failed = pods.iter().filter(|pod| phase(pod) == "Failed").count();
    pods.iter()
        .flat_map(|pod| {
            if phase(pod) == "Failed" {
                // One is borne, as one restart is: the ReplicaSet makes another.
                let patience = if failed > 1 { Patience::Seconds(0) } else { Patience::Deadline };
                return vec![evicted(pod, patience)];
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

fn trouble(pod: &Pod, cause: Cause, detail: String, patience: Patience) -> Trouble {
    Trouble {
        pod: name(&pod.metadata).to_owned(),
        uid: uid(&pod.metadata).to_owned(),
        container: None,
        image: None,
        cause,
        detail,
        patience,
    }
}

fn evicted(pod: &Pod, patience: Patience) -> Trouble {
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
    trouble(pod, Cause::Evicted, detail, patience)
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
    Some(trouble(pod, Cause::Unschedulable, message, Patience::Deadline))
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
    let (cause, patience) = if message.contains("OOM-killed") {
        (Cause::OutOfMemory, Patience::Seconds(10))
    } else {
        (Cause::SetUp, Patience::Deadline)
    };
    Some(trouble(pod, cause, message, patience))
}

fn of_container(seen: &Snapshot, pod: &Pod, status: &ContainerStatus) -> Option<Trouble> {
    let (cause, detail, patience) = waits(status)
        .or_else(|| crashed(seen, pod, status))
        .or_else(|| probe_fails(seen, pod, status))?;
    Some(Trouble {
        container: Some(status.name.clone()),
        image: image_of(pod, &status.name).or_else(|| Some(status.image.clone())),
        ..trouble(pod, cause, detail, patience)
    })
}

/// The image as the pod asks for it: the status may name another tag of the same content.
fn image_of(pod: &Pod, container: &str) -> Option<String> {
    let spec = pod.spec.as_ref()?;
    let all = spec.init_containers.iter().flatten().chain(&spec.containers);
    all.into_iter().find(|one| one.name == container)?.image.clone()
}

fn waiting(status: &ContainerStatus) -> Option<(&str, &str)> {
    let waiting = status.state.as_ref()?.waiting.as_ref()?;
    Some((
        waiting.reason.as_deref().unwrap_or_default(),
        waiting.message.as_deref().unwrap_or_default(),
    ))
}

type Found = (Cause, String, Patience);

/// What the kubelet says that a container waits for.
fn waits(status: &ContainerStatus) -> Option<Found> {
    let (reason, message) = waiting(status)?;
    let said = if message.is_empty() { reason.to_owned() } else { concise(message) };
    let at_once = Patience::Seconds(0);
    // A Secret may be applied along with us; an API call of the node may fail once.
    match reason {
        "ErrImagePull" | "ImagePullBackOff" | "RegistryUnavailable" => Some(pull(message)),
        "InvalidImageName" => Some((Cause::ImageName, said, at_once)),
        "ErrImageNeverPull" => Some((Cause::ImageNotLoaded, said, at_once)),
        "SignatureValidationFailed" => Some((Cause::ImageDenied, said, at_once)),
        "ImageInspectError" => Some((Cause::ImagePull, said, Patience::Seconds(10))),
        "CreateContainerConfigError" => Some((Cause::Configuration, said, Patience::Seconds(4))),
        "CreateContainerError" | "RunContainerError" => {
            Some((Cause::Start, said, Patience::Seconds(10)))
        }
        _ => None,
    }
}

/// Which trouble of pulling it is, from the runtime's words: the kubelet gives no code.
fn pull(message: &str) -> Found {
    let said = concise(message);
    let lower = message.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let at_once = Patience::Seconds(0);
    if has(&["unauthorized", "denied", "forbidden", "authentication required", "no basic auth"]) {
        return (Cause::ImageDenied, said, at_once);
    }
    if has(&[
        "not found",
        "manifest unknown",
        "name unknown",
        "no match for platform",
        "does not exist",
    ]) {
        return (Cause::ImageAbsent, said, at_once);
    }
    // The network: the kubelet tries again after ten seconds.
    (Cause::ImagePull, said, Patience::Seconds(10))
}

/// A container that has ended, and may have been started again.
fn crashed(seen: &Snapshot, pod: &Pod, status: &ContainerStatus) -> Option<Found> {
    let current = status.state.as_ref().and_then(|state| state.terminated.as_ref());
    let last = status.last_state.as_ref().and_then(|state| state.terminated.as_ref());
    let end = current.or(last)?;
    if is_init(pod, &status.name) && end.exit_code == 0 && current.is_some() {
        return None;
    }
    let key = (uid(&pod.metadata).to_owned(), status.name.clone());
    let earlier = seen.noticed.restarts.get(&key).copied().unwrap_or_default();
    let running = status.state.as_ref().is_some_and(|state| state.running.is_some());
    let crashes = (status.restart_count - earlier).max(0) + i32::from(!running);
    if crashes == 0 || (running && status.ready) {
        return None;
    }
    let killer = killing_probe(seen, pod, &status.name);
    let (cause, mut said) = match (end.reason.as_deref(), killer) {
        (Some("OOMKilled"), _) => {
            (Cause::OutOfMemory, "killed for using more memory than its limit".to_owned())
        }
        (_, Some(words)) => (Cause::ProbeKills, words),
        (Some("StartError" | "ContainerCannotRun"), _) => {
            (Cause::Start, exit(end.exit_code, end.signal))
        }
        _ if end.exit_code == 0 => {
            (Cause::Ended, "ended with exit code 0 (a service has to go on)".to_owned())
        }
        _ => (Cause::Crash, exit(end.exit_code, end.signal)),
    };
    if let Some(message) = end.message.as_deref().filter(|message| !message.trim().is_empty()) {
        said = format!("{said}: {}", concise(message));
    }
    // One restart is borne: what it needs may have come up a moment later.
    let patience = if crashes > 1 { Patience::Seconds(0) } else { Patience::Deadline };
    let often = if crashes > 1 { format!(", {crashes} times") } else { String::new() };
    Some((cause, format!("{said}{often}"), patience))
}

fn is_init(pod: &Pod, container: &str) -> bool {
    let init = pod.spec.as_ref().and_then(|spec| spec.init_containers.as_ref());
    init.into_iter().flatten().any(|one| one.name == container)
}

/// The words of the probe for which the kubelet restarts the container.
fn killing_probe(seen: &Snapshot, pod: &Pod, container: &str) -> Option<String> {
    let events = seen.events_of(pod);
    let killed = events.iter().any(|event| {
        event.reason.as_deref() == Some("Killing")
            && event.message.as_deref().is_some_and(|message| {
                message.contains("failed liveness probe")
                    || message.contains("failed startup probe")
            })
            && is_about(event, container)
    });
    let words = || probe_words(seen, pod, container, &["Liveness", "Startup"]);
    killed.then(|| {
        let words = words().unwrap_or_else(|| "its liveness or startup probe fails".to_owned());
        format!("restarted by the kubelet: {words}")
    })
}

/// A container that runs and whose probe does not pass.
fn probe_fails(seen: &Snapshot, pod: &Pod, status: &ContainerStatus) -> Option<Found> {
    let running = status.state.as_ref().is_some_and(is_running);
    if !running || status.ready {
        return None;
    }
    let words = probe_words(seen, pod, &status.name, &["Startup", "Readiness"])?;
    Some((Cause::Probe, words, Patience::Deadline))
}

fn is_running(state: &ContainerState) -> bool {
    state.running.is_some()
}

/// What the newest event of one of these probes says.
fn probe_words(seen: &Snapshot, pod: &Pod, container: &str, probes: &[&str]) -> Option<String> {
    let events = seen.events_of(pod);
    let event = events.iter().rfind(|event| {
        let message = event.message.as_deref().unwrap_or_default();
        matches!(event.reason.as_deref(), Some("Unhealthy" | "ProbeWarning"))
            && is_about(event, container)
            && probes.iter().any(|probe| message.starts_with(probe))
    })?;
    Some(concise(event.message.as_deref().unwrap_or_default()))
}

/// Whether the event is about the container: its field path is `spec.containers{NAME}`.
fn is_about(event: &k8s_openapi::api::core::v1::Event, container: &str) -> bool {
    let path = event.involved_object.field_path.as_deref().unwrap_or_default();
    path.split_once('{').is_some_and(|(_, rest)| rest.trim_end_matches('}') == container)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_registries_are_told_apart() {
        for (message, cause) in [
            (
                "rpc error: code = NotFound desc = failed to resolve reference: r/a:1: not found",
                Cause::ImageAbsent,
            ),
            ("manifest unknown: manifest unknown", Cause::ImageAbsent),
            ("no match for platform in manifest: not found", Cause::ImageAbsent),
            (
                "pull access denied, repository does not exist or may require authorization",
                Cause::ImageDenied,
            ),
            (
                "unexpected status from HEAD request to https://r/v2/a/manifests/1: 401 Unauthorized",
                Cause::ImageDenied,
            ),
            (
                "failed to authorize: failed to fetch anonymous token: 403 Forbidden",
                Cause::ImageDenied,
            ),
            ("dial tcp: lookup r on 10.0.0.1:53: no such host", Cause::ImagePull),
            ("http: server gave HTTP response to HTTPS client", Cause::ImagePull),
            (
                "tls: failed to verify certificate: x509: certificate signed by unknown authority",
                Cause::ImagePull,
            ),
            (
                "unexpected status from HEAD request to https://r/v2/a/manifests/1: 503 Service Unavailable",
                Cause::ImagePull,
            ),
            ("toomanyrequests: you have reached your pull rate limit", Cause::ImagePull),
            ("", Cause::ImagePull),
        ] {
            let (found, _, patience) = pull(message);
            assert_eq!(found, cause, "{message}");
            assert_eq!(patience == Patience::Seconds(0), cause != Cause::ImagePull, "{message}");
        }
    }
}
