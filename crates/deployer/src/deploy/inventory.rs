//! The objects that are ours, and those among them that are no longer desired. Pure.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::deploy::{canary, jobs};
use crate::history::{Owned, Revision, Status};
use crate::manifest::{Kind, Manifest, ObjectId};
use crate::release::{INSTANCE, MANAGED_BY, MANAGER};

/// The objects that the newest revision wrote down: every revision carries on what the one before it had.
pub(super) fn recorded(revisions: &[Revision]) -> Vec<Owned> {
    revisions.last().map(|newest| newest.inventory.clone()).unwrap_or_default()
}

/// The objects that an interrupted run may have made and not written down: those of pending revisions.
pub(super) fn unrecorded(revisions: &[Revision]) -> BTreeSet<ObjectId> {
    let known: BTreeSet<_> = recorded(revisions).into_iter().map(|owned| owned.id).collect();
    revisions
        .iter()
        .filter(|revision| revision.status == Status::Pending)
        .flat_map(|revision| {
            let objects = revision.manifests.iter().map(|it| jobs::id_in(&it.id, revision.number));
            objects.chain(canary::of(revision).map(|canary| canary.id))
        })
        .filter(|id| !known.contains(id))
        .collect()
}

/// Returns true for an object with the release's labels.
pub(super) fn bears_our_labels(live: &Value, release: &str) -> bool {
    let label = |name: &str| live["metadata"]["labels"][name].as_str();
    label(MANAGED_BY) == Some(MANAGER) && label(INSTANCE) == Some(release)
}

/// Returns true for an object with the labels of any release, also of another one.
pub(super) fn bears_labels_of_a_release(live: &Value) -> bool {
    let labels = &live["metadata"]["labels"];
    labels[MANAGED_BY].as_str() == Some(MANAGER) && labels[INSTANCE].is_string()
}

/// The object's UID, where the API server has given one.
pub(super) fn uid(live: &Value) -> &str {
    live["metadata"]["uid"].as_str().unwrap_or_default()
}

/// The owner of an object that is not ours, as far as the object tells.
pub(super) fn owner(live: &Value) -> String {
    let metadata = &live["metadata"];
    let label = metadata["labels"][MANAGED_BY].as_str();
    let instance = metadata["labels"][INSTANCE].as_str();
    let managers = metadata["managedFields"].as_array().into_iter().flatten();
    let managers: BTreeSet<_> = managers.filter_map(|entry| entry["manager"].as_str()).collect();
    match (label, instance) {
        (Some(label), Some(instance)) => format!("{label}, of its release {instance}"),
        (Some(label), None) => label.to_owned(),
        (None, _) if managers.is_empty() => "someone who left no name".to_owned(),
        (None, _) => managers.into_iter().collect::<Vec<_>>().join(", "),
    }
}

/// Adds an object, or renews the UID of one that was created again.
pub(super) fn record(inventory: &mut Vec<Owned>, id: &ObjectId, uid: &str) {
    inventory.retain(|owned| owned.id != *id);
    inventory.push(Owned { id: id.clone(), uid: uid.to_owned() });
    inventory.sort_by(|left, right| left.id.cmp(&right.id));
}

/// Our objects that are not among those which revision `number` wants, the last applied first. The namespace is never pruned: it
/// holds the records. Nor is disk space: what is on it cannot be brought back.
pub(super) fn unwanted(inventory: &[Owned], wanted: &[Manifest], number: u32) -> Vec<Owned> {
    let wanted: BTreeSet<_> = wanted.iter().map(|it| jobs::id_in(&it.id, number)).collect();
    let mut unwanted: Vec<_> = inventory
        .iter()
        .filter(|owned| owned.id.namespace.is_some() && !wanted.contains(&owned.id))
        .filter(|owned| owned.id.kind != Kind::PersistentVolumeClaim)
        .cloned()
        .collect();
    unwanted.sort_by(|left, right| right.id.cmp(&left.id));
    unwanted
}
