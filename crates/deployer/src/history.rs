//! Revisions: what was deployed when, by whom, with which objects.

mod changes;
mod codec;
mod record;
mod store;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::api::ApiServer;
use crate::manifest::{Manifest, ObjectId};

pub use codec::hash;

/// One deployment, as it is recorded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Revision {
    /// Counts from 1.
    pub number: u32,
    /// When it began.
    pub started: Timestamp,
    /// The deployer: `user@host`.
    pub by: String,
    /// The image, by digest where one is known.
    pub image: String,
    /// The outcome.
    pub status: Status,
    /// The reason of its failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The earlier revision whose objects it has again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollback_of: Option<u32>,
    /// Its canary, where it was tried by one first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub canary: Option<Canary>,
    /// Of the manifests: [`hash`].
    pub hash: String,
    /// The objects as they were applied, in order.
    #[serde(skip)]
    pub manifests: Vec<Manifest>,
    /// The objects that the API server then had.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inventory: Vec<Owned>,
}

/// The outcome of a deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It is being applied, or was when its deployer was stopped.
    Pending,
    /// Its canary runs, and waits to be promoted or aborted.
    Canary,
    /// Its rollout was done.
    Deployed,
    /// Its rollout failed.
    Failed,
}

/// The pods by which a revision is tried beside the one that serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Canary {
    /// The number of its pods.
    pub pods: u16,
    /// True once the revision is rolled out: until then what serves is not touched.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub promoted: bool,
}

impl Revision {
    /// The pods of its canary, where it has not gone beyond that.
    pub fn tried_by(&self) -> Option<u16> {
        self.canary.filter(|canary| !canary.promoted).map(|canary| canary.pods)
    }
}

/// An object that is ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owned {
    /// The object.
    pub id: ObjectId,
    /// Its `metadata.uid`: an object of the same name that others made later has another.
    pub uid: String,
}

/// A revision that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "revision {} cannot be read, and is passed over: Secret {secret}: {reason}; delete that Secret to forget the revision, or bring it back from a backup",
    number.map_or_else(|| "of an unknown number".to_owned(), |number| number.to_string())
)]
pub struct Damaged {
    /// Its number, where its labels tell.
    pub number: Option<u32>,
    /// The Secret.
    pub secret: String,
    /// The damage.
    pub reason: String,
}

/// The revision that serves: the newest whose rollout was done.
pub fn serving(revisions: &[Revision]) -> Option<&Revision> {
    revisions.iter().rev().find(|revision| revision.status == Status::Deployed)
}

/// The revisions of one release.
#[derive(Debug)]
pub struct History<'a> {
    api: &'a ApiServer,
    namespace: String,
    release: String,
}

impl<'a> History<'a> {
    /// Of the release of this name in this namespace.
    pub fn new(api: &'a ApiServer, namespace: &str, release: &str) -> Self {
        Self { api, namespace: namespace.to_owned(), release: release.to_owned() }
    }

    /// The same through another handle of the cluster, such as one that sees to a lock.
    pub fn on<'b>(&self, api: &'b ApiServer) -> History<'b> {
        History::new(api, &self.namespace, &self.release)
    }
}
