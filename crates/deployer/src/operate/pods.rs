//! The release's pods, and the container of each that people mean.

use k8s_openapi::api::core::v1::{ContainerStatus, Pod};

use crate::api::{ApiServer, CallError};
use crate::release::{INSTANCE, NAME};

/// The pods and containers that are meant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// The namespace of the release.
    pub namespace: String,
    /// The release.
    pub release: String,
    /// The worker or job, as the configuration names it; without it, every process of the release.
    pub only: Option<String>,
    /// The pods; without any, all of them.
    pub pods: Vec<String>,
    /// The container; without it, the one that runs the release's image.
    pub container: Option<String>,
}

/// One container of a pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The pod's name.
    pub pod: String,
    /// The pod's UID.
    pub uid: String,
    /// The container's name.
    pub container: String,
    /// True where it runs now.
    pub running: bool,
    /// True where it has run before its last start.
    pub restarted: bool,
    /// The reason why it has no log yet, where it has none.
    pub waits: Option<String>,
    /// True where the pod gets requests.
    pub ready: bool,
}

impl Selection {
    /// The labels of the pods that are meant.
    fn labels(&self) -> String {
        let release = &self.release;
        match &self.only {
            None => format!("{INSTANCE}={release}"),
            Some(only) if only == release => format!("{INSTANCE}={release},{NAME}={release}"),
            Some(only) => format!("{INSTANCE}={release},{NAME}={release}-{only}"),
        }
    }

    /// The pods as they are there.
    ///
    /// # Errors
    /// The API server does not tell.
    pub async fn list(&self, api: &ApiServer) -> Result<Vec<Pod>, CallError> {
        let mut pods: Vec<Pod> = api.list(Some(&self.namespace), &self.labels()).await?;
        pods.retain(|pod| {
            let name = pod.metadata.name.as_deref().unwrap_or_default();
            self.pods.is_empty() || self.pods.iter().any(|wanted| wanted == name)
        });
        pods.sort_by(|one, other| one.metadata.name.cmp(&other.metadata.name));
        Ok(pods)
    }

    /// Says that nothing of it is there.
    pub fn none(&self) -> String {
        let Self { namespace, release, only, pods, .. } = self;
        let whose =
            only.as_ref().map_or_else(|| release.clone(), |only| format!("{only} of {release}"));
        match pods.as_slice() {
            [] => format!("{whose} has no pod in namespace {namespace}"),
            pods => format!("{whose} has no pod {} in namespace {namespace}", pods.join(", ")),
        }
    }
}

/// The containers that are meant, by pod.
///
/// # Errors
/// The API server does not tell.
pub async fn targets(api: &ApiServer, selection: &Selection) -> Result<Vec<Target>, CallError> {
    let pods = selection.list(api).await?;
    Ok(pods.iter().filter_map(|pod| target(pod, selection.container.as_deref())).collect())
}

fn target(pod: &Pod, wanted: Option<&str>) -> Option<Target> {
    let spec = pod.spec.as_ref()?;
    let containers = || spec.containers.iter().chain(spec.init_containers.iter().flatten());
    let process = pod.metadata.labels.as_ref().and_then(|labels| labels.get(NAME));
    let wanted = wanted.or(process.map(String::as_str));
    let container = containers()
        .find(|container| Some(container.name.as_str()) == wanted)
        .or(spec.containers.first())?;
    let status = status_of(pod, &container.name);
    let state = status.and_then(|status| status.state.as_ref());
    let has_run = state.is_some_and(|state| state.running.is_some() || state.terminated.is_some())
        || status.is_some_and(|status| status.restart_count > 0);
    let reason = state.and_then(|state| state.waiting.as_ref()?.reason.clone());
    let phase = pod.status.as_ref().and_then(|status| status.phase.clone());
    let conditions = pod.status.iter().flat_map(|status| status.conditions.iter().flatten());
    Some(Target {
        pod: pod.metadata.name.clone()?,
        uid: pod.metadata.uid.clone()?,
        container: container.name.clone(),
        running: state.is_some_and(|state| state.running.is_some()),
        restarted: status.is_some_and(|status| status.restart_count > 0),
        waits: (!has_run).then(|| reason.or(phase).unwrap_or_else(|| "Pending".to_owned())),
        ready: conditions.into_iter().any(|it| it.type_ == "Ready" && it.status == "True"),
    })
}

fn status_of<'p>(pod: &'p Pod, container: &str) -> Option<&'p ContainerStatus> {
    let status = pod.status.as_ref()?;
    let own = status.container_statuses.iter().flatten();
    own.chain(status.init_container_statuses.iter().flatten()).find(|it| it.name == container)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_container_is_that_of_the_release_unless_another_is_named() {
        let pod: Pod = serde_json::from_value(json!({
            "metadata": {"name": "web-1", "uid": "u", "labels": {NAME: "web"}},
            "spec": {"containers": [{"name": "proxy"}, {"name": "web"}], "initContainers": [{"name": "setup"}]},
            "status": {"phase": "Running", "containerStatuses": [
                {"name": "web", "image": "", "imageID": "", "ready": true, "restartCount": 1, "state": {"running": {}}},
                {"name": "proxy", "image": "", "imageID": "", "ready": false, "restartCount": 0,
                 "state": {"waiting": {"reason": "ContainerCreating"}}}
            ]}
        }))
        .expect("a pod");
        let of = |wanted| target(&pod, wanted).expect("a container");
        assert_eq!((of(None).container.as_str(), of(None).running), ("web", true));
        assert_eq!(of(None).waits, None);
        assert_eq!(of(Some("proxy")).waits.as_deref(), Some("ContainerCreating"));
        assert_eq!(of(Some("setup")).container, "setup");
    }
}
