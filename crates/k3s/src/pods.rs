//! The pods that do not run, as a server of the cluster sees them, and the reason of each.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{ContainerStateWaiting, ContainerStatus, Pod, PodCondition};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};

use super::host::{Host, HostError};
use super::nodes::{List, list};

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

/// Asks a server for k3s's own pods that do not run, and for those of others that wait for an image.
///
/// # Errors
/// The API server does not answer.
pub async fn ailing(server: &Host) -> Result<Vec<Ailing>, HostError> {
    let others = format!("--field-selector=status.phase=Pending,metadata.namespace!={SYSTEM}");
    let mut found = Vec::new();
    for selection in [["pods", "--namespace", SYSTEM], ["pods", "--all-namespaces", &others]] {
        let read = |text: &[u8]| read(text, Timestamp::now());
        let pods = list(server, "listing the pods", &selection, read).await?;
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
pub fn read(text: &[u8], now: Timestamp) -> Result<Vec<Ailing>, serde_json::Error> {
    let list: List<Pod> = serde_json::from_slice(text)?;
    let ailing = list.items.into_iter().filter_map(|pod| {
        let reason = ailment(&pod, now)?;
        let ObjectMeta { namespace, name, .. } = pod.metadata;
        Some(Ailing {
            namespace: namespace.unwrap_or_default(),
            name: name.unwrap_or_default(),
            node: pod.spec.and_then(|spec| spec.node_name),
            reason,
        })
    });
    Ok(ailing.collect())
}

fn ailment(pod: &Pod, now: Timestamp) -> Option<Ailment> {
    let status = pod.status.as_ref()?;
    let is_late = |since: Option<&Time>| {
        since.is_some_and(|Time(since)| {
            now.as_second().saturating_sub(since.as_second()) > BEGINS.as_secs().cast_signed()
        })
    };
    match status.phase.as_deref() {
        Some("Succeeded") => return None,
        // What was evicted stays as a name alone; another has taken its place.
        Some("Failed") if status.reason.as_deref() == Some("Evicted") => return None,
        Some("Failed") => {
            return Some(Ailment::Failed(words(
                status.reason.as_deref(),
                status.message.as_deref(),
            )));
        }
        _ => {}
    }
    let containers = || {
        let init = status.init_container_statuses.iter().flatten();
        init.chain(status.container_statuses.iter().flatten())
    };
    if let Some(reason) = containers().find_map(of_container) {
        return Some(reason);
    }
    let condition = |kind: &str| {
        let mut conditions = status.conditions.iter().flatten();
        conditions.find(|found| found.type_ == kind && found.status == "False")
    };
    if let Some(unscheduled) = condition("PodScheduled") {
        return Some(Ailment::NoNode(unscheduled.message.clone().unwrap_or_default()));
    }
    let waiting = containers().find_map(waiting);
    if let Some(waiting) = waiting.filter(|_| is_late(pod.metadata.creation_timestamp.as_ref())) {
        let words = words(waiting.reason.as_deref(), waiting.message.as_deref());
        return Some(Ailment::Waits(words));
    }
    let since = |unready: &&PodCondition| is_late(unready.last_transition_time.as_ref());
    let unready = condition("Ready").filter(since)?;
    Some(Ailment::Waits(words(Some("not ready"), unready.message.as_deref())))
}

fn waiting(container: &ContainerStatus) -> Option<&ContainerStateWaiting> {
    container.state.as_ref()?.waiting.as_ref()
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
fn of_container(container: &ContainerStatus) -> Option<Ailment> {
    let waiting = waiting(container)?;
    match waiting.reason.as_deref().unwrap_or_default() {
        reason if OF_IMAGES.contains(&reason) => Some(Ailment::Image {
            image: container.image.clone(),
            message: words(Some(reason), waiting.message.as_deref()),
        }),
        "CrashLoopBackOff" => {
            let last = container.last_state.as_ref().and_then(|last| last.terminated.as_ref());
            let how = match last {
                Some(end) => {
                    let said = [end.reason.as_deref(), end.message.as_deref()];
                    let said = said.into_iter().flatten().map(str::trim);
                    let said = said.filter(|text| !text.is_empty()).map(|text| format!(", {text}"));
                    format!("code {}{}", end.exit_code, said.collect::<String>())
                }
                None => waiting.message.clone().unwrap_or_default(),
            };
            let how = format!("{}: {how}", container.name);
            Some(Ailment::Ends { how, restarts: container.restart_count.cast_unsigned() })
        }
        "ContainerCreating" | "PodInitializing" | "" => None,
        reason => Some(Ailment::Waits(words(Some(reason), waiting.message.as_deref()))),
    }
}

/// A reason with its message, as far as there are any.
fn words(reason: Option<&str>, message: Option<&str>) -> String {
    match (reason.unwrap_or_default(), message.unwrap_or_default()) {
        (reason, "") => reason.to_owned(),
        ("", message) => message.to_owned(),
        (reason, message) => format!("{reason}: {message}"),
    }
}
