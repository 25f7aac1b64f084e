//! The load balancer, its target group and its listeners.

use std::collections::BTreeSet;

use skyward_aws::model::{Attributes, HealthCheck, ListenerAction};
use skyward_aws::sdk::Sdk;
use skyward_aws::*;

use crate::network::{subnet, vpc};
use crate::server::{Moto, tags};

fn health_check(path: &str) -> HealthCheck {
    HealthCheck {
        port: None,
        path: path.into(),
        matcher: "200".into(),
        interval_s: 10,
        timeout_s: 5,
        healthy: 2,
        unhealthy: 3,
    }
}

fn attributes(name: &str, value: &str) -> Attributes {
    [(name.to_owned(), value.to_owned())].into()
}

async fn group(sdk: &Sdk, vpc: &str, name: &str) -> String {
    let call = CreateSecurityGroup {
        vpc: vpc.into(),
        name: name.into(),
        description: "for a load balancer".into(),
        tags: tags(name),
    };
    send(sdk, call).await.unwrap()
}

/// How a load balancer in two subnets is made.
pub(crate) async fn balancer(sdk: &Sdk, region: &str, vpc: &str) -> CreateLoadBalancer {
    let mut subnets = BTreeSet::new();
    for number in 0..2 {
        subnets.insert(subnet(sdk, region, vpc, number).await);
    }
    CreateLoadBalancer {
        name: "test-web".into(),
        subnets,
        security_groups: [group(sdk, vpc, "one").await].into(),
        tags: tags("load-balancer"),
    }
}

/// A target group for a test.
pub(crate) async fn target_group(sdk: &Sdk, vpc: &str, name: &str) -> String {
    let call = CreateTargetGroup {
        name: name.into(),
        vpc: vpc.into(),
        protocol: "HTTP".into(),
        port: 80,
        health_check: health_check("/"),
        tags: tags("target-group"),
    };
    send(sdk, call).await.unwrap().arn
}

#[tokio::test]
#[ignore = "needs moto_server"]
async fn a_load_balancer_stands_in_its_subnets() {
    let region = "us-west-2";
    let (_moto, sdk) = Moto::client(region).await;
    let find = DescribeLoadBalancers { name: "test-web".into() };
    assert_eq!(send(&sdk, find.clone()).await.unwrap(), []);
    let vpc = vpc(&sdk).await;
    let create = balancer(&sdk, region, &vpc).await;
    let (mut subnets, first) = (create.subnets.clone(), create.security_groups.clone());
    let second = group(&sdk, &vpc, "two").await;
    let made = send(&sdk, create).await.unwrap();
    let found = send(&sdk, find.clone()).await.unwrap();
    assert_eq!((found.len(), &found[0].arn, &found[0].vpc), (1, &made.arn, &vpc));
    assert_eq!((found[0].scheme.as_str(), found[0].name.as_str()), ("internet-facing", "test-web"));
    assert!(["provisioning", "active"].contains(&found[0].state.as_str()), "{}", found[0].state);
    assert!(found[0].dns_name.contains("test-web"), "{}", found[0].dns_name);
    assert_eq!((&found[0].subnets, &found[0].security_groups), (&subnets, &first));

    subnets.insert(subnet(&sdk, region, &vpc, 2).await);
    let arn = made.arn;
    let call = SetSubnets { load_balancer: arn.clone(), subnets: subnets.clone() };
    send(&sdk, call).await.unwrap();
    let groups = BTreeSet::from([second]);
    let call = SetSecurityGroups { load_balancer: arn.clone(), security_groups: groups.clone() };
    send(&sdk, call).await.unwrap();
    let found = send(&sdk, find.clone()).await.unwrap();
    assert_eq!((&found[0].subnets, &found[0].security_groups), (&subnets, &groups));

    let call = AddElbTags { resource: arn.clone(), tags: [("owner".into(), "web".into())].into() };
    send(&sdk, call).await.unwrap();
    let found = send(&sdk, DescribeElbTags { resources: vec![arn.clone()] }).await.unwrap();
    let mut expected = tags("load-balancer");
    expected.insert("owner".into(), "web".into());
    assert_eq!(found, [(arn.clone(), expected)].into());
    assert_eq!(send(&sdk, DescribeElbTags { resources: vec![] }).await.unwrap(), [].into());

    let protected = |value| ModifyLoadBalancerAttributes {
        load_balancer: arn.clone(),
        attributes: attributes("deletion_protection.enabled", value),
    };
    send(&sdk, protected("true")).await.unwrap();
    let describe = DescribeLoadBalancerAttributes { load_balancer: arn.clone() };
    let found = send(&sdk, describe).await.unwrap();
    assert_eq!(found["deletion_protection.enabled"], "true");
    send(&sdk, protected("false")).await.unwrap();
    send(&sdk, DeleteLoadBalancer { load_balancer: arn.clone() }).await.unwrap();
    assert_eq!(send(&sdk, find).await.unwrap(), []);
}

#[tokio::test]
#[ignore = "needs moto_server"]
async fn a_target_group_checks_what_it_is_told_to() {
    let (_moto, sdk) = Moto::client("ca-central-1").await;
    let find = DescribeTargetGroups { name: "test-cms".into() };
    assert_eq!(send(&sdk, find.clone()).await.unwrap(), []);
    let vpc = vpc(&sdk).await;
    let arn = target_group(&sdk, &vpc, "test-cms").await;
    let found = send(&sdk, find.clone()).await.unwrap();
    assert_eq!((found.len(), &found[0].arn, &found[0].vpc), (1, &arn, &vpc));
    assert_eq!((found[0].protocol.as_str(), found[0].port), ("HTTP", 80));
    assert_eq!((&found[0].health_check, found[0].load_balancers.len()), (&health_check("/"), 0));
    let check = health_check("/health");
    let call = ModifyTargetGroup { target_group: arn.clone(), health_check: check.clone() };
    send(&sdk, call).await.unwrap();
    assert_eq!(send(&sdk, find.clone()).await.unwrap()[0].health_check, check);
    let delay = "deregistration_delay.timeout_seconds";
    let call = ModifyTargetGroupAttributes {
        target_group: arn.clone(),
        attributes: attributes(delay, "30"),
    };
    send(&sdk, call).await.unwrap();
    let call = DescribeTargetGroupAttributes { target_group: arn.clone() };
    assert_eq!(send(&sdk, call).await.unwrap()[delay], "30");
    let call = DescribeTargetHealth { target_group: arn.clone() };
    assert_eq!(send(&sdk, call).await.unwrap(), []);
    send(&sdk, DeleteTargetGroup { target_group: arn }).await.unwrap();
    assert_eq!(send(&sdk, find).await.unwrap(), []);
}

#[tokio::test]
#[ignore = "needs moto_server"]
async fn a_listener_forwards_or_redirects() {
    let region = "ap-south-1";
    let (_moto, sdk) = Moto::client(region).await;
    let vpc = vpc(&sdk).await;
    let load_balancer = balancer(&sdk, region, &vpc).await;
    let load_balancer = send(&sdk, load_balancer).await.unwrap().arn;
    let target = target_group(&sdk, &vpc, "test-cms").await;
    let create = CreateListener {
        load_balancer: load_balancer.clone(),
        port: 80,
        protocol: "HTTP".into(),
        certificate: None,
        tls_policy: None,
        action: ListenerAction::Forward(target.clone()),
        tags: tags("listener/http"),
    };
    let listener = send(&sdk, create).await.unwrap();
    assert_eq!((listener.port, listener.protocol.as_str()), (80, "HTTP"));
    assert_eq!(listener.action, ListenerAction::Forward(target.clone()));
    let find = DescribeListeners { load_balancer: load_balancer.clone(), page: None };
    assert_eq!(all(&sdk, find.clone()).await.unwrap(), std::slice::from_ref(&listener));
    let groups = send(&sdk, DescribeTargetGroups { name: "test-cms".into() }).await.unwrap();
    assert_eq!(groups[0].load_balancers, [load_balancer]);
    let modify = ModifyListener {
        listener: listener.arn.clone(),
        protocol: "HTTP".into(),
        certificate: None,
        tls_policy: None,
        action: ListenerAction::RedirectToHttps(443),
    };
    send(&sdk, modify).await.unwrap();
    let found = all(&sdk, find.clone()).await.unwrap();
    assert_eq!(found[0].action, ListenerAction::RedirectToHttps(443));
    let found =
        send(&sdk, DescribeElbTags { resources: vec![listener.arn.clone()] }).await.unwrap();
    assert_eq!(found[&listener.arn], tags("listener/http"));
    send(&sdk, DeleteListener { listener: listener.arn }).await.unwrap();
    assert_eq!(all(&sdk, find).await.unwrap(), []);
}
