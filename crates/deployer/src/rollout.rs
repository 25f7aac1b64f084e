//! Follows a rollout until it is done or has failed, and finds out why.
//!
//! [`decide()`] is pure: it looks at a [`Snapshot`] of the Deployment, its ReplicaSets, pods and events and says whether to
//! wait. [`follow()`] keeps the snapshot current by watches, asks `decide` at every change, and collects the evidence of a
//! failure while the failing pod is still there. [`reachable()`] then proves that the service answers.

mod advice;
mod container;
mod decide;
mod endpoint;
mod evidence;
mod follow;
mod page;
mod progress;
mod reachable;
mod snapshot;
mod trouble;
mod watch;
mod wording;

use std::fmt;

use serde_json::Value;

pub use crate::event::Failure;
pub use decide::{Verdict, decide};
pub use follow::follow;
pub use reachable::{Reach, reachable};
pub(crate) use snapshot::last_seen;
pub use snapshot::{Snapshot, Timings};

/// The Deployment whose rollout is looked at, as its apply left it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeploymentRef {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its UID: another Deployment of the same name is not ours.
    pub uid: String,
    /// The generation that the apply returned: a status of an earlier one says nothing.
    pub generation: i64,
    /// The labels that choose its pods and ReplicaSets, as `key=value,…`.
    pub selector: String,
}

impl fmt::Display for DeploymentRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Deployment {}", self.name)
    }
}

impl DeploymentRef {
    /// From the API server's answer to the apply; none where that is no object of the API.
    pub fn of(applied: &Value) -> Option<Self> {
        let metadata = applied.get("metadata")?;
        let text = |name: &str| Some(metadata.get(name)?.as_str()?.to_owned());
        let labels = applied.pointer("/spec/selector/matchLabels")?.as_object()?;
        let selector: Option<Vec<String>> =
            labels.iter().map(|(key, value)| Some(format!("{key}={}", value.as_str()?))).collect();
        Some(Self {
            namespace: text("namespace")?,
            name: text("name")?,
            uid: text("uid")?,
            generation: metadata.get("generation")?.as_i64()?,
            selector: selector?.join(","),
        })
    }
}

/// The end of a rollout.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Every pod is of the new revision and available.
    Ready {
        /// The number of pods.
        replicas: i32,
    },
    /// It does not come about.
    Failed(Box<Failure>),
}
