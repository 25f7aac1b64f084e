//! The trouble of one container.

use k8s_openapi::api::core::v1::{ContainerState, ContainerStatus, Event, Pod};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::snapshot::{Snapshot, uid};
use super::trouble::{Cause, Tolerance};
use super::wording::{concise, exit};

/// A trouble: its kind, its words, and the time that it is tolerated.
pub(super) type Found = (Cause, String, Tolerance);

/// The trouble of a container, if it has one.
pub(super) fn trouble(seen: &Snapshot, pod: &Pod, status: &ContainerStatus) -> Option<Found> {
    waits(status).or_else(|| crashed(seen, pod, status)).or_else(|| probe_fails(seen, pod, status))
}

/// Reason and message of a container that waits.
pub(super) fn waiting(status: &ContainerStatus) -> Option<(&str, &str)> {
    let waiting = status.state.as_ref()?.waiting.as_ref()?;
    Some((
        waiting.reason.as_deref().unwrap_or_default(),
        waiting.message.as_deref().unwrap_or_default(),
    ))
}

/// The kubelet's reason and message for a container that waits.
fn waits(status: &ContainerStatus) -> Option<Found> {
    let (reason, message) = waiting(status)?;
    let said = if message.is_empty() { reason.to_owned() } else { concise(message) };
    let at_once = Tolerance::Seconds(0);
    // A Secret may be applied along with us; an API call of the node may fail once.
    match reason {
        "ErrImagePull" | "ImagePullBackOff" | "RegistryUnavailable" => Some(pull(message)),
        "InvalidImageName" => Some((Cause::ImageName, said, at_once)),
        "ErrImageNeverPull" => Some((Cause::ImageNotLoaded, said, at_once)),
        "SignatureValidationFailed" => Some((Cause::ImageDenied, said, at_once)),
        "ImageInspectError" => Some((Cause::ImagePull, said, Tolerance::Seconds(10))),
        "CreateContainerConfigError" => Some((Cause::Configuration, said, Tolerance::Seconds(4))),
        "CreateContainerError" | "RunContainerError" => {
            Some((Cause::Start, said, Tolerance::Seconds(10)))
        }
        _ => None,
    }
}

/// The kind of trouble of pulling, from the runtime's words: the kubelet gives no code.
fn pull(message: &str) -> Found {
    let said = concise(message);
    let lower = message.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let at_once = Tolerance::Seconds(0);
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
    (Cause::ImagePull, said, Tolerance::Seconds(10))
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
    let earlier = seen.timings.restarts.get(&key).copied().unwrap_or_default();
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
            (Cause::Ended, "ended with exit code 0 (a service has to keep running)".to_owned())
        }
        _ => (Cause::Crash, exit(end.exit_code, end.signal)),
    };
    if let Some(message) = end.message.as_deref().filter(|message| !message.trim().is_empty()) {
        said = format!("{said}: {}", concise(message));
    }
    // One restart is borne: what it needs may have come up a moment later.
    let tolerance = if crashes > 1 { Tolerance::Seconds(0) } else { Tolerance::Deadline };
    let often = if crashes > 1 { format!(", {crashes} times") } else { String::new() };
    Some((cause, format!("{said}{often}"), tolerance))
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
    Some((Cause::Probe, words, Tolerance::Deadline))
}

fn is_running(state: &ContainerState) -> bool {
    state.running.is_some()
}

/// The message of the newest event of one of these probes.
fn probe_words(seen: &Snapshot, pod: &Pod, container: &str, probes: &[&str]) -> Option<String> {
    let events = seen.events_of(pod);
    let event = events.iter().rfind(|event| {
        let message = event.message.as_deref().unwrap_or_default();
        matches!(event.reason.as_deref(), Some("Unhealthy" | "ProbeWarning"))
            && is_about(event, container)
            && probes.iter().any(|probe| message.starts_with(probe))
    })?;
    let words = concise(event.message.as_deref().unwrap_or_default());
    // The kubelet names the address where it gets no answer, and leaves it out where it gets a wrong one.
    match asked(pod, container, &words).filter(|_| words.contains("statuscode")) {
        Some(asked) => Some(format!("{words} ({asked})")),
        None => Some(words),
    }
}

/// The question of the probe that a message begins with: `GET :9000/readyz`.
fn asked(pod: &Pod, container: &str, words: &str) -> Option<String> {
    let containers = &pod.spec.as_ref()?.containers;
    let container = containers.iter().find(|one| one.name == container)?;
    let probe = match words.split(' ').next()? {
        "Startup" => &container.startup_probe,
        "Liveness" => &container.liveness_probe,
        _ => &container.readiness_probe,
    };
    let get = probe.as_ref()?.http_get.as_ref()?;
    let port = match &get.port {
        IntOrString::Int(number) => *number,
        IntOrString::String(name) => {
            let mut ports = container.ports.iter().flatten();
            ports.find(|port| port.name.as_ref() == Some(name))?.container_port
        }
    };
    Some(format!("GET :{port}{}", get.path.as_deref().unwrap_or("/")))
}

/// Returns true for an event about the container: its field path is `spec.containers{NAME}`.
fn is_about(event: &Event, container: &str) -> bool {
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
            let (found, _, tolerance) = pull(message);
            assert_eq!(found, cause, "{message}");
            assert_eq!(tolerance == Tolerance::Seconds(0), cause != Cause::ImagePull, "{message}");
        }
    }
}
