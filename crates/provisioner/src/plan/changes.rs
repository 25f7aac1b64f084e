//! The change of each resource, by what was found of it.

use std::collections::BTreeSet;
use std::time::Duration;

use super::diff::differences;
use super::{Action, Change, Plan, steps};
use crate::estimate::Estimate;
use crate::resource::{Desired, Found, Observed, Readiness, Topology};
use crate::stack::Id;

/// Plans the changes that make a stack as it should be.
pub fn plan(topology: &Topology, observed: &Observed) -> Plan {
    let mut changes: Vec<Change> =
        topology.resources.iter().map(|resource| change(topology, resource, observed)).collect();
    follow(&mut changes);
    replace_dependents(topology, &mut changes);
    let unchanged = changes.iter().filter(|change| change.action == Action::None).count();
    changes.retain(|change| change.action != Action::None);
    let superfluous = observed.found.values().filter(|found| topology.get(&found.id).is_none());
    changes.extend(deletions(superfluous, observed, "it is not in the configuration any more"));
    changes.extend(duplicates(observed));
    finish(topology, observed, changes, unchanged)
}

/// Plans the deletions after which nothing of a stack is left.
pub fn plan_destroy(stack: &str, region: &str, observed: &Observed) -> Plan {
    let nothing = Topology::empty(stack, region);
    let mut changes: Vec<Change> = deletions(observed.found.values(), observed, "").collect();
    changes.extend(duplicates(observed));
    for change in &mut changes {
        // The whole of destroy is asked for with a consent of its own.
        change.is_guarded = false;
    }
    finish(&nothing, observed, changes, 0)
}

fn finish(
    topology: &Topology,
    observed: &Observed,
    changes: Vec<Change>,
    unchanged: usize,
) -> Plan {
    let steps = steps::steps(topology, observed, &changes);
    let took = |time: fn(&Estimate) -> Duration| steps::expected(&steps, time).as_secs_f64();
    let expected_s = took(|estimate| estimate.usual);
    let range_s = (took(|estimate| estimate.soonest), took(|estimate| estimate.latest));
    let mut warnings: Vec<String> = changes.iter().filter_map(warning).collect();
    warnings.sort();
    warnings.dedup();
    Plan {
        stack: topology.stack.clone(),
        region: topology.region.clone(),
        changes,
        unchanged,
        steps,
        expected_s,
        range_s,
        cost: None,
        warnings,
    }
}

fn change(topology: &Topology, resource: &Desired, observed: &Observed) -> Change {
    let mut change = Change {
        id: resource.id.clone(),
        kind: resource.spec.kind(),
        action: Action::Create,
        physical: None,
        detail: resource.spec.inner().detail(),
        differences: Vec::new(),
        reason: None,
        is_guarded: false,
    };
    let Some(found) = observed.found.get(&resource.id) else {
        change.reason = change.kind.rules().create_reason.map(str::to_owned);
        return change;
    };
    change.physical = Some(found.physical.clone());
    match &found.state {
        Readiness::Leaving(state) => {
            change.reason = Some(format!("the old one is going: {state}"));
            change.physical = None;
            return change;
        }
        Readiness::Failed(state) => {
            change.action = Action::Replace;
            change.reason = Some(format!("it has failed: {state}"));
            change.is_guarded = change.kind.rules().data.is_some();
            return change;
        }
        Readiness::Ready | Readiness::Pending(_) => {}
    }
    let tags = topology.tags_of(&resource.id);
    change.differences = differences((&resource.spec, &tags), (&found.spec, &found.tags));
    if let Readiness::Pending(state) = &found.state
        && change.kind.rules().settles_late
    {
        change.differences.clear();
        change.reason = Some(state.clone());
    }
    change.action = match (&found.state, change.differences.as_slice()) {
        (Readiness::Ready, []) => Action::None,
        (Readiness::Pending(state), []) => {
            change.reason = Some(state.clone());
            Action::Wait
        }
        (_, differences) if differences.iter().all(|one| change.kind.is_in_place(&one.field)) => {
            Action::Update
        }
        _ => Action::Replace,
    };
    change.is_guarded = change.action == Action::Replace && change.kind.rules().data.is_some();
    if change.action != Action::Replace {
        change.detail.clear();
    }
    change
}

/// Updates what follows a kind that is updated, such as the instances their template.
fn follow(changes: &mut [Change]) {
    let updated: Vec<_> = changes
        .iter()
        .filter(|change| change.action == Action::Update)
        .map(|change| change.kind)
        .collect();
    for change in changes.iter_mut() {
        if let Some((leader, reason)) = change.kind.rules().follows
            && updated.contains(&leader)
            && matches!(change.action, Action::None | Action::Wait)
        {
            change.action = Action::Update;
            change.reason = Some(reason.into());
        }
    }
}

/// Replaces what refers to something that is replaced: it cannot stay either.
fn replace_dependents(topology: &Topology, changes: &mut [Change]) {
    let mut replaced: BTreeSet<Id> = changes
        .iter()
        .filter(|change| change.action == Action::Replace)
        .map(|change| change.id.clone())
        .collect();
    loop {
        let before = replaced.len();
        for change in changes.iter_mut() {
            let is_there = matches!(change.action, Action::None | Action::Update | Action::Wait);
            let Some(resource) = topology.get(&change.id).filter(|_| is_there) else { continue };
            let refs = resource.spec.refs();
            let Some(gone) = refs.into_iter().find(|id| replaced.contains(id)) else { continue };
            if change.kind.rules().comes_along {
                // What is replaced comes with a new one.
                change.physical = None;
            }
            change.action = Action::Replace;
            change.reason = Some(format!("{gone} is replaced, and it depends on that"));
            change.is_guarded = change.kind.rules().data.is_some();
            replaced.insert(change.id.clone());
        }
        if replaced.len() == before {
            return;
        }
    }
}

fn deletion(found: &Found, reason: &str) -> Change {
    Change {
        id: found.id.clone(),
        kind: found.spec.kind(),
        action: Action::Delete,
        physical: Some(found.physical.clone()),
        detail: String::new(),
        differences: Vec::new(),
        reason: (!reason.is_empty()).then(|| reason.to_owned()),
        is_guarded: found.spec.kind().rules().data.is_some(),
    }
}

/// Deletes these, but for what goes along with another of them.
fn deletions<'a>(
    found: impl Iterator<Item = &'a Found>,
    observed: &'a Observed,
    reason: &'a str,
) -> impl Iterator<Item = Change> {
    let found: Vec<&Found> = found.collect();
    let ids: BTreeSet<&Id> = found.iter().map(|found| &found.id).collect();
    let is_deleted = |id: &Id| ids.contains(id);
    let exists = |id: &Id| observed.found.contains_key(id);
    let goes_along = |found: &Found| found.spec.inner().goes_along(&is_deleted, &exists);
    let changes: Vec<Change> = found
        .iter()
        .filter(|found| !goes_along(found))
        .map(|found| deletion(found, reason))
        .collect();
    changes.into_iter()
}

fn duplicates(observed: &Observed) -> impl Iterator<Item = Change> {
    observed.duplicates.iter().map(|found| {
        let mut change = deletion(found, "a second one, which an interruption left");
        change.is_guarded = false;
        change
    })
}

fn warning(change: &Change) -> Option<String> {
    let id = &change.id;
    match (change.action, change.kind.rules().data) {
        (Action::Replace | Action::Delete, Some(data)) => {
            Some(format!("{id}: {data}; that is only done with --replace"))
        }
        (Action::Replace, None) => Some(format!(
            "{id} cannot be changed in place: it is deleted and created again, and the page may be away meanwhile"
        )),
        _ => None,
    }
    .filter(|_| change.is_guarded || change.action == Action::Replace)
}
