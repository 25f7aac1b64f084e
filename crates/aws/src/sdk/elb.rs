//! The load balancer, its target group and its listeners.

mod listeners;
mod load_balancers;
mod target_groups;

use std::collections::BTreeMap;

use aws_sdk_elasticloadbalancingv2::types::Tag;

use super::Sdk;
use super::convert::{tags_from, text};
use super::error::Answer;
use crate::model::{Quota, Tags};
use crate::{AddElbTags, ApiError, DescribeElbAccountLimits, DescribeElbTags, Operation};

fn to_tags(tags: Tags) -> Vec<Tag> {
    tags.into_iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

impl Sdk {
    pub(super) async fn describe_elb_account_limits(
        &self,
        DescribeElbAccountLimits {}: DescribeElbAccountLimits,
    ) -> Result<Vec<Quota>, ApiError> {
        let answer = self.elb.describe_account_limits().page_size(400).send().await;
        let answer = answer.answer(Operation::DescribeElbAccountLimits)?;
        let limits = answer.limits.unwrap_or_default().into_iter();
        Ok(limits
            .filter_map(|limit| {
                Some(Quota { name: limit.name?, max: limit.max?.parse().ok()?, used: None })
            })
            .collect())
    }

    pub(super) async fn describe_elb_tags(
        &self,
        call: DescribeElbTags,
    ) -> Result<BTreeMap<String, Tags>, ApiError> {
        if call.resources.is_empty() {
            return Ok(BTreeMap::new());
        }
        let request = self.elb.describe_tags().set_resource_arns(Some(call.resources));
        let answer = request.send().await.answer(Operation::DescribeElbTags)?;
        let found = answer.tag_descriptions.unwrap_or_default().into_iter();
        Ok(found
            .map(|found| {
                let tags = found.tags.unwrap_or_default().into_iter();
                (text(found.resource_arn), tags_from(tags.map(|tag| (tag.key, tag.value))))
            })
            .collect())
    }

    pub(super) async fn add_elb_tags(&self, call: AddElbTags) -> Result<(), ApiError> {
        let request = self.elb.add_tags().resource_arns(call.resource);
        let request = request.set_tags(Some(to_tags(call.tags)));
        request.send().await.answer(Operation::AddElbTags).map(|_| ())
    }
}
