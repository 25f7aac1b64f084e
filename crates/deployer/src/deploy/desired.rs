//! The desired state of a release, the options of applying it, and the outcome.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

use crate::deploy::{DeployError, canary};
use crate::history::{Revision, Status};
use crate::manifest::Manifest;

/// The options of a deployment.
#[derive(Debug, Clone)]
pub struct ApplyOptions {
    /// Take over fields and objects that belong to others.
    pub force: bool,
    /// Delete and create again what cannot be changed.
    pub replace: bool,
    /// The reaction to a new revision that does not run.
    pub on_failure: OnFailure,
    /// The time that the whole may take.
    pub timeout: Duration,
    /// The number of revisions that are kept.
    pub history: usize,
    /// The deployer, as the history shows it.
    pub by: String,
    /// Notified when the run is to end; the lock is then given back.
    pub interrupt: Arc<Notify>,
}

/// The reaction to a new revision that does not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnFailure {
    /// Back to the last good revision; a first install is removed again.
    GoBack,
    /// The same, but a first install stays.
    KeepFirst,
    /// Everything stays as it is.
    Leave,
}

/// The desired state of a release.
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
    /// Runs the release's jobs: its objects come from the configuration.
    pub runs_jobs: bool,
    /// The part of it that is brought up.
    pub extent: Extent,
}

/// The part of a release that a run brings up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// All of it.
    Whole,
    /// So many pods, beside those that serve.
    Canary(u16),
    /// All of the revision of this number, whose canary runs.
    Promotion(u32),
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
            runs_jobs: false,
            extent: Extent::Whole,
        }
    }

    /// All of a revision whose canary runs, or whose promotion is under way.
    #[must_use]
    pub fn promoted(&self, revision: &Revision) -> Self {
        Self {
            image: revision.image.clone(),
            manifests: revision.manifests.clone(),
            // One that serves already has run them all.
            runs_jobs: revision.status != Status::Deployed,
            extent: Extent::Promotion(revision.number),
            ..self.clone()
        }
    }

    /// The objects to look at: its own, and the canary's Deployment where there is to be one.
    pub fn looked_at(&self) -> Vec<Manifest> {
        let mut all = self.manifests.clone();
        if let Extent::Canary(pods) = self.extent {
            let staged = canary::staged(&self.manifests, pods);
            all.extend(staged.into_iter().filter(|it| !self.manifests.contains(it)));
        }
        all
    }

    /// The same release as it was in an earlier revision.
    #[must_use]
    pub fn back_to(&self, revision: &Revision) -> Self {
        Self {
            image: revision.image.clone(),
            manifests: revision.manifests.clone(),
            rollback_of: Some(revision.number),
            // What served before has run its own, and their inverse is not known here.
            runs_jobs: false,
            extent: Extent::Whole,
            ..self.clone()
        }
    }
}

/// The outcome of applying.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// The revision that serves.
    pub revision: u32,
    /// True where anything had to be done.
    pub changed: bool,
    /// The pods of its canary, where no more of it runs; what served before serves on.
    pub canary: Option<u16>,
    /// True where an Ingress controller had taken the Ingress before; without one its host name leads nowhere.
    pub admitted: bool,
}

/// The revision of that number; without one, the newest good one that says something else than what serves. While a canary runs
/// that is what serves: to go back is to end the canary.
///
/// # Errors
/// There is none.
pub fn rollback_target<'a>(
    release: &str,
    revisions: &'a [Revision],
    number: Option<u32>,
) -> Result<&'a Revision, DeployError> {
    let none = |reason: String| DeployError::NoRevision { release: release.to_owned(), reason };
    let canary = revisions.last().filter(|newest| newest.status == Status::Canary);
    if let Some(number) = number {
        if canary.is_some_and(|canary| canary.number == number) {
            return Err(none(format!("revision {number} has its canary; `promote` rolls it out")));
        }
        return revisions
            .iter()
            .find(|revision| revision.number == number)
            .ok_or_else(|| none(format!("there is no revision {number}")));
    }
    let mut good = revisions.iter().rev().filter(|revision| revision.status == Status::Deployed);
    let serving = good.next().ok_or_else(|| none("no revision has ever served".to_owned()))?;
    if canary.is_some() {
        return Ok(serving);
    }
    good.find(|revision| revision.manifests != serving.manifests)
        .ok_or_else(|| none(format!("there is no good revision before {}", serving.number)))
}
