//! What is seen of a rollout at one moment.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use k8s_openapi::api::core::v1::{Event, Pod};
use k8s_openapi::jiff::Timestamp;

/// What is seen of a rollout at one moment.
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
    /// Since when each trouble is known, by the trouble's key: the API does not say it.
    pub since: BTreeMap<String, Timestamp>,
    /// Restarts that lie before this rollout was looked at, by pod UID and container: of containers that were ready then.
    pub earlier_restarts: BTreeMap<(String, String), i32>,
}
