use std::collections::{BTreeMap, BTreeSet};

use super::diff::{differences, is_in_place};
use super::{Action, Change, Plan, order, steps};
use crate::observe::{Found, Observed, State};
use crate::topology::{Id, Kind, Resource, Spec, Topology};

/// What has to change for a stack to be as it should be.
pub fn plan(topology: &Topology, observed: &Observed) -> Plan {
    let mut changes: Vec<Change> =
        topology.resources.iter().map(|resource| change(topology, resource, observed)).collect();
    follow_template(&mut changes);
    replace_dependents(topology, &mut changes);
    let unchanged = changes.iter().filter(|change| change.action == Action::None).count();
    changes.retain(|change| change.action != Action::None);
    let superfluous = observed.found.values().filter(|found| topology.get(&found.id).is_none());
    changes.extend(deletions(superfluous, observed, "it is not in the configuration any more"));
    changes.extend(duplicates(observed));
    finish(topology, observed, changes, unchanged)
}

/// What has to go for nothing of a stack to be left.
pub fn plan_destroy(stack: &str, region: &str, observed: &Observed) -> Plan {
    let nothing = Topology {
        stack: stack.into(),
        region: region.into(),
        resources: Vec::new(),
        tags: BTreeMap::new(),
    };
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
    let expected_s = steps::expected(&steps).as_secs_f64();
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
        cost: None,
        warnings,
    }
}

fn change(topology: &Topology, resource: &Resource, observed: &Observed) -> Change {
    let mut change = Change {
        id: resource.id.clone(),
        kind: resource.spec.kind(),
        action: Action::Create,
        physical: None,
        differences: Vec::new(),
        reason: None,
        is_guarded: false,
    };
    let Some(found) = observed.found.get(&resource.id) else {
        // It is there with its VPC, and is closed then.
        if change.kind == Kind::DefaultSecurityGroup || change.kind == Kind::SecurityGroupRules {
            change.reason = Some("AWS makes it open".into());
        }
        return change;
    };
    change.physical = Some(found.physical.clone());
    match &found.state {
        State::Leaving(state) => {
            change.reason = Some(format!("the old one is going: {state}"));
            change.physical = None;
            return change;
        }
        State::Failed(state) => {
            change.action = Action::Replace;
            change.reason = Some(format!("it has failed: {state}"));
            change.is_guarded = holds_data(change.kind);
            return change;
        }
        State::Ready | State::Pending(_) => {}
    }
    let tags = topology.tags_of(&resource.id);
    change.differences = differences((&resource.spec, &tags), (&found.spec, &found.tags));
    if let State::Pending(state) = &found.state
        && change.kind == Kind::DbCluster
    {
        // While it is being made, RDS tells its settings one after the other.
        change.differences.clear();
        change.reason = Some(state.clone());
    }
    change.action = match (&found.state, change.differences.as_slice()) {
        (State::Ready, []) => Action::None,
        (State::Pending(state), []) => {
            change.reason = Some(state.clone());
            Action::Wait
        }
        (_, differences) if differences.iter().all(|one| is_in_place(change.kind, &one.field)) => {
            Action::Update
        }
        _ => Action::Replace,
    };
    change.is_guarded = change.action == Action::Replace && holds_data(change.kind);
    change
}

/// Whether its deletion takes someone's data with it.
fn holds_data(kind: Kind) -> bool {
    matches!(kind, Kind::DbCluster | Kind::Bucket)
}

/// Instances do not follow their template by themselves.
fn follow_template(changes: &mut [Change]) {
    let is_changed = changes
        .iter()
        .any(|change| change.kind == Kind::LaunchTemplate && change.action == Action::Update);
    for change in changes.iter_mut().filter(|change| change.kind == Kind::AutoScalingGroup) {
        if is_changed && matches!(change.action, Action::None | Action::Wait) {
            change.action = Action::Update;
            change.reason = Some("the instances are replaced by those of the new template".into());
        }
    }
}

/// What refers to something that is deleted first cannot stay either.
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
            if matches!(change.kind, Kind::DefaultSecurityGroup) {
                // The new VPC comes with a new one.
                change.physical = None;
            }
            change.action = Action::Replace;
            change.reason = Some(format!("{gone} is replaced, and it hangs on that"));
            change.is_guarded = holds_data(change.kind);
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
        differences: Vec::new(),
        reason: (!reason.is_empty()).then(|| reason.to_owned()),
        is_guarded: holds_data(found.spec.kind()),
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
    let goes_along = |found: &Found| match (&found.spec, order::goes_along(found.spec.kind())) {
        (Spec::Route(route), _) => ids.contains(&route.table),
        (Spec::ScalingPolicy(policy), _) => ids.contains(&policy.group),
        (Spec::DefaultSecurityGroup(_), _) => true,
        (Spec::SecurityGroupRules(rules), _) => {
            // Its group is deleted with it, and has no rules: there is nothing to revoke.
            rules.ingress.is_empty()
                && rules.egress.is_empty()
                && observed.found.contains_key(&rules.group)
        }
        _ => false,
    };
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
    match (change.action, change.kind) {
        (Action::Replace | Action::Delete, Kind::DbCluster) => Some(format!(
            "{}: the database is deleted with its data; that is only done with --replace",
            change.id
        )),
        (Action::Replace | Action::Delete, Kind::Bucket) => Some(format!(
            "{}: the bucket is deleted with its objects; that is only done with --replace",
            change.id
        )),
        (Action::Replace, _) => Some(format!(
            "{} cannot be changed where it is: it is deleted and made anew, and the page may be away meanwhile",
            change.id
        )),
        _ => None,
    }
    .filter(|_| change.is_guarded || change.action == Action::Replace)
}
