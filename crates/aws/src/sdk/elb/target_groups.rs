use aws_sdk_elasticloadbalancingv2::types;
use aws_sdk_elasticloadbalancingv2::types::{
    Matcher, ProtocolEnum, TargetGroupAttribute, TargetTypeEnum,
};

use super::to_tags;
use crate::model::{Attributes, HealthCheck, TargetGroup, TargetHealth};
use crate::sdk::Sdk;
use crate::sdk::convert::{each, name, tags_from, text};
use crate::sdk::error::{Answer, OrNone};
use crate::{
    ApiError, CreateTargetGroup, DeleteTargetGroup, DescribeTargetGroupAttributes,
    DescribeTargetGroups, DescribeTargetHealth, ModifyTargetGroup, ModifyTargetGroupAttributes,
    Operation,
};

fn target_group(found: types::TargetGroup) -> TargetGroup {
    TargetGroup {
        protocol: name(found.protocol.as_ref()),
        arn: text(found.target_group_arn),
        name: text(found.target_group_name),
        vpc: text(found.vpc_id),
        port: found.port.unwrap_or_default(),
        health_check: HealthCheck {
            path: text(found.health_check_path),
            matcher: text(found.matcher.and_then(|matcher| matcher.http_code)),
            interval_s: found.health_check_interval_seconds.unwrap_or_default(),
            timeout_s: found.health_check_timeout_seconds.unwrap_or_default(),
            healthy: found.healthy_threshold_count.unwrap_or_default(),
            unhealthy: found.unhealthy_threshold_count.unwrap_or_default(),
        },
        load_balancers: found.load_balancer_arns.unwrap_or_default(),
    }
}

fn health(found: types::TargetHealthDescription) -> TargetHealth {
    let health = found.target_health;
    let state = name(health.as_ref().and_then(|health| health.state.as_ref()));
    let reason = health.and_then(|health| match (health.reason, health.description) {
        (Some(code), Some(text)) => Some(format!("{}: {text}", code.as_str())),
        (Some(code), None) => Some(code.as_str().to_owned()),
        (None, text) => text,
    });
    let target = text(found.target.and_then(|target| target.id));
    TargetHealth { target, state, reason }
}

/// Sets how the health of targets is checked, on a request that makes or changes a group.
macro_rules! checked {
    ($request:expr, $check:expr) => {
        $request
            .health_check_protocol(ProtocolEnum::Http)
            .health_check_path($check.path)
            .matcher(Matcher::builder().http_code($check.matcher).build())
            .health_check_interval_seconds($check.interval_s)
            .health_check_timeout_seconds($check.timeout_s)
            .healthy_threshold_count($check.healthy)
            .unhealthy_threshold_count($check.unhealthy)
    };
}

impl Sdk {
    pub(in crate::sdk) async fn create_target_group(
        &self,
        call: CreateTargetGroup,
    ) -> Result<TargetGroup, ApiError> {
        let operation = Operation::CreateTargetGroup;
        let request = self.elb.create_target_group().name(call.name).vpc_id(call.vpc);
        let request = request
            .target_type(TargetTypeEnum::Instance)
            .protocol(ProtocolEnum::from(call.protocol.as_str()))
            .port(call.port)
            .set_tags(Some(to_tags(call.tags)));
        let request = checked!(request, call.health_check);
        let made = request.send().await.answer(operation)?.target_groups;
        let none = || types::TargetGroup::builder().build();
        Ok(target_group(made.unwrap_or_default().into_iter().next().unwrap_or_else(none)))
    }

    pub(in crate::sdk) async fn describe_target_groups(
        &self,
        call: DescribeTargetGroups,
    ) -> Result<Vec<TargetGroup>, ApiError> {
        let request = self.elb.describe_target_groups().names(call.name);
        let answer = request.send().await.answer(Operation::DescribeTargetGroups);
        let found = answer.or_none(&["TargetGroupNotFound"])?;
        Ok(each(found.and_then(|found| found.target_groups), target_group))
    }

    pub(in crate::sdk) async fn modify_target_group(
        &self,
        call: ModifyTargetGroup,
    ) -> Result<(), ApiError> {
        let request = self.elb.modify_target_group().target_group_arn(call.target_group);
        let request = checked!(request, call.health_check);
        request.send().await.answer(Operation::ModifyTargetGroup).map(|_| ())
    }

    pub(in crate::sdk) async fn describe_target_group_attributes(
        &self,
        call: DescribeTargetGroupAttributes,
    ) -> Result<Attributes, ApiError> {
        let request = self.elb.describe_target_group_attributes();
        let request = request.target_group_arn(call.target_group);
        let answer = request.send().await.answer(Operation::DescribeTargetGroupAttributes)?;
        let attributes = answer.attributes.unwrap_or_default().into_iter();
        Ok(tags_from(attributes.map(|attribute| (attribute.key, attribute.value))))
    }

    pub(in crate::sdk) async fn modify_target_group_attributes(
        &self,
        call: ModifyTargetGroupAttributes,
    ) -> Result<(), ApiError> {
        let attributes = call
            .attributes
            .into_iter()
            .map(|(key, value)| TargetGroupAttribute::builder().key(key).value(value).build());
        let request = self.elb.modify_target_group_attributes();
        let request = request.target_group_arn(call.target_group);
        let request = request.set_attributes(Some(attributes.collect()));
        request.send().await.answer(Operation::ModifyTargetGroupAttributes).map(|_| ())
    }

    pub(in crate::sdk) async fn delete_target_group(
        &self,
        call: DeleteTargetGroup,
    ) -> Result<(), ApiError> {
        let request = self.elb.delete_target_group().target_group_arn(call.target_group);
        request.send().await.answer(Operation::DeleteTargetGroup).map(|_| ())
    }

    pub(in crate::sdk) async fn describe_target_health(
        &self,
        call: DescribeTargetHealth,
    ) -> Result<Vec<TargetHealth>, ApiError> {
        let request = self.elb.describe_target_health().target_group_arn(call.target_group);
        let answer = request.send().await.answer(Operation::DescribeTargetHealth)?;
        Ok(each(answer.target_health_descriptions, health))
    }
}
