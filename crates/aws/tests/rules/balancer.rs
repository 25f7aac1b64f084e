use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::sleep;

use super::stack::{Stack, health_check};
use super::{client, code, simulate, tags};
use skyward_aws::model::*;
use skyward_aws::simulated::Account;
use skyward_aws::*;

#[test]
fn a_load_balancer_is_made_once_by_its_name() {
    simulate(async {
        let stack = Stack::new(&Account::new(5));
        let client = client(&stack.account);
        let call = CreateLoadBalancer {
            name: "s-web".into(),
            subnets: stack.public.iter().cloned().collect(),
            security_groups: BTreeSet::from([stack.groups[0].clone()]),
            tags: tags("s"),
        };
        assert_eq!(send(&client, call.clone()).await.unwrap().arn, stack.balancer.arn);
        let other = CreateLoadBalancer { security_groups: BTreeSet::new(), ..call.clone() };
        assert_eq!(code(&client, other).await, "DuplicateLoadBalancerName");
        for name in ["a-name-of-more-than-thirty-two-chars", "internal-web", "under_score", "-edge"]
        {
            let call = CreateLoadBalancer { name: name.into(), ..call.clone() };
            assert_eq!(code(&client, call).await, "ValidationError", "{name}");
        }
        let one_zone = CreateLoadBalancer {
            name: "other".into(),
            subnets: BTreeSet::from([stack.public[0].clone()]),
            ..call
        };
        assert_eq!(code(&client, one_zone).await, "ValidationError");
        let look = || DescribeLoadBalancers { name: "s-web".into() };
        assert_eq!(send(&client, look()).await.unwrap()[0].state, "provisioning");
        sleep(Duration::from_secs(192)).await;
        assert_eq!(send(&client, look()).await.unwrap()[0].state, "active");
        let none = DescribeLoadBalancers { name: "none".into() };
        assert_eq!(code(&client, none).await, "LoadBalancerNotFound");
    });
}

#[test]
fn a_protected_load_balancer_stays_and_one_that_goes_takes_its_listeners() {
    simulate(async {
        let stack = Stack::new(&Account::new(6));
        let client = client(&stack.account);
        let arn = stack.balancer.arn.clone();
        let protect = |on: &str| ModifyLoadBalancerAttributes {
            load_balancer: arn.clone(),
            attributes: Attributes::from([("deletion_protection.enabled".into(), on.into())]),
        };
        send(&client, protect("true")).await.unwrap();
        let delete = DeleteLoadBalancer { load_balancer: arn.clone() };
        assert_eq!(code(&client, delete.clone()).await, "OperationNotPermitted");
        let targets = DeleteTargetGroup { target_group: stack.targets.clone() };
        assert_eq!(code(&client, targets.clone()).await, "ResourceInUse");
        send(&client, protect("false")).await.unwrap();
        send(&client, delete.clone()).await.unwrap();
        sleep(Duration::from_secs(16)).await;
        send(&client, targets).await.unwrap();
        send(&client, delete).await.unwrap();
        let unknown = ModifyLoadBalancerAttributes {
            load_balancer: arn.clone(),
            attributes: Attributes::from([("no.such.attribute".into(), "1".into())]),
        };
        assert_eq!(code(&client, unknown).await, "LoadBalancerNotFound");
    });
}

#[test]
fn listeners_and_target_groups_are_made_once() {
    simulate(async {
        let stack = Stack::new(&Account::new(7));
        let client = client(&stack.account);
        let listener = CreateListener {
            load_balancer: stack.balancer.arn.clone(),
            port: 80,
            protocol: "HTTP".into(),
            certificate: None,
            tls_policy: None,
            action: ListenerAction::Forward(stack.targets.clone()),
            tags: tags("s"),
        };
        assert_eq!(send(&client, listener.clone()).await.unwrap().arn, stack.listener);
        let other =
            CreateListener { action: ListenerAction::RedirectToHttps(443), ..listener.clone() };
        assert_eq!(code(&client, other).await, "DuplicateListener");
        let secure = CreateListener { port: 443, protocol: "HTTPS".into(), ..listener };
        assert_eq!(code(&client, secure).await, "ValidationError", "no certificate");
        let targets = CreateTargetGroup {
            name: "s-cms".into(),
            vpc: stack.vpc.clone(),
            protocol: "HTTP".into(),
            port: 80,
            health_check: health_check(),
            tags: tags("s"),
        };
        assert_eq!(send(&client, targets.clone()).await.unwrap().arn, stack.targets);
        let other = CreateTargetGroup { port: 81, ..targets };
        assert_eq!(code(&client, other).await, "DuplicateTargetGroupName");
        let look = DescribeTargetGroups { name: "s-cms".into() };
        let found = send(&client, look).await.unwrap();
        assert_eq!(found[0].load_balancers, std::slice::from_ref(&stack.balancer.arn));
    });
}

#[test]
fn launch_templates_are_one_by_name_and_count_their_versions() {
    simulate(async {
        let stack = Stack::new(&Account::new(8));
        let client = client(&stack.account);
        let data = super::stack::data(&stack.groups[1], "other");
        let create = CreateLaunchTemplate {
            name: "s-cms".into(),
            data: data.clone(),
            client_token: "another".into(),
            tags: tags("s"),
        };
        assert_eq!(code(&client, create).await, "InvalidLaunchTemplateName.AlreadyExistsException");
        let version = CreateLaunchTemplateVersion {
            template: stack.template.clone(),
            data: data.clone(),
            client_token: "v".into(),
        };
        assert_eq!(send(&client, version).await.unwrap(), 2);
        let look = |version: &str| DescribeLaunchTemplateVersions {
            template: stack.template.clone(),
            version: Some(version.to_owned()),
        };
        assert_eq!(send(&client, look("$Latest")).await.unwrap()[0].data, data);
        assert_eq!(send(&client, look("$Default")).await.unwrap()[0].version, 1);
        let modify = ModifyLaunchTemplate { template: stack.template.clone(), default_version: 2 };
        send(&client, modify).await.unwrap();
        assert_eq!(send(&client, look("$Default")).await.unwrap()[0].version, 2);
        assert_eq!(code(&client, look("3")).await, "InvalidLaunchTemplateId.VersionNotFound");
    });
}
