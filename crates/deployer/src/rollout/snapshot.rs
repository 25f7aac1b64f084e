//! A rollout as it is seen at one moment.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use k8s_openapi::api::core::v1::{ContainerStatus, Event, Pod, PodTemplateSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::jiff::Timestamp;

use super::DeploymentRef;
use super::decide::is_ours;
use super::trouble::{Trouble, troubles};

/// The label by which a Deployment tells its ReplicaSets apart; it is in their templates and not in its own.
const TEMPLATE_HASH: &str = "pod-template-hash";

/// A rollout as it is seen at one moment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Snapshot {
    /// The Deployment; none where there is none of the name.
    pub deployment: Option<Deployment>,
    /// The ReplicaSets that its selector chooses.
    pub replica_sets: Vec<ReplicaSet>,
    /// The pods that its selector chooses, of every revision.
    pub pods: Vec<Pod>,
    /// The events of the namespace's pods.
    pub events: Vec<Event>,
    /// The moments that were noticed while it was followed, since the API does not tell them.
    pub timings: Timings,
}

/// Moments that the API does not tell.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Timings {
    /// When the rollout was looked at first.
    pub begun: Option<Timestamp>,
    /// Since when each trouble is there, by its key.
    pub since: BTreeMap<String, Timestamp>,
    /// Since when the Deployment is away, on its way out or another one.
    pub away_since: Option<Timestamp>,
    /// Since when the newest pods are refused.
    pub refused_since: Option<Timestamp>,
    /// Restarts before the first look, of containers that were ready then: they say nothing about this rollout.
    pub restarts: BTreeMap<(String, String), i32>,
    /// Since when pods that are late have a whole progress deadline more: since the first look, where it had passed before
    /// (for an earlier rollout, or its killed follower), and since the API server came back, for nothing could progress
    /// without it and the controllers find back one by one.
    pub pardoned_since: Option<Timestamp>,
}

impl Snapshot {
    /// Writes down what is new at `now`, and forgets what has passed. Call it before [`super::decide()`].
    pub fn observe(&mut self, target: &DeploymentRef, now: Timestamp) {
        if self.timings.begun.is_none() {
            self.timings.begun = Some(now);
            self.timings.pardoned_since = self.is_late().then_some(now);
            self.timings.restarts = self.restarts_so_far();
        }
        let away = !self.deployment.as_ref().is_some_and(|it| is_ours(it, target));
        let refused = self.refusal().is_some();
        let timings = &mut self.timings;
        timings.away_since = away.then(|| timings.away_since.unwrap_or(now));
        timings.refused_since = refused.then(|| timings.refused_since.unwrap_or(now));
        let keys: Vec<String> = troubles(self).iter().map(Trouble::key).collect();
        self.timings.since.retain(|key, _| keys.contains(key));
        for key in keys {
            self.timings.since.entry(key).or_insert(now);
        }
    }

    fn restarts_so_far(&self) -> BTreeMap<(String, String), i32> {
        let of_pod = |pod: &Pod| {
            let uid = uid(&pod.metadata).to_owned();
            let ready = |status: &&ContainerStatus| status.ready;
            containers(pod)
                .filter(ready)
                .map(|status| ((uid.clone(), status.name.clone()), status.restart_count))
                .collect::<Vec<_>>()
        };
        self.pods.iter().flat_map(of_pod).collect()
    }

    /// Returns true where the Deployment says that its progress deadline has passed.
    pub(super) fn is_late(&self) -> bool {
        self.condition("Progressing")
            .is_some_and(|(_, reason, _)| reason == "ProgressDeadlineExceeded")
    }

    /// The reason why the API server refuses the newest pods, or their ReplicaSet. The Deployment repeats what any of its ReplicaSets
    /// says, also an old one: so the newest is asked itself.
    pub(super) fn refusal(&self) -> Option<&str> {
        let conditions = self.newest().and_then(|set| set.status.as_ref()?.conditions.as_ref());
        let of_set = conditions.into_iter().flatten().find(|condition| {
            condition.type_ == "ReplicaFailure"
                && condition.status == "True"
                && condition.reason.as_deref() == Some("FailedCreate")
        });
        of_set.map(|condition| condition.message.as_deref().unwrap_or_default()).or_else(|| {
            let (_, reason, message) = self.condition("Progressing")?;
            (reason == "ReplicaSetCreateError").then_some(message)
        })
    }

    /// Seconds without progress after which the rollout has failed.
    pub(super) fn progress_deadline(&self) -> i32 {
        let spec = self.deployment.as_ref().and_then(|deployment| deployment.spec.as_ref());
        spec.and_then(|spec| spec.progress_deadline_seconds).unwrap_or(600)
    }

    /// Seconds that a pod must have been ready for before it counts.
    pub(super) fn min_ready_seconds(&self) -> i32 {
        let spec = self.deployment.as_ref().and_then(|deployment| deployment.spec.as_ref());
        spec.and_then(|spec| spec.min_ready_seconds).unwrap_or_default()
    }

    /// The Deployment's condition of a type: status, reason and message.
    pub(super) fn condition(&self, kind: &str) -> Option<(&str, &str, &str)> {
        let conditions = self.deployment.as_ref()?.status.as_ref()?.conditions.as_ref()?;
        let condition = conditions.iter().find(|condition| condition.type_ == kind)?;
        Some((
            &condition.status,
            condition.reason.as_deref().unwrap_or_default(),
            condition.message.as_deref().unwrap_or_default(),
        ))
    }

    /// The ReplicaSet of the Deployment's current template, by the Deployment controller's own rule: the oldest of those
    /// whose template is equal but for the hash (`FindNewReplicaSet` in `pkg/controller/deployment/util`).
    pub(super) fn newest(&self) -> Option<&ReplicaSet> {
        let deployment = self.deployment.as_ref()?;
        let template = &deployment.spec.as_ref()?.template;
        self.replica_sets
            .iter()
            .filter(|set| is_owned(&set.metadata, uid(&deployment.metadata)))
            .filter(|set| {
                let of_set = set.spec.as_ref().and_then(|spec| spec.template.as_ref());
                of_set.is_some_and(|of_set| without_hash(of_set) == without_hash(template))
            })
            .min_by_key(|set| (created(&set.metadata), set.metadata.name.clone()))
    }

    /// The pods of the newest ReplicaSet that are not on their way out.
    pub(super) fn new_pods(&self) -> Vec<&Pod> {
        let Some(newest) = self.newest() else { return Vec::new() };
        let mut pods: Vec<&Pod> = self
            .pods
            .iter()
            .filter(|pod| pod.metadata.deletion_timestamp.is_none())
            .filter(|pod| is_owned(&pod.metadata, uid(&newest.metadata)))
            .collect();
        pods.sort_by_key(|pod| pod.metadata.name.clone());
        pods
    }

    /// Returns true while pods of any revision are ending: what they hold of a quota or a node comes free.
    pub(super) fn has_terminating(&self) -> bool {
        self.pods.iter().any(|pod| pod.metadata.deletion_timestamp.is_some())
    }

    /// The events about a pod, newest last.
    pub(super) fn events_of(&self, pod: &Pod) -> Vec<&Event> {
        let uid = uid(&pod.metadata);
        let mut events: Vec<&Event> = self
            .events
            .iter()
            .filter(|event| event.involved_object.uid.as_deref() == Some(uid))
            .collect();
        events.sort_by_key(|event| last_seen(event));
        events
    }
}

/// When an event was seen last, by whichever of its three clocks is set.
pub(crate) fn last_seen(event: &Event) -> Option<Timestamp> {
    let series = event.series.as_ref().and_then(|series| series.last_observed_time.as_ref());
    series
        .map(|time| time.0)
        .or_else(|| event.last_timestamp.as_ref().map(|time| time.0))
        .or_else(|| event.event_time.as_ref().map(|time| time.0))
        .or_else(|| event.metadata.creation_timestamp.as_ref().map(|time| time.0))
}

/// The states of a pod's containers, those of its init containers first.
pub(super) fn containers(pod: &Pod) -> impl Iterator<Item = &ContainerStatus> {
    let status = pod.status.as_ref();
    let init = status.and_then(|status| status.init_container_statuses.as_ref());
    let own = status.and_then(|status| status.container_statuses.as_ref());
    init.into_iter().chain(own).flatten()
}

/// The UID, or nothing.
pub(super) fn uid(metadata: &ObjectMeta) -> &str {
    metadata.uid.as_deref().unwrap_or_default()
}

/// The name, or nothing.
pub(super) fn name(metadata: &ObjectMeta) -> &str {
    metadata.name.as_deref().unwrap_or_default()
}

fn is_owned(metadata: &ObjectMeta, uid: &str) -> bool {
    let owners = metadata.owner_references.iter().flatten();
    owners.into_iter().any(|owner| owner.controller == Some(true) && owner.uid == uid)
}

fn created(metadata: &ObjectMeta) -> Option<Timestamp> {
    metadata.creation_timestamp.as_ref().map(|time| time.0)
}

fn without_hash(template: &PodTemplateSpec) -> PodTemplateSpec {
    let mut template = template.clone();
    if let Some(labels) = template.metadata.as_mut().and_then(|metadata| metadata.labels.as_mut()) {
        labels.remove(TEMPLATE_HASH);
    }
    template
}
