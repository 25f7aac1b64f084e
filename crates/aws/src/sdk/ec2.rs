//! EC2: the network and the instances.

mod addresses;
mod endpoints;
mod filters;
mod gateways;
mod instances;
mod launch_templates;
mod preflight;
mod routes;
mod security;
mod subnets;
mod vpcs;

use aws_sdk_ec2::types::{ResourceType, Tag, TagSpecification};

use super::convert::tags_from;
use crate::model::Tags;

/// The most that one page of most lists may hold.
const PAGE: i32 = 1000;

fn to_tags(tags: Tags) -> Vec<Tag> {
    tags.into_iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

/// The tags that something gets with its creation.
fn tagged(kind: ResourceType, tags: Tags) -> TagSpecification {
    TagSpecification::builder().resource_type(kind).set_tags(Some(to_tags(tags))).build()
}

fn tags(tags: Option<Vec<Tag>>) -> Tags {
    tags_from(tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value)))
}
