use aws_sdk_ec2::types;
use aws_sdk_ec2::types::{AttributeBooleanValue, ResourceType, VpcAttributeName};

use super::filters::Names;
use super::{PAGE, tagged, tags};
use crate::model::{Vpc, VpcAttribute};
use crate::sdk::Sdk;
use crate::sdk::convert::{each, name, next, text};
use crate::sdk::error::Answer;
use crate::{
    ApiError, CreateTags, CreateVpc, DeleteTags, DeleteVpc, DescribeVpcAttribute, DescribeVpcs,
    ModifyVpcAttribute, Operation, Page,
};

fn vpc(vpc: types::Vpc) -> Vpc {
    Vpc {
        state: name(vpc.state.as_ref()),
        id: text(vpc.vpc_id),
        cidr: text(vpc.cidr_block),
        is_default: vpc.is_default.unwrap_or_default(),
        tags: tags(vpc.tags),
    }
}

impl Sdk {
    pub(in crate::sdk) async fn create_vpc(&self, call: CreateVpc) -> Result<Vpc, ApiError> {
        let request = self.ec2.create_vpc().cidr_block(call.cidr);
        let request = request.tag_specifications(tagged(ResourceType::Vpc, call.tags));
        let answer = request.send().await.answer(Operation::CreateVpc)?;
        Ok(vpc(answer.vpc.unwrap_or_else(|| types::Vpc::builder().build())))
    }

    pub(in crate::sdk) async fn describe_vpcs(
        &self,
        call: DescribeVpcs,
    ) -> Result<Page<Vpc>, ApiError> {
        let names = Names::of(Operation::DescribeVpcs, "vpc-id");
        let Some(filters) = names.filters(call.select)? else { return Ok(Page::only(Vec::new())) };
        let request = self.ec2.describe_vpcs().set_filters(Some(filters));
        let request = request.max_results(PAGE).set_next_token(call.page);
        let answer = request.send().await.answer(Operation::DescribeVpcs)?;
        Ok(Page { items: each(answer.vpcs, vpc), next: next(answer.next_token) })
    }

    pub(in crate::sdk) async fn describe_vpc_attribute(
        &self,
        call: DescribeVpcAttribute,
    ) -> Result<bool, ApiError> {
        let request = self.ec2.describe_vpc_attribute().vpc_id(call.vpc);
        let request = request.attribute(match call.attribute {
            VpcAttribute::DnsSupport => VpcAttributeName::EnableDnsSupport,
            VpcAttribute::DnsHostnames => VpcAttributeName::EnableDnsHostnames,
        });
        let answer = request.send().await.answer(Operation::DescribeVpcAttribute)?;
        let attribute = match call.attribute {
            VpcAttribute::DnsSupport => answer.enable_dns_support,
            VpcAttribute::DnsHostnames => answer.enable_dns_hostnames,
        };
        Ok(attribute.and_then(|attribute| attribute.value).unwrap_or_default())
    }

    pub(in crate::sdk) async fn modify_vpc_attribute(
        &self,
        call: ModifyVpcAttribute,
    ) -> Result<(), ApiError> {
        let value = AttributeBooleanValue::builder().value(call.value).build();
        let request = self.ec2.modify_vpc_attribute().vpc_id(call.vpc);
        let request = match call.attribute {
            VpcAttribute::DnsSupport => request.enable_dns_support(value),
            VpcAttribute::DnsHostnames => request.enable_dns_hostnames(value),
        };
        request.send().await.answer(Operation::ModifyVpcAttribute).map(|_| ())
    }

    pub(in crate::sdk) async fn delete_vpc(&self, call: DeleteVpc) -> Result<(), ApiError> {
        self.ec2.delete_vpc().vpc_id(call.vpc).send().await.answer(Operation::DeleteVpc).map(|_| ())
    }

    pub(in crate::sdk) async fn create_tags(&self, call: CreateTags) -> Result<(), ApiError> {
        let request = self.ec2.create_tags().set_resources(Some(call.resources));
        let request = request.set_tags(Some(super::to_tags(call.tags)));
        request.send().await.answer(Operation::CreateTags).map(|_| ())
    }

    pub(in crate::sdk) async fn delete_tags(&self, call: DeleteTags) -> Result<(), ApiError> {
        // Without a value the tag goes whatever its value is.
        let tags = call.names.into_iter().map(|name| types::Tag::builder().key(name).build());
        let request = self.ec2.delete_tags().set_resources(Some(call.resources));
        let request = request.set_tags(Some(tags.collect()));
        request.send().await.answer(Operation::DeleteTags).map(|_| ())
    }
}
