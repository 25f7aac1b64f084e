//! The order of the changes: what is created after what it needs, what is deleted after what uses it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::{Action, Change};
use crate::estimate::Estimate;
use crate::resource::{Kind, Observed, Step, Topology};
use crate::stack::Id;

/// Orders the changes: what is made after what it needs, what is deleted after what uses it.
pub(super) fn steps(topology: &Topology, observed: &Observed, changes: &[Change]) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for change in changes {
        let step = |action| Step {
            id: change.id.clone(),
            kind: change.kind,
            action,
            is_replacement: change.action == Action::Replace,
            physical: change.physical.clone(),
            after: BTreeSet::new(),
        };
        if change.action == Action::Replace {
            // What has no existence of its own goes with what it belongs to.
            if change.physical.is_some() && !change.kind.rules().comes_along {
                steps.push(step(Action::Delete));
            }
            steps.push(step(Action::Create));
        } else {
            steps.push(step(change.action));
        }
    }
    let made: BTreeMap<Id, usize> = steps
        .iter()
        .enumerate()
        .filter(|(_, step)| step.action != Action::Delete)
        .map(|(index, step)| (step.id.clone(), index))
        .collect();
    let deleted: Vec<(usize, Kind, Id)> = steps
        .iter()
        .enumerate()
        .filter(|(_, step)| step.action == Action::Delete)
        .map(|(index, step)| (index, step.kind, step.id.clone()))
        .collect();
    let before = |step: &Step| {
        if step.action == Action::Delete {
            before_deletion(observed, topology, step, &made, &deleted)
        } else {
            let needs = topology.get(&step.id).into_iter().flat_map(|resource| &resource.needs);
            let old = deleted.iter().filter(|(_, _, id)| *id == step.id).map(|(index, ..)| *index);
            needs.filter_map(|id| made.get(id).copied()).chain(old).collect()
        }
    };
    let after: Vec<BTreeSet<usize>> = steps.iter().map(before).collect();
    steps.into_iter().zip(after).map(|(step, after)| Step { after, ..step }).collect()
}

fn before_deletion(
    observed: &Observed,
    topology: &Topology,
    step: &Step,
    made: &BTreeMap<Id, usize>,
    deleted: &[(usize, Kind, Id)],
) -> BTreeSet<usize> {
    let kinds = step.kind.rules().gone_first;
    let mut after: BTreeSet<usize> = deleted
        .iter()
        .filter(|(_, kind, _)| kinds.contains(kind))
        .map(|(index, ..)| *index)
        .collect();
    // Of one kind, the one that refers to another goes first, such as a bucket whose accesses are logged to it.
    let refers_to = |id: &Id| {
        let found = observed.found.get(id);
        found.is_some_and(|found| found.spec.refs().contains(&&step.id))
    };
    let users = deleted.iter().filter(|(_, kind, id)| *kind == step.kind && refers_to(id));
    after.extend(users.map(|(index, ..)| *index));
    // What stays and referred to it refers to something else first.
    for found in observed.found.values() {
        let refers = found.spec.refs().contains(&&step.id);
        let Some(user) = made.get(&found.id).filter(|_| refers) else { continue };
        let stays = topology
            .get(&found.id)
            .is_some_and(|resource| !resource.spec.refs().contains(&&step.id));
        if stays {
            after.insert(*user);
        }
    }
    after
}

/// The time that an estimate says.
type Time = fn(&Estimate) -> Duration;

/// The earliest end of each step, where each takes this time.
fn ends(steps: &[Step], time: Time) -> Vec<Duration> {
    let mut ends: Vec<Option<Duration>> = vec![None; steps.len()];
    for index in 0..steps.len() {
        end((steps, time), index, &mut ends);
    }
    ends.into_iter().map(Option::unwrap_or_default).collect()
}

fn end((steps, time): (&[Step], Time), index: usize, ends: &mut [Option<Duration>]) -> Duration {
    if let Some(end) = ends[index] {
        return end;
    }
    // Against a circle, which would be a mistake of the order: the steps themselves find it.
    ends[index] = Some(Duration::ZERO);
    let begin = steps[index].after.iter().map(|before| end((steps, time), *before, ends)).max();
    let step = &steps[index];
    let took = begin.unwrap_or_default() + time(&step.kind.estimate(step.action));
    ends[index] = Some(took);
    took
}

/// The time that all steps take, where each takes this one.
pub(super) fn expected(steps: &[Step], time: Time) -> Duration {
    ends(steps, time).into_iter().max().unwrap_or_default()
}

/// The steps that the whole waits for, by the usual times.
pub(super) fn critical(steps: &[Step]) -> BTreeSet<usize> {
    let ends = ends(steps, |estimate| estimate.usual);
    let mut path = BTreeSet::new();
    let mut at = (0..steps.len()).max_by_key(|index| ends[*index]);
    while let Some(index) = at.filter(|index| path.insert(*index)) {
        at = steps[index].after.iter().copied().max_by_key(|before| ends[*before]);
    }
    path
}
