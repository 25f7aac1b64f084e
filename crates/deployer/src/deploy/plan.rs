//! The plan of a run. Pure.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::deploy::DeployError;
use crate::deploy::inventory::{self, owner};
use crate::deploy::observed::Observed;
use crate::deploy::status;
use crate::diff;
use crate::history::{Owned, Status};
use crate::manifest::{Kind, Manifest, ObjectId};
use crate::rollout::Verdict;

/// The steps that a run will take.
#[derive(Debug, Clone, PartialEq)]
pub struct ApplyPlan {
    /// The objects to apply, in order; without a namespace that is not ours.
    pub manifests: Vec<Manifest>,
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
    /// Decides what it takes to get from `state` to `wanted`. `adopt` takes over objects of the same name that are not ours.
    ///
    /// # Errors
    /// A namespace that is being deleted; an object of the same name that is not ours.
    pub fn new(
        state: &Observed,
        wanted: &[Manifest],
        release: &str,
        adopt: bool,
    ) -> Result<Self, DeployError> {
        let mut notes = Vec::new();
        let inventory = state.inventory(release);
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
        let differing = differing(state, &manifests);
        let (number, abandoned) = number(state, &manifests);
        // What serves keeps its jobs, until the next revision runs its own.
        let serving = state.revisions.last().filter(|_| deployed(state, &manifests));
        let keeps = serving.filter(|_| differing.is_empty()).map_or(number, |newest| newest.number);
        let prune = inventory::unwanted(&inventory, &manifests, keeps);
        let in_place = differing.is_empty() && prune.is_empty() && serving.is_some();
        let settled = in_place && complete(state, &manifests);
        let namespace_is_there = state.live.keys().any(|id| id.kind == Kind::Namespace);
        Ok(Self {
            manifests,
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

impl ApplyPlan {
    /// True where the newest revision is deployed, applied these very manifests, and all that it made is wanted still.
    pub fn is_deployed(&self, state: &Observed) -> bool {
        deployed(state, &self.manifests)
            && state.revisions.last().is_some_and(|newest| {
                inventory::unwanted(&self.inventory, &self.manifests, newest.number).is_empty()
            })
    }
}

/// The objects to apply: those that differ, and those that the newest revision did not bring up just so. (A field that
/// is no longer rendered is still in the live object; only applying takes it away.)
fn differing(state: &Observed, manifests: &[Manifest]) -> BTreeSet<ObjectId> {
    let good = state.revisions.last().filter(|newest| newest.status == Status::Deployed);
    let brought_up =
        |manifest: &&Manifest| good.is_some_and(|good| good.manifests.contains(manifest));
    let in_sync = |manifest: &&Manifest| {
        state.live.get(&manifest.id).is_some_and(|live| diff::in_sync(&manifest.object, live))
    };
    manifests
        .iter()
        .filter(|manifest| manifest.id.kind != Kind::Job)
        .filter(|manifest| !(brought_up(manifest) && in_sync(manifest)))
        .map(|manifest| manifest.id.clone())
        .collect()
}

/// A pending revision that wants the same is gone on with; any other one will not be.
fn number(state: &Observed, manifests: &[Manifest]) -> (u32, Vec<u32>) {
    let newest = state.revisions.last();
    let pending = state.revisions.iter().filter(|revision| revision.status == Status::Pending);
    match newest {
        Some(newest) if newest.status == Status::Pending && newest.manifests == manifests => (
            newest.number,
            pending.map(|it| it.number).filter(|number| *number != newest.number).collect(),
        ),
        _ => (newest.map_or(1, |newest| newest.number + 1), pending.map(|it| it.number).collect()),
    }
}

/// The newest revision is deployed, and applied these very manifests: nothing that it no longer says is left over.
fn deployed(state: &Observed, manifests: &[Manifest]) -> bool {
    state
        .revisions
        .last()
        .is_some_and(|newest| newest.status == Status::Deployed && newest.manifests == manifests)
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
