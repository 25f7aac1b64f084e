//! The desired topology: the brief's diagram as resources, each with what it needs first.
//!
//! [`desired`] is pure: each kind says which of its resources a configuration asks for, and here they are put in order.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use skyward_config::Aws;

use crate::kind;
pub use crate::kind::*;
pub use crate::resource::{Desired, Kind, Spec, Topology};
use crate::resource::{Outputs, Stack};
use crate::stack::tags_mark;
pub use crate::stack::{Id, Names, Networks, Place, RESOURCE_TAG, STACK_TAG, TAGS_TAG, networks};
use crate::workload::Workload;

/// The topology that a configuration describes, in a place.
///
/// # Errors
/// The network cannot be cut into subnets.
pub fn desired(aws: &Aws, place: &Place, workload: impl Into<Workload>) -> Result<Topology> {
    desired_knowing(aws, place, &workload.into(), &Outputs::default())
}

/// The same, where this is known of the resources that exist.
pub(crate) fn desired_knowing(
    aws: &Aws,
    place: &Place,
    workload: &Workload,
    known: &Outputs,
) -> Result<Topology> {
    let names = Names::new(&aws.name, &aws.region, &place.account);
    let networks = networks(&aws.network)?;
    let stack = Stack { aws, place, workload, known, names, networks };
    let resources =
        kind::of(aws).iter().flat_map(|kind| (kind.functions().desired)(&stack)).collect();
    let mut tags: BTreeMap<String, String> = aws.tags.clone();
    if !tags.is_empty() {
        tags.insert(TAGS_TAG.to_owned(), tags_mark(aws.tags.keys()));
    }
    tags.insert(STACK_TAG.to_owned(), aws.name.clone());
    debug_assert!(!tags.contains_key(RESOURCE_TAG));
    Ok(Topology {
        stack: aws.name.clone(),
        region: aws.region.clone(),
        resources: in_order(resources),
        tags,
    })
}

/// Puts each resource after those that it needs, and else leaves the order as it is.
fn in_order(resources: Vec<Desired>) -> Vec<Desired> {
    let order: Vec<Id> = resources.iter().map(|resource| resource.id.clone()).collect();
    let mut left: BTreeMap<Id, Desired> =
        resources.into_iter().map(|resource| (resource.id.clone(), resource)).collect();
    let mut placed = Vec::new();
    for id in order {
        place(&id, &mut left, &mut placed);
    }
    debug_assert!(has_all_needs(&placed), "every resource that is needed is desired");
    placed
}

fn place(id: &Id, left: &mut BTreeMap<Id, Desired>, placed: &mut Vec<Desired>) {
    let Some(resource) = left.remove(id) else { return };
    for need in &resource.needs {
        place(need, left, placed);
    }
    placed.push(resource);
}

fn has_all_needs(resources: &[Desired]) -> bool {
    let ids: BTreeSet<&Id> = resources.iter().map(|resource| &resource.id).collect();
    resources.iter().flat_map(|resource| &resource.needs).all(|need| ids.contains(need))
}
