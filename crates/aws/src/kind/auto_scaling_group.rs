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
    /// The launch template's version that the instances are to have, where the refresh was told one.
    pub version: Option<String>,
}

/// The replacement of a group's instances by others.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct RefreshOrder {
    /// The launch template and the version that the group has from its success on. None: those that it has.
    pub template: Option<(String, String)>,
    /// The most instances meanwhile, in percent of the desired ones: above 100, one is started before another is ended. None: one
    /// is ended before another is started.
    pub most_percent: Option<i32>,
}

/// Something that a group has done, or has tried to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScalingActivity {
    /// `Successful`, `Failed`, `Cancelled`, `InProgress`, …
    pub status: String,
    /// The activity, such as `Launching a new EC2 instance.  Status Reason: …`.
    pub description: String,
    /// The reason of its state.
    pub message: Option<String>,
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
    DeleteScalingTags { name: String, names: Vec<String> } -> ();
    StartInstanceRefresh { name: String, order: RefreshOrder } -> String;
    CancelInstanceRefresh { name: String } -> ();
    TerminateInstanceInAutoScalingGroup { instance: String } -> ();
    DescribeInstanceRefreshes { name: String } -> Vec<InstanceRefresh>;
    // The newest first.
    DescribeScalingActivities { name: String } -> Vec<ScalingActivity>;
    PutScalingPolicy { name: String, policy: String, target_cpu: i32 } -> ();
    DescribePolicies { name: String } -> Vec<ScalingPolicy>;
    DeletePolicy { name: String, policy: String } -> ();
}

#[cfg(feature = "sdk")]
mod sdk {
    use super::*;
    use crate::kind::prelude::*;

    /// The metric that the policies track.
    const AVERAGE_CPU: &str = "ASGAverageCPUUtilization";

    /// The type of a group in requests about tags.
    const GROUP: &str = "auto-scaling-group";

    /// A group's tags. Its instances do not inherit them: those have theirs from the launch template, with their volumes.
    fn to_tags(group: &str, tags: Tags) -> Parameter {
        let tag = |(key, value): (String, String)| {
            structure! {
                "ResourceType": GROUP, "ResourceId": group, "Key": key,
                "Value": value, "PropagateAtLaunch": false,
            }
        };
        Parameter::List(tags.into_iter().map(tag).collect())
    }

    /// The properties of a group that are set when it is made, and changed together.
    fn properties(group: AutoScalingGroup) -> Vec<(&'static str, Parameter)> {
        // A list of subnets is one text here.
        let subnets = group.subnets.into_iter().collect::<Vec<_>>().join(",");
        let (template, version) = group.launch_template.unzip();
        vec![
            ("AutoScalingGroupName", group.name.into()),
            ("MinSize", group.min.into()),
            ("MaxSize", group.max.into()),
            ("DesiredCapacity", group.desired.into()),
            ("VPCZoneIdentifier", subnets.into()),
            ("LaunchTemplate.LaunchTemplateId", template.into()),
            ("LaunchTemplate.Version", version.into()),
            ("HealthCheckType", group.health_check.into()),
            ("HealthCheckGracePeriod", group.grace_s.into()),
        ]
    }

    fn to_group(mut group: AutoScalingGroup) -> Parameter {
        let groups = std::mem::take(&mut group.target_groups);
        let tags = to_tags(&group.name, std::mem::take(&mut group.tags));
        let mut properties = properties(group);
        properties.extend([("TargetGroupARNs", groups.into()), ("Tags", tags)]);
        Parameter::Structure(properties)
    }

    fn instance(found: Element<'_>) -> GroupInstance {
        GroupInstance {
            id: found.text("InstanceId"),
            zone: found.text("AvailabilityZone"),
            lifecycle: found.text("LifecycleState"),
            health: found.text("HealthStatus"),
            version: found.child("LaunchTemplate").option("Version"),
        }
    }

    fn group(found: Element<'_>) -> AutoScalingGroup {
        let template = found.child("LaunchTemplate").found();
        let subnets = found.text("VPCZoneIdentifier");
        let subnets = subnets.split(',').filter(|id| !id.is_empty());
        AutoScalingGroup {
            name: found.text("AutoScalingGroupName"),
            min: found.parsed("MinSize").unwrap_or_default(),
            max: found.parsed("MaxSize").unwrap_or_default(),
            desired: found.parsed("DesiredCapacity").unwrap_or_default(),
            subnets: subnets.map(|id| id.trim().to_owned()).collect(),
            target_groups: found.texts("TargetGroupARNs"),
            launch_template: template
                .map(|template| (template.text("LaunchTemplateId"), template.text("Version"))),
            health_check: found.text("HealthCheckType"),
            grace_s: found.parsed("HealthCheckGracePeriod").unwrap_or_default(),
            instances: found.each("Instances", instance),
            status: found.option("Status"),
            tags: found.pairs("Tags"),
        }
    }

    fn policy(found: Element<'_>) -> ScalingPolicy {
        let tracking = found.child("TargetTrackingConfiguration");
        let metric = tracking.child("PredefinedMetricSpecification").text("PredefinedMetricType");
        let target = tracking.parsed("TargetValue").filter(|_| metric == AVERAGE_CPU);
        #[expect(clippy::cast_possible_truncation, reason = "a percentage")]
        let target_cpu = target.map(|percent: f64| percent.round() as i32);
        ScalingPolicy { name: found.text("PolicyName"), target_cpu }
    }

    fn refresh(found: Element<'_>) -> InstanceRefresh {
        InstanceRefresh {
            id: found.text("InstanceRefreshId"),
            status: found.text("Status"),
            percent: found.parsed("PercentageComplete").unwrap_or_default(),
            reason: found.option("StatusReason"),
            version: found.child("DesiredConfiguration").child("LaunchTemplate").option("Version"),
        }
    }

    fn activity(found: Element<'_>) -> ScalingActivity {
        ScalingActivity {
            status: found.text("StatusCode"),
            description: found.text("Description"),
            message: found.option("StatusMessage"),
        }
    }

    /// The activities that are asked for: the newest.
    const ACTIVITIES: i32 = 20;

    /// The least instances in percent, where one is started before another is ended.
    const LEAST_PERCENT: i32 = 100;

    query! { autoscaling
        create_auto_scaling_group(call: CreateAutoScalingGroup) (to_group(call.group));
        describe_auto_scaling_groups(call: DescribeAutoScalingGroups) {
            "AutoScalingGroupNames": vec![call.name],
        } => |answer| answer.each("AutoScalingGroups", group);
        // Target groups and tags have operations of their own.
        update_auto_scaling_group(call: UpdateAutoScalingGroup) (Parameter::Structure(properties(call.group)));
        delete_auto_scaling_group(call: DeleteAutoScalingGroup) {
            "AutoScalingGroupName": call.name, "ForceDelete": call.force,
        };
        attach_load_balancer_target_groups(call: AttachLoadBalancerTargetGroups) {
            "AutoScalingGroupName": call.name, "TargetGroupARNs": call.target_groups,
        };
        detach_load_balancer_target_groups(call: DetachLoadBalancerTargetGroups) {
            "AutoScalingGroupName": call.name, "TargetGroupARNs": call.target_groups,
        };
        create_or_update_tags(call: CreateOrUpdateTags) { "Tags": to_tags(&call.name, call.tags) };
        delete_scaling_tags(call: DeleteScalingTags) {
            "Tags": call.names.into_iter().map(|key| structure! {
                "ResourceType": GROUP, "ResourceId": call.name.as_str(), "Key": key,
            }).collect::<Vec<_>>(),
        };
        start_instance_refresh(call: StartInstanceRefresh) {
            "AutoScalingGroupName": call.name,
            // Instances that are of the newest version already stay: a refresh that is started twice replaces nothing twice.
            "Preferences.SkipMatching": true,
            "Preferences.MinHealthyPercentage": call.order.most_percent.map(|_| LEAST_PERCENT),
            "Preferences.MaxHealthyPercentage": call.order.most_percent,
            "DesiredConfiguration.LaunchTemplate": call.order.template.map(|(id, version)| {
                structure! { "LaunchTemplateId": id, "Version": version }
            }),
        } => |answer| answer.text("InstanceRefreshId");
        cancel_instance_refresh(call: CancelInstanceRefresh) { "AutoScalingGroupName": call.name };
        terminate_instance_in_auto_scaling_group(call: TerminateInstanceInAutoScalingGroup) {
            "InstanceId": call.instance, "ShouldDecrementDesiredCapacity": false,
        };
        describe_instance_refreshes(call: DescribeInstanceRefreshes) {
            "AutoScalingGroupName": call.name,
        } => |answer| answer.each("InstanceRefreshes", refresh);
        describe_scaling_activities(call: DescribeScalingActivities) {
            "AutoScalingGroupName": call.name, "MaxRecords": ACTIVITIES,
        } => |answer| answer.each("Activities", activity);
        put_scaling_policy(call: PutScalingPolicy) {
            "AutoScalingGroupName": call.name, "PolicyName": call.policy,
            "PolicyType": "TargetTrackingScaling",
            "TargetTrackingConfiguration.PredefinedMetricSpecification.PredefinedMetricType":
                AVERAGE_CPU,
            "TargetTrackingConfiguration.TargetValue": f64::from(call.target_cpu),
        };
        describe_policies(call: DescribePolicies) { "AutoScalingGroupName": call.name }
            => |answer| answer.each("ScalingPolicies", policy);
        delete_policy(call: DeletePolicy) {
            "AutoScalingGroupName": call.name, "PolicyName": call.policy,
        };
    }
}
