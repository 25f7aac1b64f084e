//! The requests of Elastic Load Balancing, Auto Scaling and IAM, name by name and value by value, as the AWS SDK for Rust sends them.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use skyward_aws::model::{
    AutoScalingGroup, GroupInstance, HealthCheck, ListenerAction, RefreshOrder, Tags,
};
use skyward_aws::{
    AddElbTags, AddRoleToInstanceProfile, AttachLoadBalancerTargetGroups, AttachRolePolicy,
    CancelInstanceRefresh, CreateAutoScalingGroup, CreateInstanceProfile, CreateListener,
    CreateLoadBalancer, CreateOrUpdateTags, CreateRole, CreateServiceLinkedRole, CreateTargetGroup,
    DeleteAutoScalingGroup, DeleteInstanceProfile, DeleteListener, DeleteLoadBalancer,
    DeletePolicy, DeleteRole, DeleteRolePolicy, DeleteScalingTags, DeleteTargetGroup,
    DescribeAutoScalingAccountLimits, DescribeAutoScalingGroups, DescribeElbAccountLimits,
    DescribeElbTags, DescribeInstanceRefreshes, DescribeListeners, DescribeLoadBalancerAttributes,
    DescribeLoadBalancers, DescribePolicies, DescribeScalingActivities,
    DescribeTargetGroupAttributes, DescribeTargetGroups, DescribeTargetHealth,
    DetachLoadBalancerTargetGroups, DetachRolePolicy, GetInstanceProfile, GetRole, GetRolePolicy,
    ListAttachedRolePolicies, ListRolePolicies, ModifyListener, ModifyLoadBalancerAttributes,
    ModifyTargetGroup, ModifyTargetGroupAttributes, PutRolePolicy, PutScalingPolicy, RemoveElbTags,
    RemoveRoleFromInstanceProfile, Service, SetSecurityGroups, SetSubnets, StartInstanceRefresh,
    TagInstanceProfile, TagRole, TerminateInstanceInAutoScalingGroup, UntagInstanceProfile,
    UntagRole, UpdateAssumeRolePolicy, UpdateAutoScalingGroup,
};

use crate::recorder::{Sent, names, tags, text};

/// These calls as `aws-sdk-elasticloadbalancingv2` 1.134.0, `aws-sdk-autoscaling` 1.141.0 and `aws-sdk-iam` 1.133.0 sent them: a
/// block for each, its parameters decoded and in order. The port of a health check, what an instance refresh is ordered, and the
/// role of a service are as
/// botocore 1.44.8 writes them, by the same models.
const AS_THE_SDK: &str = include_str!("query.txt");

fn health_check() -> HealthCheck {
    HealthCheck {
        port: None,
        path: text("/health?of=é"),
        matcher: text("200-299"),
        interval_s: 10,
        timeout_s: 5,
        healthy: 2,
        unhealthy: 3,
    }
}

async fn balancers(sent: &mut Sent) {
    let arn = || text("arn:aws:elasticloadbalancing:eu-central-1:1:loadbalancer/app/shop/1");
    for (subnets, groups, tags) in [
        (names(&["subnet-1", "subnet-2"]), names(&["sg-1"]), tags()),
        (BTreeSet::new(), BTreeSet::new(), Tags::new()),
    ] {
        let (name, security_groups) = (text("shop"), groups);
        sent.send(CreateLoadBalancer { name, subnets, security_groups, tags }).await;
    }
    sent.send(DescribeLoadBalancers { name: text("shop") }).await;
    for ids in [&["a-1", "a-2"][..], &[]] {
        let (load_balancer, subnets) = (arn(), names(ids));
        sent.send(SetSubnets { load_balancer, subnets }).await;
        let (load_balancer, security_groups) = (arn(), names(ids));
        sent.send(SetSecurityGroups { load_balancer, security_groups }).await;
    }
    sent.send(DescribeLoadBalancerAttributes { load_balancer: arn() }).await;
    for attributes in [tags(), Tags::new()] {
        let load_balancer = arn();
        sent.send(ModifyLoadBalancerAttributes { load_balancer, attributes }).await;
    }
    sent.send(DeleteLoadBalancer { load_balancer: arn() }).await;
    sent.send(DescribeElbTags { resources: vec![arn(), text("another")] }).await;
    for tags in [tags(), Tags::new()] {
        sent.send(AddElbTags { resource: arn(), tags }).await;
    }
    sent.send(DescribeElbAccountLimits {}).await;
}

async fn target_groups(sent: &mut Sent) {
    let target_group = || text("arn:aws:elasticloadbalancing:eu-central-1:1:targetgroup/shop/1");
    for tags in [tags(), Tags::new()] {
        sent.send(CreateTargetGroup {
            name: text("shop"),
            vpc: text("vpc-1"),
            protocol: text("HTTP"),
            port: 8080,
            health_check: health_check(),
            tags,
        })
        .await;
    }
    sent.send(DescribeTargetGroups { name: text("shop") }).await;
    for port in [None, Some(8081)] {
        let health_check = HealthCheck { port, ..health_check() };
        sent.send(ModifyTargetGroup { target_group: target_group(), health_check }).await;
    }
    sent.send(DescribeTargetGroupAttributes { target_group: target_group() }).await;
    for attributes in [tags(), Tags::new()] {
        let target_group = target_group();
        sent.send(ModifyTargetGroupAttributes { target_group, attributes }).await;
    }
    sent.send(DeleteTargetGroup { target_group: target_group() }).await;
    sent.send(DescribeTargetHealth { target_group: target_group() }).await;
}

async fn listeners(sent: &mut Sent) {
    let (balancer, listener) = (|| text("arn:of:the/balancer"), || text("arn:of:the/listener"));
    let certificate = Some(text("arn:aws:acm:eu-central-1:1:certificate/1"));
    let policy = Some(text("ELBSecurityPolicy-TLS13-1-2-2021-06"));
    for (protocol, certificate, tls_policy, action, tags) in [
        ("HTTPS", certificate, policy, ListenerAction::Forward(text("arn:of:the/group")), tags()),
        ("HTTP", None, None, ListenerAction::RedirectToHttps(443), Tags::new()),
    ] {
        let create = CreateListener {
            load_balancer: balancer(),
            port: 443,
            protocol: text(protocol),
            certificate,
            tls_policy,
            action,
            tags,
        };
        let CreateListener { protocol, certificate, tls_policy, action, .. } = create.clone();
        sent.send(create).await;
        let listener = listener();
        sent.send(ModifyListener { listener, protocol, certificate, tls_policy, action }).await;
    }
    for page in [None, Some(text("page 2"))] {
        sent.send(DescribeListeners { load_balancer: balancer(), page }).await;
    }
    sent.send(DeleteListener { listener: listener() }).await;
}

fn group() -> AutoScalingGroup {
    AutoScalingGroup {
        name: text("shop"),
        min: 2,
        max: 4,
        desired: 3,
        subnets: names(&["subnet-1", "subnet-2"]),
        target_groups: names(&["arn:1", "arn:2"]),
        launch_template: Some((text("lt-1"), text("$Latest"))),
        health_check: text("ELB"),
        grace_s: 300,
        // What AWS alone says is not sent.
        instances: vec![GroupInstance {
            id: text("i-1"),
            zone: text("eu-central-1a"),
            lifecycle: text("InService"),
            health: text("Healthy"),
            version: None,
        }],
        status: Some(text("Delete in progress")),
        tags: tags(),
    }
}

async fn scaling(sent: &mut Sent) {
    let name = || text("shop");
    for group in [group(), AutoScalingGroup { name: name(), ..AutoScalingGroup::default() }] {
        sent.send(CreateAutoScalingGroup { group: group.clone() }).await;
        sent.send(UpdateAutoScalingGroup { group }).await;
    }
    sent.send(DescribeAutoScalingGroups { name: name() }).await;
    for force in [true, false] {
        sent.send(DeleteAutoScalingGroup { name: name(), force }).await;
    }
    for target_groups in [names(&["arn:1", "arn:2"]), BTreeSet::new()] {
        let attach = AttachLoadBalancerTargetGroups { name: name(), target_groups };
        let target_groups = attach.target_groups.clone();
        sent.send(attach).await;
        sent.send(DetachLoadBalancerTargetGroups { name: name(), target_groups }).await;
    }
    for tags in [tags(), Tags::new()] {
        sent.send(CreateOrUpdateTags { name: name(), tags }).await;
    }
    let template = Some((text("lt-1"), text("7")));
    for order in [RefreshOrder::default(), RefreshOrder { template, most_percent: Some(134) }] {
        sent.send(StartInstanceRefresh { name: name(), order }).await;
    }
    sent.send(CancelInstanceRefresh { name: name() }).await;
    sent.send(TerminateInstanceInAutoScalingGroup { instance: text("i-1") }).await;
    sent.send(DescribeInstanceRefreshes { name: name() }).await;
    sent.send(PutScalingPolicy { name: name(), policy: text("cpu"), target_cpu: 50 }).await;
    sent.send(DescribePolicies { name: name() }).await;
    sent.send(DeletePolicy { name: name(), policy: text("cpu") }).await;
    sent.send(DescribeAutoScalingAccountLimits {}).await;
}

fn document() -> Value {
    json!({
        "Version": "2012-10-17",
        "Statement": [{ "Effect": "Allow", "Action": ["s3:*"], "Resource": "arn:aws:s3:::a/50 %/é+*" }],
    })
}

async fn roles(sent: &mut Sent) {
    let (name, policy) = (|| text("shop-role"), || text("assets"));
    for tags in [tags(), Tags::new()] {
        sent.send(CreateRole { name: name(), trust: document(), tags: tags.clone() }).await;
        sent.send(TagRole { name: name(), tags: tags.clone() }).await;
        sent.send(CreateInstanceProfile { name: name(), tags: tags.clone() }).await;
        sent.send(TagInstanceProfile { name: name(), tags }).await;
    }
    sent.send(GetRole { name: name() }).await;
    sent.send(UpdateAssumeRolePolicy { name: name(), trust: document() }).await;
    sent.send(DeleteRole { name: name() }).await;
    let (role, policy_name) = (name(), policy());
    sent.send(PutRolePolicy { role, policy: policy_name, document: document() }).await;
    sent.send(GetRolePolicy { role: name(), policy: policy() }).await;
    sent.send(DeleteRolePolicy { role: name(), policy: policy() }).await;
    let arn = || text("arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore");
    sent.send(AttachRolePolicy { role: name(), arn: arn() }).await;
    sent.send(ListAttachedRolePolicies { role: name() }).await;
    sent.send(DetachRolePolicy { role: name(), arn: arn() }).await;
    let profile = || text("shop-profile");
    sent.send(GetInstanceProfile { name: profile() }).await;
    sent.send(AddRoleToInstanceProfile { profile: profile(), role: name() }).await;
    sent.send(RemoveRoleFromInstanceProfile { profile: profile(), role: name() }).await;
    sent.send(DeleteInstanceProfile { name: profile() }).await;
}

/// What takes tags away, and what looks for things of others.
async fn others(sent: &mut Sent) {
    let tags = || names(&["Name", "cost center+é"]);
    let resource = text("arn:aws:elasticloadbalancing:eu-central-1:1:loadbalancer/app/shop/1");
    sent.send(RemoveElbTags { resource, names: tags() }).await;
    sent.send(DeleteScalingTags { name: text("shop"), names: tags() }).await;
    sent.send(DescribeScalingActivities { name: text("shop") }).await;
    sent.send(UntagRole { name: text("shop-role"), names: tags() }).await;
    sent.send(UntagInstanceProfile { name: text("shop-profile"), names: tags() }).await;
    sent.send(ListRolePolicies { role: text("shop-role") }).await;
    sent.send(CreateServiceLinkedRole { service: text("rds.amazonaws.com") }).await;
}

#[tokio::test]
async fn every_request_says_what_the_sdk_says() {
    let mut sent = Sent::new().await;
    balancers(&mut sent).await;
    target_groups(&mut sent).await;
    listeners(&mut sent).await;
    scaling(&mut sent).await;
    roles(&mut sent).await;
    others(&mut sent).await;
    sent.must_be(AS_THE_SDK, &[Service::Elb, Service::AutoScaling, Service::Iam]);
    let form = "POST / HTTP/1.1, application/x-www-form-urlencoded, for eu-central-1";
    let services = ["autoscaling", "elasticloadbalancing", "iam"];
    assert_eq!(sent.heads(), services.map(|service| format!("{form}/{service}")));
}
