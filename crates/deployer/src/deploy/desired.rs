//! What is wanted, how, and how it went.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

use crate::history::Revision;
use crate::manifest::Manifest;

/// How to deploy.
#[derive(Debug, Clone)]
pub struct ApplyOptions {
    /// Take over fields and objects that belong to others.
    pub force: bool,
    /// Delete and make anew what cannot be changed.
    pub replace: bool,
    /// What to do where the new revision does not run.
    pub on_failure: OnFailure,
    /// How long the whole may take.
    pub timeout: Duration,
    /// How many revisions are kept.
    pub history: usize,
    /// Who deploys, as the history shows it.
    pub by: String,
    /// Notified when the run is to end; the lock is then given back.
    pub interrupt: Arc<Notify>,
}

/// What to do where a new revision does not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnFailure {
    /// Back to the last good revision; a first install is removed again.
    GoBack,
    /// The same, but a first install stays.
    KeepFirst,
    /// Everything stays as it is.
    Leave,
}

/// What is wanted.
#[derive(Debug, Clone)]
pub struct Desired {
    /// The release's name.
    pub release: String,
    /// Its namespace.
    pub namespace: String,
    /// The image, as the history shows it.
    pub image: String,
    /// The objects, in order.
    pub manifests: Vec<Manifest>,
    /// The revision whose objects these are, where it is gone back to.
    pub rollback_of: Option<u32>,
}

impl Desired {
    /// The release without an object.
    pub fn nothing(release: &str, namespace: &str) -> Self {
        Self {
            release: release.to_owned(),
            namespace: namespace.to_owned(),
            image: String::new(),
            manifests: Vec::new(),
            rollback_of: None,
        }
    }

    /// The same release as it was in an earlier revision.
    #[must_use]
    pub fn back_to(&self, revision: &Revision) -> Self {
        Self {
            image: revision.image.clone(),
            manifests: revision.manifests.clone(),
            rollback_of: Some(revision.number),
            ..self.clone()
        }
    }
}

/// How it went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// The revision that serves.
    pub revision: u32,
    /// Whether anything had to be done.
    pub changed: bool,
    /// Whether an Ingress controller had taken the Ingress before; without one its host name leads nowhere.
    pub admitted: bool,
}
