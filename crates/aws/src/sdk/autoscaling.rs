use std::collections::BTreeSet;

use aws_sdk_autoscaling::types;
use aws_sdk_autoscaling::types::{
    LaunchTemplateSpecification, MetricType, PredefinedMetricSpecification, RefreshPreferences,
    Tag, TargetTrackingConfiguration,
};

use super::Sdk;
use super::convert::{each, name, set, tags_from, text};
use super::error::Answer;
use crate::model::{AutoScalingGroup, GroupInstance, InstanceRefresh, Quota, ScalingPolicy, Tags};
use crate::{
    ApiError, AttachLoadBalancerTargetGroups, CreateAutoScalingGroup, CreateOrUpdateTags,
    DeleteAutoScalingGroup, DeletePolicy, DescribeAutoScalingAccountLimits,
    DescribeAutoScalingGroups, DescribeInstanceRefreshes, DescribePolicies,
    DetachLoadBalancerTargetGroups, Operation, PutScalingPolicy, StartInstanceRefresh,
    UpdateAutoScalingGroup,
};

/// A group's tags. They do not go on to its instances: those have theirs from the launch template, with their volumes.
fn to_tags(group: &str, tags: Tags) -> Vec<Tag> {
    let tag = |(key, value)| {
        let tag = Tag::builder().resource_type("auto-scaling-group").resource_id(group);
        tag.key(key).value(value).propagate_at_launch(false).build()
    };
    tags.into_iter().map(tag).collect()
}

/// A list of subnets is one text here.
fn joined(subnets: BTreeSet<String>) -> String {
    subnets.into_iter().collect::<Vec<_>>().join(",")
}

fn template(specification: Option<(String, String)>) -> Option<LaunchTemplateSpecification> {
    let builder = LaunchTemplateSpecification::builder();
    specification.map(|(id, version)| builder.launch_template_id(id).version(version).build())
}

fn instance(instance: types::Instance) -> GroupInstance {
    GroupInstance {
        lifecycle: name(instance.lifecycle_state.as_ref()),
        id: text(instance.instance_id),
        zone: text(instance.availability_zone),
        health: text(instance.health_status),
        version: instance.launch_template.and_then(|template| template.version),
    }
}

fn group(group: types::AutoScalingGroup) -> AutoScalingGroup {
    let template = group.launch_template;
    let tags = group.tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value));
    let subnets = text(group.vpc_zone_identifier);
    AutoScalingGroup {
        name: text(group.auto_scaling_group_name),
        min: group.min_size.unwrap_or_default(),
        max: group.max_size.unwrap_or_default(),
        desired: group.desired_capacity.unwrap_or_default(),
        subnets: subnets
            .split(',')
            .filter(|id| !id.is_empty())
            .map(|id| id.trim().to_owned())
            .collect(),
        target_groups: set(group.target_group_arns),
        launch_template: template
            .map(|template| (text(template.launch_template_id), text(template.version))),
        health_check: text(group.health_check_type),
        grace_s: group.health_check_grace_period.unwrap_or_default(),
        instances: each(group.instances, instance),
        status: group.status,
        tags: tags_from(tags),
    }
}

fn policy(policy: types::ScalingPolicy) -> ScalingPolicy {
    let tracking = policy.target_tracking_configuration.filter(|tracking| {
        let metric = tracking.predefined_metric_specification.as_ref();
        metric.and_then(|metric| metric.predefined_metric_type.as_ref())
            == Some(&MetricType::AsgAverageCpuUtilization)
    });
    #[expect(clippy::cast_possible_truncation, reason = "a percentage")]
    ScalingPolicy {
        name: text(policy.policy_name),
        target_cpu: tracking
            .and_then(|tracking| tracking.target_value)
            .map(|percent| percent.round() as i32),
    }
}

fn refresh(refresh: types::InstanceRefresh) -> InstanceRefresh {
    InstanceRefresh {
        status: name(refresh.status.as_ref()),
        id: text(refresh.instance_refresh_id),
        percent: refresh.percentage_complete.unwrap_or_default(),
        reason: refresh.status_reason,
    }
}

impl Sdk {
    pub(super) async fn describe_auto_scaling_account_limits(
        &self,
        DescribeAutoScalingAccountLimits {}: DescribeAutoScalingAccountLimits,
    ) -> Result<Vec<Quota>, ApiError> {
        let answer = self.autoscaling.describe_account_limits().send().await;
        let answer = answer.answer(Operation::DescribeAutoScalingAccountLimits)?;
        let groups = answer.max_number_of_auto_scaling_groups.map(|max| Quota {
            name: "auto-scaling-groups".into(),
            max: max.into(),
            used: answer.number_of_auto_scaling_groups.map(Into::into),
        });
        Ok(groups.into_iter().collect())
    }

    pub(super) async fn create_auto_scaling_group(
        &self,
        CreateAutoScalingGroup { group }: CreateAutoScalingGroup,
    ) -> Result<(), ApiError> {
        let targets = group.target_groups.into_iter().collect();
        let request = self.autoscaling.create_auto_scaling_group();
        let request = request
            .set_tags(Some(to_tags(&group.name, group.tags)))
            .auto_scaling_group_name(group.name)
            .min_size(group.min)
            .max_size(group.max)
            .desired_capacity(group.desired)
            .vpc_zone_identifier(joined(group.subnets))
            .set_target_group_arns(Some(targets))
            .set_launch_template(template(group.launch_template))
            .health_check_type(group.health_check)
            .health_check_grace_period(group.grace_s);
        request.send().await.answer(Operation::CreateAutoScalingGroup).map(|_| ())
    }

    pub(super) async fn describe_auto_scaling_groups(
        &self,
        call: DescribeAutoScalingGroups,
    ) -> Result<Vec<AutoScalingGroup>, ApiError> {
        let request = self.autoscaling.describe_auto_scaling_groups();
        let request = request.auto_scaling_group_names(call.name);
        let answer = request.send().await.answer(Operation::DescribeAutoScalingGroups)?;
        Ok(each(answer.auto_scaling_groups, group))
    }

    /// Target groups and tags have operations of their own.
    pub(super) async fn update_auto_scaling_group(
        &self,
        UpdateAutoScalingGroup { group }: UpdateAutoScalingGroup,
    ) -> Result<(), ApiError> {
        let request = self.autoscaling.update_auto_scaling_group();
        let request = request
            .auto_scaling_group_name(group.name)
            .min_size(group.min)
            .max_size(group.max)
            .desired_capacity(group.desired)
            .vpc_zone_identifier(joined(group.subnets))
            .set_launch_template(template(group.launch_template))
            .health_check_type(group.health_check)
            .health_check_grace_period(group.grace_s);
        request.send().await.answer(Operation::UpdateAutoScalingGroup).map(|_| ())
    }

    pub(super) async fn delete_auto_scaling_group(
        &self,
        call: DeleteAutoScalingGroup,
    ) -> Result<(), ApiError> {
        let request = self.autoscaling.delete_auto_scaling_group();
        let request = request.auto_scaling_group_name(call.name).force_delete(call.force);
        request.send().await.answer(Operation::DeleteAutoScalingGroup).map(|_| ())
    }

    pub(super) async fn attach_load_balancer_target_groups(
        &self,
        call: AttachLoadBalancerTargetGroups,
    ) -> Result<(), ApiError> {
        let request = self.autoscaling.attach_load_balancer_target_groups();
        let request = request.auto_scaling_group_name(call.name);
        let request = request.set_target_group_arns(Some(call.target_groups.into_iter().collect()));
        request.send().await.answer(Operation::AttachLoadBalancerTargetGroups).map(|_| ())
    }

    pub(super) async fn detach_load_balancer_target_groups(
        &self,
        call: DetachLoadBalancerTargetGroups,
    ) -> Result<(), ApiError> {
        let request = self.autoscaling.detach_load_balancer_target_groups();
        let request = request.auto_scaling_group_name(call.name);
        let request = request.set_target_group_arns(Some(call.target_groups.into_iter().collect()));
        request.send().await.answer(Operation::DetachLoadBalancerTargetGroups).map(|_| ())
    }

    pub(super) async fn create_or_update_tags(
        &self,
        call: CreateOrUpdateTags,
    ) -> Result<(), ApiError> {
        let request = self.autoscaling.create_or_update_tags();
        let request = request.set_tags(Some(to_tags(&call.name, call.tags)));
        request.send().await.answer(Operation::CreateOrUpdateTags).map(|_| ())
    }

    pub(super) async fn start_instance_refresh(
        &self,
        call: StartInstanceRefresh,
    ) -> Result<String, ApiError> {
        // Instances that are of the newest version already stay: a refresh that is started twice replaces nothing twice.
        let preferences = RefreshPreferences::builder().skip_matching(true).build();
        let request = self.autoscaling.start_instance_refresh();
        let request = request.auto_scaling_group_name(call.name).preferences(preferences);
        let answer = request.send().await.answer(Operation::StartInstanceRefresh)?;
        Ok(text(answer.instance_refresh_id))
    }

    pub(super) async fn describe_instance_refreshes(
        &self,
        call: DescribeInstanceRefreshes,
    ) -> Result<Vec<InstanceRefresh>, ApiError> {
        let request = self.autoscaling.describe_instance_refreshes();
        let request = request.auto_scaling_group_name(call.name);
        let answer = request.send().await.answer(Operation::DescribeInstanceRefreshes)?;
        Ok(each(answer.instance_refreshes, refresh))
    }

    pub(super) async fn put_scaling_policy(&self, call: PutScalingPolicy) -> Result<(), ApiError> {
        let metric = PredefinedMetricSpecification::builder()
            .predefined_metric_type(MetricType::AsgAverageCpuUtilization)
            .build();
        let tracking = TargetTrackingConfiguration::builder()
            .predefined_metric_specification(metric)
            .target_value(call.target_cpu.into());
        let request = self.autoscaling.put_scaling_policy();
        let request = request
            .auto_scaling_group_name(call.name)
            .policy_name(call.policy)
            .policy_type("TargetTrackingScaling")
            .target_tracking_configuration(tracking.build());
        request.send().await.answer(Operation::PutScalingPolicy).map(|_| ())
    }

    pub(super) async fn describe_policies(
        &self,
        call: DescribePolicies,
    ) -> Result<Vec<ScalingPolicy>, ApiError> {
        let request = self.autoscaling.describe_policies().auto_scaling_group_name(call.name);
        let answer = request.send().await.answer(Operation::DescribePolicies)?;
        Ok(each(answer.scaling_policies, policy))
    }

    pub(super) async fn delete_policy(&self, call: DeletePolicy) -> Result<(), ApiError> {
        let request = self.autoscaling.delete_policy().auto_scaling_group_name(call.name);
        let request = request.policy_name(call.policy);
        request.send().await.answer(Operation::DeletePolicy).map(|_| ())
    }
}
