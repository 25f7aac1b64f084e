//! The pods that do not run, as a server of the cluster sees them, and the reason of each.

use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;

use super::host::{Host, HostError, SHORT};
use super::nodes::kubectl;

/// The namespace of k3s's own pods.
pub const SYSTEM: &str = "kube-system";

/// The time in which a pod may begin without being told of: an image is pulled meanwhile.
const BEGINS: Duration = Duration::from_mins(2);

/// A pod that does not run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ailing {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The node that it is on.
    pub node: Option<String>,
    /// The reason.
    pub reason: Ailment,
}

/// The reason that a pod does not run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ailment {
    /// An image cannot be pulled.
    Image {
        /// The image.
        image: String,
        /// The kubelet's words.
        message: String,
    },
    /// A container ends again and again.
    Ends {
        /// Its exit code or the reason of its end.
        how: String,
        /// The number of times that it was started again.
        restarts: u32,
    },
    /// No node takes it, in the scheduler's words.
    NoNode(String),
    /// It has ended, and was not to end.
    Failed(String),
    /// It does not begin, or is not ready.
    Waits(String),
}

#[derive(Deserialize)]
struct List {
    items: Vec<Pod>,
}

#[derive(Deserialize)]
struct Pod {
    metadata: Metadata,
    #[serde(default)]
    spec: Spec,
    #[serde(default)]
    status: Status,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    #[serde(default)]
    namespace: String,
    name: String,
    creation_timestamp: Option<Timestamp>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Spec {
    node_name: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Status {
    phase: String,
    reason: String,
    message: String,
    conditions: Vec<Condition>,
    init_container_statuses: Vec<Container>,
    container_statuses: Vec<Container>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Condition {
    #[serde(rename = "type")]
    kind: String,
    status: String,
    message: String,
    last_transition_time: Option<Timestamp>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Container {
    name: String,
    image: String,
    restart_count: u32,
    state: State,
    last_state: State,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct State {
    waiting: Option<Waiting>,
    terminated: Option<Terminated>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Waiting {
    reason: String,
    message: String,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Terminated {
    exit_code: i32,
    reason: String,
    message: String,
}

/// Asks a server for k3s's own pods that do not run, and for those of others that wait for an image.
///
/// # Errors
/// The API server does not answer.
pub async fn ailing(server: &Host) -> Result<Vec<Ailing>, HostError> {
    let operation = "listing the pods";
    let common = ["--output", "json", "--request-timeout", "20s"];
    let others = format!("--field-selector=status.phase=Pending,metadata.namespace!={SYSTEM}");
    let mut found = Vec::new();
    for selection in [["--namespace", SYSTEM], ["--all-namespaces", &others]] {
        let words = [&["get", "pods"][..], &selection, &common].concat();
        let stdout = kubectl(server, operation, &words, SHORT).await?;
        let text = String::from_utf8_lossy(&stdout);
        let pods = read(&text, Timestamp::now()).map_err(|error| {
            server.refused(operation, format!("the answer is not a list: {error}"))
        })?;
        found.extend(
            pods.into_iter().filter(|pod| {
                pod.namespace == SYSTEM || matches!(pod.reason, Ailment::Image { .. })
            }),
        );
    }
    Ok(found)
}

/// Reads a list of pods, and keeps those that do not run.
///
/// # Errors
/// The text is not such a list.
pub fn read(text: &str, now: Timestamp) -> Result<Vec<Ailing>, serde_json::Error> {
    let list: List = serde_json::from_str(text)?;
    let ailing = list.items.into_iter().filter_map(|pod| {
        let reason = ailment(&pod, now)?;
        let Metadata { namespace, name, .. } = pod.metadata;
        Some(Ailing { namespace, name, node: pod.spec.node_name, reason })
    });
    Ok(ailing.collect())
}

fn ailment(pod: &Pod, now: Timestamp) -> Option<Ailment> {
    let status = &pod.status;
    let is_late = |since: Option<Timestamp>| {
        since.is_some_and(|since| {
            now.as_second().saturating_sub(since.as_second()) > BEGINS.as_secs().cast_signed()
        })
    };
    match status.phase.as_str() {
        "Succeeded" => return None,
        // What was evicted stays as a name alone; another has taken its place.
        "Failed" if status.reason == "Evicted" => return None,
        "Failed" => return Some(Ailment::Failed(words(&status.reason, &status.message))),
        _ => {}
    }
    let containers = || status.init_container_statuses.iter().chain(&status.container_statuses);
    if let Some(reason) = containers().find_map(of_container) {
        return Some(reason);
    }
    let condition = |kind: &str| {
        status.conditions.iter().find(|found| found.kind == kind && found.status == "False")
    };
    if let Some(unscheduled) = condition("PodScheduled") {
        return Some(Ailment::NoNode(unscheduled.message.clone()));
    }
    let waiting = containers().find_map(|container| container.state.waiting.as_ref());
    if let Some(waiting) = waiting.filter(|_| is_late(pod.metadata.creation_timestamp)) {
        return Some(Ailment::Waits(words(&waiting.reason, &waiting.message)));
    }
    let unready = condition("Ready").filter(|unready| is_late(unready.last_transition_time))?;
    Some(Ailment::Waits(words("not ready", &unready.message)))
}

/// The reasons for which a kubelet does not pull an image (`pkg/kubelet/images/types.go`).
const OF_IMAGES: [&str; 6] = [
    "ImagePullBackOff",
    "ErrImagePull",
    "ErrImageNeverPull",
    "InvalidImageName",
    "ImageInspectError",
    "RegistryUnavailable",
];

/// The reason that a container tells, unless it begins as usual.
fn of_container(container: &Container) -> Option<Ailment> {
    let waiting = container.state.waiting.as_ref()?;
    match waiting.reason.as_str() {
        reason if OF_IMAGES.contains(&reason) => Some(Ailment::Image {
            image: container.image.clone(),
            message: words(reason, &waiting.message),
        }),
        "CrashLoopBackOff" => {
            let how = match &container.last_state.terminated {
                Some(end) => {
                    let code = format!("code {}", end.exit_code);
                    let said = [&code, &end.reason, &end.message];
                    let said: Vec<&str> = said
                        .into_iter()
                        .map(|text| text.trim())
                        .filter(|it| !it.is_empty())
                        .collect();
                    said.join(", ")
                }
                None => waiting.message.clone(),
            };
            let how = format!("{}: {how}", container.name);
            Some(Ailment::Ends { how, restarts: container.restart_count })
        }
        "ContainerCreating" | "PodInitializing" | "" => None,
        reason => Some(Ailment::Waits(words(reason, &waiting.message))),
    }
}

/// A reason with its message, where there is one.
fn words(reason: &str, message: &str) -> String {
    match (reason, message) {
        (reason, "") => reason.to_owned(),
        ("", message) => message.to_owned(),
        (reason, message) => format!("{reason}: {message}"),
    }
}
