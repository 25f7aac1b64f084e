//! Load balancers and target groups.

use skyward_aws::model::{HealthCheck, LoadBalancer, Quota, TargetGroup, TargetHealth};
use skyward_aws::{
    DescribeElbAccountLimits, DescribeElbTags, DescribeLoadBalancerAttributes,
    DescribeLoadBalancers, DescribeTargetGroups, DescribeTargetHealth,
};

use super::{result, text};

#[tokio::test]
async fn load_balancers_are_read_as_they_are_shown() {
    let call = || DescribeLoadBalancers { name: text("my-load-balancer") };
    let found = result(call(), "
    <LoadBalancers>
      <member>
        <LoadBalancerArn>arn:aws:elasticloadbalancing:us-west-2:123456789012:loadbalancer/app/my-load-balancer/50dc</LoadBalancerArn>
        <Scheme>internet-facing</Scheme>
        <LoadBalancerName>my-load-balancer</LoadBalancerName>
        <VpcId>vpc-3ac0fb5f</VpcId>
        <CanonicalHostedZoneId>Z2P70J7EXAMPLE</CanonicalHostedZoneId>
        <CreatedTime>2016-03-25T21:26:12.920Z</CreatedTime>
        <AvailabilityZones>
          <member><SubnetId>subnet-8360a9e7</SubnetId><ZoneName>us-west-2a</ZoneName></member>
          <member><SubnetId>subnet-b7d581c0</SubnetId><ZoneName>us-west-2b</ZoneName></member>
        </AvailabilityZones>
        <SecurityGroups><member>sg-5943793c</member></SecurityGroups>
        <DNSName>my-load-balancer-424835706.us-west-2.elb.amazonaws.com</DNSName>
        <State><Code>active</Code></State>
        <Type>application</Type>
      </member>
    </LoadBalancers>").await.unwrap();
    assert_eq!(
        found,
        [LoadBalancer {
            arn: text(
                "arn:aws:elasticloadbalancing:us-west-2:123456789012:loadbalancer/app/my-load-balancer/50dc"
            ),
            name: text("my-load-balancer"),
            dns_name: text("my-load-balancer-424835706.us-west-2.elb.amazonaws.com"),
            scheme: text("internet-facing"),
            vpc: text("vpc-3ac0fb5f"),
            subnets: [text("subnet-8360a9e7"), text("subnet-b7d581c0")].into(),
            security_groups: [text("sg-5943793c")].into(),
            state: text("active"),
        }]
    );
    let bare =
        "<LoadBalancers><member><LoadBalancerArn>arn:1</LoadBalancerArn></member></LoadBalancers>";
    let found = result(call(), bare).await.unwrap();
    assert_eq!(
        (found[0].arn.as_str(), found[0].state.as_str(), found[0].subnets.len()),
        ("arn:1", "", 0)
    );
    for none in ["<LoadBalancers/>", "<LoadBalancers></LoadBalancers>", ""] {
        assert_eq!(result(call(), none).await.unwrap(), [], "{none}");
    }
}

#[tokio::test]
async fn attributes_limits_and_tags_are_read_as_they_are_shown() {
    let attributes = "<Attributes><member><Value>false</Value><Key>access_logs.s3.enabled</Key></member>\
        <member><Value/><Key>access_logs.s3.bucket</Key></member><member><Key>a</Key></member>\
        <member><Value>without</Value></member></Attributes>";
    let call = DescribeLoadBalancerAttributes { load_balancer: text("arn:1") };
    let pairs = [("a", ""), ("access_logs.s3.bucket", ""), ("access_logs.s3.enabled", "false")];
    let expected = pairs.map(|(name, value)| (text(name), text(value)));
    assert_eq!(result(call, attributes).await.unwrap(), expected.into());
    let limits = "<Limits><member><Max>100</Max><Name>target-groups</Name></member>\
        <member><Max>many</Max><Name>odd</Name></member><member><Name>half</Name></member></Limits>";
    let found = result(DescribeElbAccountLimits {}, limits).await.unwrap();
    assert_eq!(found, [Quota { name: text("target-groups"), max: 100, used: None }]);
    let tags = "<TagDescriptions><member><ResourceArn>arn:1</ResourceArn><Tags><member><Value>lima &amp; &lt;co&gt; &#233;</Value>\
        <Key>project</Key></member><member><Key>empty</Key><Value></Value></member></Tags></member>\
        <member><ResourceArn>arn:2</ResourceArn><Tags/></member></TagDescriptions>";
    let call = DescribeElbTags { resources: vec![text("arn:1"), text("arn:2")] };
    let found = result(call, tags).await.unwrap();
    assert_eq!(
        (found["arn:1"]["project"].as_str(), found["arn:1"]["empty"].as_str()),
        ("lima & <co> é", "")
    );
    assert!(found["arn:2"].is_empty());
}

#[tokio::test]
async fn target_groups_are_read_as_they_are_shown() {
    let call = DescribeTargetGroups { name: text("my-targets") };
    let found = result(
        call,
        "
    <TargetGroups>
      <member>
        <TargetGroupArn>arn:1</TargetGroupArn>
        <HealthCheckTimeoutSeconds>5</HealthCheckTimeoutSeconds>
        <HealthCheckPort>traffic-port</HealthCheckPort>
        <Matcher><HttpCode>200</HttpCode></Matcher>
        <TargetGroupName>my-targets</TargetGroupName>
        <HealthCheckProtocol>HTTP</HealthCheckProtocol>
        <HealthCheckPath>/</HealthCheckPath>
        <Protocol>HTTP</Protocol>
        <Port>80</Port>
        <VpcId>vpc-3ac0fb5f</VpcId>
        <HealthyThresholdCount>5</HealthyThresholdCount>
        <HealthCheckIntervalSeconds>30</HealthCheckIntervalSeconds>
        <LoadBalancerArns><member>arn:lb</member></LoadBalancerArns>
        <UnhealthyThresholdCount>2</UnhealthyThresholdCount>
      </member>
      <member><TargetGroupArn>arn:2</TargetGroupArn><HealthCheckPort>8081</HealthCheckPort></member>
    </TargetGroups>",
    )
    .await
    .unwrap();
    let health_check = HealthCheck {
        port: None,
        path: text("/"),
        matcher: text("200"),
        interval_s: 30,
        timeout_s: 5,
        healthy: 5,
        unhealthy: 2,
    };
    let group = TargetGroup {
        arn: text("arn:1"),
        name: text("my-targets"),
        vpc: text("vpc-3ac0fb5f"),
        protocol: text("HTTP"),
        port: 80,
        health_check,
        load_balancers: vec![text("arn:lb")],
    };
    assert_eq!((found.len(), &found[0], found[1].port), (2, &group, 0));
    assert_eq!(found[1].health_check.port, Some(8081));
}

#[tokio::test]
async fn health_is_read_as_it_is_shown() {
    let call = DescribeTargetHealth { target_group: text("arn:1") };
    let found = result(call, "
    <TargetHealthDescriptions>
      <member>
        <HealthCheckPort>80</HealthCheckPort>
        <TargetHealth><State>healthy</State></TargetHealth>
        <Target><Port>80</Port><Id>i-0f76fade</Id></Target>
      </member>
      <member>
        <TargetHealth>
          <State>unhealthy</State><Reason>Target.ResponseCodeMismatch</Reason>
          <Description>Health checks failed with these codes: [404]</Description>
        </TargetHealth>
        <Target><Id>i-1</Id></Target>
      </member>
      <member><TargetHealth><State>a-new-state</State><Reason>Elb.InternalError</Reason></TargetHealth></member>
      <member><TargetHealth><Description>said</Description></TargetHealth></member>
      <member/>
    </TargetHealthDescriptions>").await.unwrap();
    let health = |target: &str, state: &str, reason: Option<&str>| TargetHealth {
        target: text(target),
        state: text(state),
        reason: reason.map(text),
    };
    let mismatch = "Target.ResponseCodeMismatch: Health checks failed with these codes: [404]";
    assert_eq!(
        found,
        [
            health("i-0f76fade", "healthy", None),
            health("i-1", "unhealthy", Some(mismatch)),
            health("", "a-new-state", Some("Elb.InternalError")),
            health("", "", Some("said")),
            health("", "", None),
        ]
    );
}
