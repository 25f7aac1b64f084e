use aws_sdk_elasticloadbalancingv2::types;
use aws_sdk_elasticloadbalancingv2::types::{
    IpAddressType, LoadBalancerAttribute, LoadBalancerSchemeEnum, LoadBalancerTypeEnum,
};

use super::to_tags;
use crate::model::{Attributes, LoadBalancer};
use crate::sdk::Sdk;
use crate::sdk::convert::{each, name, set, tags_from, text};
use crate::sdk::error::{Answer, OrNone};
use crate::{
    ApiError, CreateLoadBalancer, DeleteLoadBalancer, DescribeLoadBalancerAttributes,
    DescribeLoadBalancers, ModifyLoadBalancerAttributes, Operation, SetSecurityGroups, SetSubnets,
};

fn load_balancer(found: types::LoadBalancer) -> LoadBalancer {
    let zones = found.availability_zones.unwrap_or_default().into_iter();
    LoadBalancer {
        scheme: name(found.scheme.as_ref()),
        state: name(found.state.and_then(|state| state.code).as_ref()),
        arn: text(found.load_balancer_arn),
        name: text(found.load_balancer_name),
        dns_name: text(found.dns_name),
        vpc: text(found.vpc_id),
        subnets: zones.filter_map(|zone| zone.subnet_id).collect(),
        security_groups: set(found.security_groups),
    }
}

impl Sdk {
    pub(in crate::sdk) async fn create_load_balancer(
        &self,
        call: CreateLoadBalancer,
    ) -> Result<LoadBalancer, ApiError> {
        let operation = Operation::CreateLoadBalancer;
        let request = self.elb.create_load_balancer();
        let request = request
            .name(call.name)
            .r#type(LoadBalancerTypeEnum::Application)
            .scheme(LoadBalancerSchemeEnum::InternetFacing)
            .ip_address_type(IpAddressType::Ipv4)
            .set_subnets(Some(call.subnets.into_iter().collect()))
            .set_security_groups(Some(call.security_groups.into_iter().collect()))
            .set_tags(Some(to_tags(call.tags)));
        let made = request.send().await.answer(operation)?.load_balancers;
        let none = || types::LoadBalancer::builder().build();
        Ok(load_balancer(made.unwrap_or_default().into_iter().next().unwrap_or_else(none)))
    }

    pub(in crate::sdk) async fn describe_load_balancers(
        &self,
        call: DescribeLoadBalancers,
    ) -> Result<Vec<LoadBalancer>, ApiError> {
        let request = self.elb.describe_load_balancers().names(call.name);
        let answer = request.send().await.answer(Operation::DescribeLoadBalancers);
        let found = answer.or_none(&["LoadBalancerNotFound"])?;
        Ok(each(found.and_then(|found| found.load_balancers), load_balancer))
    }

    pub(in crate::sdk) async fn set_subnets(&self, call: SetSubnets) -> Result<(), ApiError> {
        let request = self.elb.set_subnets().load_balancer_arn(call.load_balancer);
        let request = request.set_subnets(Some(call.subnets.into_iter().collect()));
        request.send().await.answer(Operation::SetSubnets).map(|_| ())
    }

    pub(in crate::sdk) async fn set_security_groups(
        &self,
        call: SetSecurityGroups,
    ) -> Result<(), ApiError> {
        let groups = call.security_groups.into_iter().collect();
        let request = self.elb.set_security_groups().load_balancer_arn(call.load_balancer);
        let request = request.set_security_groups(Some(groups));
        request.send().await.answer(Operation::SetSecurityGroups).map(|_| ())
    }

    pub(in crate::sdk) async fn describe_load_balancer_attributes(
        &self,
        call: DescribeLoadBalancerAttributes,
    ) -> Result<Attributes, ApiError> {
        let request = self.elb.describe_load_balancer_attributes();
        let request = request.load_balancer_arn(call.load_balancer);
        let answer = request.send().await.answer(Operation::DescribeLoadBalancerAttributes)?;
        let attributes = answer.attributes.unwrap_or_default().into_iter();
        Ok(tags_from(attributes.map(|attribute| (attribute.key, attribute.value))))
    }

    pub(in crate::sdk) async fn modify_load_balancer_attributes(
        &self,
        call: ModifyLoadBalancerAttributes,
    ) -> Result<(), ApiError> {
        let attributes = call
            .attributes
            .into_iter()
            .map(|(key, value)| LoadBalancerAttribute::builder().key(key).value(value).build());
        let request = self.elb.modify_load_balancer_attributes();
        let request = request.load_balancer_arn(call.load_balancer);
        let request = request.set_attributes(Some(attributes.collect()));
        request.send().await.answer(Operation::ModifyLoadBalancerAttributes).map(|_| ())
    }

    pub(in crate::sdk) async fn delete_load_balancer(
        &self,
        call: DeleteLoadBalancer,
    ) -> Result<(), ApiError> {
        let request = self.elb.delete_load_balancer().load_balancer_arn(call.load_balancer);
        request.send().await.answer(Operation::DeleteLoadBalancer).map(|_| ())
    }
}
