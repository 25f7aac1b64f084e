//! Auto scaling groups with their policies and instance refreshes.

pub(crate) mod simulated;

use crate::page::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupInstance {
    pub id: String,
    pub zone: String,
    /// `Pending`, `InService`, `Terminating`, …
    pub lifecycle: String,
    /// `Healthy` or `Unhealthy`.
    pub health: String,
    /// The launch template's version.
    pub version: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AutoScalingGroup {
    pub name: String,
    pub min: i32,
    pub max: i32,
    pub desired: i32,
    pub subnets: BTreeSet<String>,
    pub target_groups: BTreeSet<String>,
    /// The launch template's id and version.
    pub launch_template: Option<(String, String)>,
    /// `ELB` or `EC2`.
    pub health_check: String,
    pub grace_s: i32,
    pub instances: Vec<GroupInstance>,
    /// `Delete in progress`, while it goes.
    pub status: Option<String>,
    pub tags: Tags,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceRefresh {
    pub id: String,
    /// `Pending`, `InProgress`, `Successful`, `Failed`, `Cancelled`, …
    pub status: String,
    pub percent: i32,
    pub reason: Option<String>,
}

/// Target tracking of the average CPU use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScalingPolicy {
    pub name: String,
    /// Percent; none where the policy is of another kind.
    pub target_cpu: Option<i32>,
}

operations! {
    CreateAutoScalingGroup { group: AutoScalingGroup } -> ();
    DescribeAutoScalingGroups { name: String } -> Vec<AutoScalingGroup>;
    UpdateAutoScalingGroup { group: AutoScalingGroup } -> ();
    DeleteAutoScalingGroup { name: String, force: bool } -> ();
    AttachLoadBalancerTargetGroups { name: String, target_groups: BTreeSet<String> } -> ();
    DetachLoadBalancerTargetGroups { name: String, target_groups: BTreeSet<String> } -> ();
    CreateOrUpdateTags { name: String, tags: Tags } -> ();
    StartInstanceRefresh { name: String } -> String;
    DescribeInstanceRefreshes { name: String } -> Vec<InstanceRefresh>;
    PutScalingPolicy { name: String, policy: String, target_cpu: i32 } -> ();
    DescribePolicies { name: String } -> Vec<ScalingPolicy>;
    DeletePolicy { name: String, policy: String } -> ();
}

#[cfg(feature = "sdk")]
mod sdk {
    use aws_sdk_autoscaling::types;
    use aws_sdk_autoscaling::types::{LaunchTemplateSpecification, MetricType, Tag};

    use super::*;
    use crate::kind::prelude::*;

    /// A group's tags. Its instances do not inherit them: those have theirs from the launch template, with their volumes.
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

    /// A policy that keeps the average CPU use of a group at this percentage.
    fn tracking(target_cpu: i32) -> types::TargetTrackingConfiguration {
        let metric = types::PredefinedMetricSpecification::builder()
            .predefined_metric_type(MetricType::AsgAverageCpuUtilization);
        types::TargetTrackingConfiguration::builder()
            .predefined_metric_specification(metric.build())
            .target_value(target_cpu.into())
            .build()
    }

    requests! { autoscaling
        create_auto_scaling_group(call: CreateAutoScalingGroup) {
            set_tags(Some(to_tags(&call.group.name, call.group.tags)))
            set_target_group_arns(Some(call.group.target_groups.into_iter().collect()))
            auto_scaling_group_name(call.group.name) min_size(call.group.min)
            max_size(call.group.max) desired_capacity(call.group.desired)
            vpc_zone_identifier(joined(call.group.subnets))
            set_launch_template(template(call.group.launch_template))
            health_check_type(call.group.health_check) health_check_grace_period(call.group.grace_s)
        };
        describe_auto_scaling_groups(call: DescribeAutoScalingGroups) {
            auto_scaling_group_names(call.name)
        } => |answer| each(answer.auto_scaling_groups, group);
        // Target groups and tags have operations of their own.
        update_auto_scaling_group(call: UpdateAutoScalingGroup) {
            auto_scaling_group_name(call.group.name) min_size(call.group.min)
            max_size(call.group.max) desired_capacity(call.group.desired)
            vpc_zone_identifier(joined(call.group.subnets))
            set_launch_template(template(call.group.launch_template))
            health_check_type(call.group.health_check) health_check_grace_period(call.group.grace_s)
        };
        delete_auto_scaling_group(call: DeleteAutoScalingGroup) {
            auto_scaling_group_name(call.name) force_delete(call.force)
        };
        attach_load_balancer_target_groups(call: AttachLoadBalancerTargetGroups) {
            auto_scaling_group_name(call.name)
            set_target_group_arns(Some(call.target_groups.into_iter().collect()))
        };
        detach_load_balancer_target_groups(call: DetachLoadBalancerTargetGroups) {
            auto_scaling_group_name(call.name)
            set_target_group_arns(Some(call.target_groups.into_iter().collect()))
        };
        create_or_update_tags(call: CreateOrUpdateTags) {
            set_tags(Some(to_tags(&call.name, call.tags)))
        };
        start_instance_refresh(call: StartInstanceRefresh) {
            auto_scaling_group_name(call.name)
            // Instances that are of the newest version already stay: a refresh that is started twice replaces nothing twice.
            preferences(types::RefreshPreferences::builder().skip_matching(true).build())
        } => |answer| text(answer.instance_refresh_id);
        describe_instance_refreshes(call: DescribeInstanceRefreshes) {
            auto_scaling_group_name(call.name)
        } => |answer| each(answer.instance_refreshes, refresh);
        put_scaling_policy(call: PutScalingPolicy) {
            auto_scaling_group_name(call.name) policy_name(call.policy)
            policy_type("TargetTrackingScaling")
            target_tracking_configuration(tracking(call.target_cpu))
        };
        describe_policies(call: DescribePolicies) { auto_scaling_group_name(call.name) }
            => |answer| each(answer.scaling_policies, policy);
        delete_policy(call: DeletePolicy) {
            auto_scaling_group_name(call.name) policy_name(call.policy)
        };
    }
}
