//! Auto scaling groups.

use skyward_aws::model::{
    AutoScalingGroup, GroupInstance, InstanceRefresh, Quota, RefreshOrder, ScalingPolicy,
};
use skyward_aws::{
    DescribeAutoScalingAccountLimits, DescribeAutoScalingGroups, DescribeInstanceRefreshes,
    DescribePolicies, StartInstanceRefresh,
};

use super::{result, text};

#[tokio::test]
async fn auto_scaling_groups_are_read_as_they_are_shown() {
    let name = || text("my-asg");
    let found = result(DescribeAutoScalingGroups { name: name() }, "
    <AutoScalingGroups>
      <member>
        <HealthCheckType>ELB</HealthCheckType>
        <LoadBalancerNames/>
        <Instances>
          <member>
            <LaunchTemplate><LaunchTemplateName>t</LaunchTemplateName><Version>1</Version>
              <LaunchTemplateId>lt-1</LaunchTemplateId></LaunchTemplate>
            <InstanceId>i-1</InstanceId><HealthStatus>Healthy</HealthStatus>
            <AvailabilityZone>us-east-1a</AvailabilityZone><LifecycleState>InService</LifecycleState>
          </member>
          <member><InstanceId>i-2</InstanceId></member>
        </Instances>
        <TerminationPolicies><member>Default</member></TerminationPolicies>
        <DefaultCooldown>300</DefaultCooldown>
        <EnabledMetrics/>
        <VPCZoneIdentifier>subnet-1, subnet-2</VPCZoneIdentifier>
        <HealthCheckGracePeriod>120</HealthCheckGracePeriod>
        <TargetGroupARNs><member>arn:1</member></TargetGroupARNs>
        <AutoScalingGroupName>my-asg</AutoScalingGroupName>
        <DesiredCapacity>3</DesiredCapacity><MinSize>2</MinSize><MaxSize>4</MaxSize>
        <LaunchTemplate><Version>$Latest</Version><LaunchTemplateId>lt-1</LaunchTemplateId></LaunchTemplate>
        <Tags>
          <member><ResourceId>my-asg</ResourceId><PropagateAtLaunch>false</PropagateAtLaunch><Value>a &quot;b&quot;</Value>
            <Key>Name</Key><ResourceType>auto-scaling-group</ResourceType></member>
          <member><Key>empty</Key></member>
        </Tags>
        <Status>Delete in progress</Status>
      </member>
      <member><AutoScalingGroupName>bare</AutoScalingGroupName><VPCZoneIdentifier/></member>
    </AutoScalingGroups>").await.unwrap();
    let instance = |id: &str, zone: &str, lifecycle: &str, health: &str, version: Option<&str>| {
        GroupInstance {
            id: text(id),
            zone: text(zone),
            lifecycle: text(lifecycle),
            health: text(health),
            version: version.map(text),
        }
    };
    let group = AutoScalingGroup {
        name: name(),
        min: 2,
        max: 4,
        desired: 3,
        subnets: [text("subnet-1"), text("subnet-2")].into(),
        target_groups: [text("arn:1")].into(),
        launch_template: Some((text("lt-1"), text("$Latest"))),
        health_check: text("ELB"),
        grace_s: 120,
        instances: vec![
            instance("i-1", "us-east-1a", "InService", "Healthy", Some("1")),
            instance("i-2", "", "", "", None),
        ],
        status: Some(text("Delete in progress")),
        tags: [(text("Name"), text("a \"b\"")), (text("empty"), String::new())].into(),
    };
    assert_eq!(
        found,
        [group, AutoScalingGroup { name: text("bare"), ..AutoScalingGroup::default() }]
    );
}

#[tokio::test]
async fn refreshes_policies_and_limits_are_read_as_they_are_shown() {
    let name = || text("my-asg");
    let refreshes = "<InstanceRefreshes><member><InstanceRefreshId>r-1</InstanceRefreshId><Status>InProgress</Status>\
        <StatusReason>waiting</StatusReason><PercentageComplete>50</PercentageComplete>\
        <DesiredConfiguration><LaunchTemplate><LaunchTemplateId>lt-1</LaunchTemplateId><Version>7</Version></LaunchTemplate>\
        </DesiredConfiguration></member>\
        <member><InstanceRefreshId>r-2</InstanceRefreshId><Status>Pending</Status></member></InstanceRefreshes>";
    let refresh = |id: &str, status: &str, percent, known: Option<(&str, &str)>| InstanceRefresh {
        id: text(id),
        status: text(status),
        percent,
        reason: known.map(|(reason, _)| text(reason)),
        version: known.map(|(_, version)| text(version)),
    };
    let found = result(DescribeInstanceRefreshes { name: name() }, refreshes).await.unwrap();
    assert_eq!(
        found,
        [
            refresh("r-1", "InProgress", 50, Some(("waiting", "7"))),
            refresh("r-2", "Pending", 0, None)
        ]
    );
    let policies = "<ScalingPolicies><member><PolicyName>cpu</PolicyName><PolicyType>TargetTrackingScaling</PolicyType>\
        <TargetTrackingConfiguration><TargetValue>49.6</TargetValue><PredefinedMetricSpecification>\
        <PredefinedMetricType>ASGAverageCPUUtilization</PredefinedMetricType></PredefinedMetricSpecification>\
        </TargetTrackingConfiguration></member><member><PolicyName>net</PolicyName><TargetTrackingConfiguration>\
        <TargetValue>5</TargetValue><PredefinedMetricSpecification><PredefinedMetricType>ASGAverageNetworkIn</PredefinedMetricType>\
        </PredefinedMetricSpecification></TargetTrackingConfiguration></member><member><PolicyName>step</PolicyName></member>\
        </ScalingPolicies>";
    let policy = |name: &str, target_cpu| ScalingPolicy { name: text(name), target_cpu };
    let found = result(DescribePolicies { name: name() }, policies).await.unwrap();
    assert_eq!(found, [policy("cpu", Some(50)), policy("net", None), policy("step", None)]);
    let limits = "<NumberOfLaunchConfigurations>0</NumberOfLaunchConfigurations><MaxNumberOfAutoScalingGroups>500</MaxNumberOfAutoScalingGroups>\
        <NumberOfAutoScalingGroups>3</NumberOfAutoScalingGroups>";
    let quota = Quota { name: text("auto-scaling-groups"), max: 500, used: Some(3) };
    assert_eq!(result(DescribeAutoScalingAccountLimits {}, limits).await.unwrap(), [quota]);
    assert_eq!(result(DescribeAutoScalingAccountLimits {}, "").await.unwrap(), []);
    let id = "<InstanceRefreshId>08b91cf7-8fa6-48af-b6a6-d227f40f1b9b</InstanceRefreshId>";
    let order = RefreshOrder::default();
    let started = result(StartInstanceRefresh { name: name(), order }, id).await.unwrap();
    assert_eq!(started, "08b91cf7-8fa6-48af-b6a6-d227f40f1b9b");
}
