//! The plan of a run. Pure.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::deploy::desired::Extent;
use crate::deploy::inventory::{self, owner};
use crate::deploy::observed::Observed;
use crate::deploy::status;
use crate::deploy::{DeployError, canary};
use crate::diff;
use crate::history::{Owned, Revision, Status};
use crate::manifest::{Kind, Manifest, ObjectId};
use crate::rollout::Verdict;

/// The steps that a run will take.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a finding of its own")]
pub struct ApplyPlan {
    /// The objects to apply, in order; without a namespace that is not ours.
    pub manifests: Vec<Manifest>,
    /// The objects of the revision: the same, but while its canary is all of it that runs.
    pub record: Vec<Manifest>,
    /// The pods of the canary, where no more of it is brought up.
    pub canary: Option<u16>,
    /// True where a canary is promoted: its jobs `before` have run.
    pub promotes: bool,
    /// Those of them that may not be as they should be.
    pub stale: BTreeSet<ObjectId>,
    /// The objects that are ours now, including what an interrupted run has left.
    pub inventory: Vec<Owned>,
    /// The objects that will be deleted in the end.
    pub prune: Vec<Owned>,
    /// The number of the revision that the run makes, or continues.
    pub number: u32,
    /// Pending revisions of runs that were interrupted and wanted something else.
    pub abandoned: Vec<u32>,
    /// True where the namespace is there, ours or not.
    pub namespace_is_there: bool,
    /// True where nothing is to be written: the newest revision applied these very manifests, and nobody has changed them.
    pub in_place: bool,
    /// True where it also serves, as far as the Deployment tells.
    pub settled: bool,
    /// Notes for people.
    pub notes: Vec<String>,
}

impl ApplyPlan {
    /// Decides what it takes to get from `state` to all of `wanted`. `adopt` takes over objects of the same name that are not ours.
    ///
    /// # Errors
    /// A namespace that is being deleted; an object of the same name that is not ours.
    pub fn new(
        state: &Observed,
        wanted: &[Manifest],
        release: &str,
        adopt: bool,
    ) -> Result<Self, DeployError> {
        Self::up_to(Extent::Whole, state, wanted, release, adopt)
    }

    /// As [`ApplyPlan::new`], up to a part of it.
    ///
    /// # Errors
    /// A namespace that is being deleted; an object of the same name that is not ours.
    pub fn up_to(
        extent: Extent,
        state: &Observed,
        wanted: &[Manifest],
        release: &str,
        adopt: bool,
    ) -> Result<Self, DeployError> {
        let mut notes = Vec::new();
        let inventory = state.inventory(release);
        let record = applicable(state, wanted, (release, &inventory), adopt, &mut notes)?;
        let canary = canary::pods(extent, state, &record, &mut notes);
        let manifests = match canary {
            Some(pods) => {
                let staged = canary::staged(&record, pods);
                applicable(state, &staged, (release, &inventory), adopt, &mut notes)?
            }
            None => record.clone(),
        };
        let brought_up = brought_up(state, canary);
        let differing = differing(state, &manifests, &brought_up);
        let (number, abandoned) = number(state, &record, extent, canary);
        // What serves keeps its jobs, until the next revision runs its own.
        let serving = state.revisions.last().filter(|_| stands(state, &record, canary));
        let keeps = serving.filter(|_| differing.is_empty()).map_or(number, |newest| newest.number);
        let prune = match canary {
            // What served before serves on, with all that it has.
            Some(_) => Vec::new(),
            None => inventory::unwanted(&inventory, &manifests, keeps),
        };
        let in_place = differing.is_empty() && prune.is_empty() && serving.is_some();
        let settled = in_place && complete(state, &manifests);
        // A revision in a namespace of others has no object of it: there it was deployed before.
        let is_of_others = wanted.iter().all(|it| it.id.kind != Kind::Namespace);
        let namespace_is_there =
            is_of_others || state.live.keys().any(|id| id.kind == Kind::Namespace);
        let newest = state.revisions.last();
        let promotes = canary.is_none()
            && newest.is_some_and(|it| {
                let is_promoted = it.canary.is_some_and(|canary| canary.promoted);
                it.number == number && (is_promoted || extent == Extent::Promotion(number))
            });
        Ok(Self {
            manifests,
            record,
            canary,
            promotes,
            stale: differing,
            inventory,
            prune,
            number,
            abandoned,
            namespace_is_there,
            in_place,
            settled,
            notes,
        })
    }
}

/// The objects that may be applied: without a namespace of others.
fn applicable(
    state: &Observed,
    wanted: &[Manifest],
    (release, inventory): (&str, &[Owned]),
    adopt: bool,
    notes: &mut Vec<String>,
) -> Result<Vec<Manifest>, DeployError> {
    let mut manifests = Vec::with_capacity(wanted.len());
    for manifest in wanted {
        let Some(live) = state.live.get(&manifest.id) else {
            manifests.push(manifest.clone());
            continue;
        };
        let ours = inventory
            .iter()
            .any(|owned| owned.id == manifest.id && owned.uid == inventory::uid(live))
            || inventory::bears_our_labels(live, release);
        if manifest.id.kind == Kind::Namespace {
            if live["metadata"]["deletionTimestamp"].is_string() {
                return Err(DeployError::Terminating { namespace: manifest.id.name.clone() });
            }
            if !ours {
                notes.extend(foreign_namespace(&manifest.id.name, live));
                continue;
            }
        } else if !ours && !adopt {
            return Err(DeployError::Foreign { id: manifest.id.clone(), owner: owner(live) });
        }
        manifests.push(manifest.clone());
    }
    Ok(manifests)
}

impl ApplyPlan {
    /// True where the newest revision is deployed, applied these very manifests, and all that it made is wanted still.
    pub fn is_deployed(&self, state: &Observed) -> bool {
        stands(state, &self.record, self.canary)
            && state.revisions.last().is_some_and(|newest| {
                self.canary.is_some()
                    || inventory::unwanted(&self.inventory, &self.manifests, newest.number)
                        .is_empty()
            })
    }
}

/// The objects to apply: those that differ, and those that the newest revision did not bring up just so. (A field that
/// is no longer rendered is still in the live object; only applying takes it away.)
fn differing(
    state: &Observed,
    manifests: &[Manifest],
    brought_up: &[Manifest],
) -> BTreeSet<ObjectId> {
    let in_sync = |manifest: &&Manifest| {
        state.live.get(&manifest.id).is_some_and(|live| diff::in_sync(&manifest.object, live))
    };
    manifests
        .iter()
        .filter(|manifest| manifest.id.kind != Kind::Job)
        .filter(|manifest| !(brought_up.contains(manifest) && in_sync(manifest)))
        .map(|manifest| manifest.id.clone())
        .collect()
}

/// The objects that the newest revision has brought up, where all went well.
fn brought_up(state: &Observed, canary: Option<u16>) -> Vec<Manifest> {
    match state.revisions.last() {
        Some(newest) if newest.status == Status::Deployed => newest.manifests.clone(),
        Some(newest) if newest.status == Status::Canary && canary.is_some() => {
            canary.map_or_else(Vec::new, |pods| canary::staged(&newest.manifests, pods))
        }
        _ => Vec::new(),
    }
}

/// A pending revision that wants the same is gone on with, and so is one whose canary is meant; any other one will not be.
fn number(
    state: &Observed,
    record: &[Manifest],
    extent: Extent,
    canary: Option<u16>,
) -> (u32, Vec<u32>) {
    let newest = state.revisions.last();
    let pending = state
        .revisions
        .iter()
        .filter(|revision| matches!(revision.status, Status::Pending | Status::Canary));
    let is_meant = |newest: &Revision| match newest.status {
        Status::Pending => true,
        Status::Canary => canary.is_some() || extent == Extent::Promotion(newest.number),
        Status::Deployed | Status::Failed => false,
    };
    match newest {
        Some(newest) if is_meant(newest) && newest.manifests == record => (
            newest.number,
            pending.map(|it| it.number).filter(|number| *number != newest.number).collect(),
        ),
        _ => (newest.map_or(1, |newest| newest.number + 1), pending.map(|it| it.number).collect()),
    }
}

/// The newest revision is deployed, or its canary of so many pods runs, and it has these very manifests: nothing that it no longer
/// says is left over.
fn stands(state: &Observed, record: &[Manifest], canary: Option<u16>) -> bool {
    state.revisions.last().is_some_and(|newest| {
        let reached = match canary {
            Some(_) => newest.status == Status::Canary && newest.tried_by() == canary,
            None => newest.status == Status::Deployed,
        };
        reached && newest.manifests == record
    })
}

/// The Deployment tells that its rollout is done.
fn complete(state: &Observed, manifests: &[Manifest]) -> bool {
    let done = |deployment| matches!(status::verdict(deployment), Verdict::Done(_));
    manifests
        .iter()
        .filter(|manifest| manifest.id.kind == Kind::Deployment)
        .all(|manifest| state.live.get(&manifest.id).is_some_and(done))
}

/// The note about a namespace that we use and do not own.
fn foreign_namespace(name: &str, live: &Value) -> Option<String> {
    const ENFORCE: &str = "pod-security.kubernetes.io/enforce";
    let enforced = live["metadata"]["labels"][ENFORCE].as_str();
    (enforced != Some("restricted")).then(|| {
        format!(
            "Namespace {name} was made by others and stays as it is; it does not enforce restricted Pod Security (label {ENFORCE})"
        )
    })
}
