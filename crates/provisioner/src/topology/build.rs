use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use skyward_config::Aws;

use super::{Id, Names, Networks, RESOURCE_TAG, Resource, STACK_TAG, Spec, Topology, networks};
use super::{database, edge, instances, network, storage};

/// Where a stack is to be, as the preflight found it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The account's number.
    pub account: String,
    /// The three zones, in their order.
    pub zones: [String; 3],
}

/// The suffixes of what there is one of in each zone.
pub(super) const LETTERS: [&str; 3] = ["a", "b", "c"];

/// What the parts of the topology are built from.
pub(super) struct Builder<'a> {
    pub(super) aws: &'a Aws,
    pub(super) place: &'a Place,
    pub(super) user_data: &'a str,
    pub(super) names: Names,
    pub(super) networks: Networks,
    resources: Vec<Resource>,
}

impl Builder<'_> {
    /// Adds a resource that needs these others.
    pub(super) fn add<I: Into<Id>>(
        &mut self,
        id: &str,
        spec: Spec,
        needs: impl IntoIterator<Item = I>,
    ) {
        let needs: BTreeSet<Id> = needs.into_iter().map(Into::into).collect();
        debug_assert!(
            needs.iter().all(|need| self.resources.iter().any(|resource| resource.id == *need)),
            "{id} stands after what it needs"
        );
        self.resources.push(Resource { id: Id::new(id), spec, needs });
    }
}

impl From<String> for Id {
    fn from(name: String) -> Self {
        Self::new(name)
    }
}

/// One id for each zone: `subnet/public` makes `subnet/public-a` and so on.
pub(super) fn each(prefix: &str) -> [Id; 3] {
    LETTERS.map(|letter| Id::new(format!("{prefix}-{letter}")))
}

/// The topology that a configuration describes, in a place.
///
/// # Errors
/// The network cannot be cut into subnets.
pub fn desired(aws: &Aws, place: &Place, user_data: &str) -> Result<Topology> {
    let names = Names::new(&aws.name, &aws.region, &place.account);
    let networks = networks(&aws.network)?;
    let mut builder = Builder { aws, place, user_data, names, networks, resources: Vec::new() };
    // In an order in which everything stands after what it needs.
    storage::buckets(&mut builder);
    network::add(&mut builder);
    edge::add(&mut builder);
    database::add(&mut builder);
    instances::add(&mut builder);
    let mut tags: BTreeMap<String, String> = aws.tags.clone();
    tags.insert(STACK_TAG.to_owned(), aws.name.clone());
    debug_assert!(!tags.contains_key(RESOURCE_TAG));
    Ok(Topology {
        stack: aws.name.clone(),
        region: aws.region.clone(),
        resources: builder.resources,
        tags,
    })
}
