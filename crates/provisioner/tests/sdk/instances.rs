//! The launch template, the auto scaling group and its instances.

use std::collections::BTreeSet;

use skyward_aws::model::{AutoScalingGroup, LaunchTemplateData, ScalingPolicy, Volume};
use skyward_aws::sdk::Sdk;
use skyward_aws::*;

use crate::edge::target_group;
use crate::network::{subnet, vpc};
use crate::server::{Moto, tags};

/// The parameter that the image is behind: the template has its name, not the image's.
const IMAGE: &str =
    "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64";

fn data(image: &str, groups: BTreeSet<String>) -> LaunchTemplateData {
    LaunchTemplateData {
        image: image.into(),
        instance_type: "t3.micro".into(),
        security_groups: groups,
        instance_profile: "test-profile".into(),
        user_data: "#!/bin/sh\necho 'It works! é'\n".into(),
        http_tokens: "required".into(),
        http_hop_limit: 1,
        volume: Volume {
            device: "/dev/xvda".into(),
            size_gib: 8,
            kind: "gp3".into(),
            encrypted: true,
        },
        detailed_monitoring: false,
        tags: tags("auto-scaling-group"),
    }
}

#[tokio::test]
#[ignore = "needs moto_server"]
async fn a_launch_template_reads_as_it_was_written() {
    let (_moto, sdk) = Moto::client("eu-central-1").await;
    let mut wanted = data(IMAGE, ["sg-0123456789abcdef0".to_owned()].into());
    let create = CreateLaunchTemplate {
        name: "test-cms".into(),
        data: wanted.clone(),
        client_token: "token".into(),
        tags: tags("launch-template"),
    };
    let made = send(&sdk, create.clone()).await.unwrap();
    assert_eq!((made.latest_version, made.default_version), (1, 1));
    let error = send(&sdk, create).await.unwrap_err();
    let code = "InvalidLaunchTemplateName.AlreadyExistsException";
    assert_eq!((error.code.as_str(), error.class()), (code, Class::Exists), "{error}");
    for (select, count) in [
        (Select::Name("test-cms".into()), 1),
        (Select::Name("another".into()), 0),
        (Select::Stack("test".into()), 1),
        (Select::Ids(vec![made.id.clone()]), 1),
        (Select::Ids(vec![]), 0),
        (Select::Ids(vec!["lt-0123456789abcdef0".into()]), 0),
    ] {
        let found = DescribeLaunchTemplates { select: select.clone(), page: None };
        let found = all(&sdk, found).await.unwrap();
        assert_eq!(found.len(), count, "{select:?}");
        assert!(found.iter().all(|found| *found == made && found.tags == tags("launch-template")));
    }
    let latest = DescribeLaunchTemplateVersions {
        template: made.id.clone(),
        version: Some("$Latest".into()),
    };
    let found = send(&sdk, latest.clone()).await.unwrap();
    assert_eq!((found[0].version, &found[0].data), (1, &wanted));
    wanted.instance_type = "t3.small".into();
    let next = CreateLaunchTemplateVersion {
        template: made.id.clone(),
        data: wanted.clone(),
        client_token: "next".into(),
    };
    assert_eq!(send(&sdk, next).await.unwrap(), 2);
    send(&sdk, ModifyLaunchTemplate { template: made.id.clone(), default_version: 2 })
        .await
        .unwrap();
    let found = send(&sdk, latest).await.unwrap();
    assert_eq!((found.len(), found[0].version, &found[0].data), (1, 2, &wanted));
    let find = DescribeLaunchTemplates { select: Select::Stack("test".into()), page: None };
    let found = all(&sdk, find.clone()).await.unwrap();
    assert_eq!((found[0].latest_version, found[0].default_version), (2, 2));
    send(&sdk, DeleteLaunchTemplate { template: made.id }).await.unwrap();
    assert_eq!(all(&sdk, find).await.unwrap(), []);
}

/// A group of two instances in two subnets. The image is one that moto has: it does not look behind a parameter.
pub(crate) async fn group(sdk: &Sdk, region: &str) -> (AutoScalingGroup, String) {
    let vpc = vpc(sdk).await;
    let first = subnet(sdk, region, &vpc, 0).await;
    let second = subnet(sdk, region, &vpc, 1).await;
    let parameter = GetParameter { name: IMAGE.trim_start_matches("resolve:ssm:").into() };
    let image = send(sdk, parameter).await.unwrap();
    let profile = CreateInstanceProfile { name: "test-profile".into(), tags: tags("profile") };
    send(sdk, profile).await.unwrap();
    let security_group = CreateSecurityGroup {
        vpc: vpc.clone(),
        name: "cms".into(),
        description: "for the instances".into(),
        tags: tags("security-group/cms"),
    };
    let security_group = send(sdk, security_group).await.unwrap();
    let template = CreateLaunchTemplate {
        name: "test-cms".into(),
        data: data(&image, [security_group].into()),
        client_token: "token".into(),
        tags: tags("launch-template"),
    };
    let template = send(sdk, template).await.unwrap().id;
    let target = target_group(sdk, &vpc, "test-cms").await;
    let group = AutoScalingGroup {
        name: "test-cms".into(),
        min: 2,
        max: 4,
        desired: 2,
        subnets: [first, second].into(),
        target_groups: [target.clone()].into(),
        launch_template: Some((template, "$Latest".into())),
        health_check: "ELB".into(),
        grace_s: 180,
        instances: Vec::new(),
        status: None,
        tags: tags("auto-scaling-group"),
    };
    (group, target)
}

fn subnets(group: &AutoScalingGroup) -> DescribeSubnets {
    DescribeSubnets { select: Select::Ids(group.subnets.iter().cloned().collect()), page: None }
}

#[tokio::test]
#[ignore = "needs moto_server"]
async fn a_group_has_instances_in_its_subnets() {
    let region = "sa-east-1";
    let (_moto, sdk) = Moto::client(region).await;
    let find = DescribeAutoScalingGroups { name: "test-cms".into() };
    assert_eq!(send(&sdk, find.clone()).await.unwrap(), []);
    let (mut wanted, target) = group(&sdk, region).await;
    send(&sdk, CreateAutoScalingGroup { group: wanted.clone() }).await.unwrap();
    let plain = |found: &AutoScalingGroup| AutoScalingGroup { instances: vec![], ..found.clone() };
    let found = send(&sdk, find.clone()).await.unwrap();
    assert_eq!(plain(&found[0]), wanted);
    let instances = &found[0].instances;
    assert_eq!(instances.len(), 2);
    assert!(instances.iter().all(|found| found.lifecycle == "InService"), "{instances:?}");
    assert!(instances.iter().all(|found| found.health.eq_ignore_ascii_case("healthy")));
    let ids: Vec<_> = instances.iter().map(|found| found.id.clone()).collect();
    let by_ids = DescribeInstances { select: Select::Ids(ids.clone()), page: None };
    let found = all(&sdk, by_ids).await.unwrap();
    assert_eq!(found.len(), 2);
    for instance in found {
        assert!(instance.zone.starts_with(region) && instance.state == "running", "{instance:?}");
        // The tags are the template's.
        assert_eq!(instance.tags["skyward:resource"], "auto-scaling-group");
        assert!(instance.private_ip.is_some());
    }
    let select = Select::Vpc(all(&sdk, subnets(&wanted)).await.unwrap()[0].vpc.clone());
    let interfaces = all(&sdk, DescribeNetworkInterfaces { select, page: None }).await.unwrap();
    assert_eq!(interfaces.len(), 2);
    for interface in interfaces {
        assert!(wanted.subnets.contains(&interface.subnet), "{interface:?}");
        assert!(interface.id.starts_with("eni-") && interface.groups.len() == 1, "{interface:?}");
    }
    let health = send(&sdk, DescribeTargetHealth { target_group: target.clone() }).await.unwrap();
    let targets: BTreeSet<_> = health.iter().map(|found| found.target.clone()).collect();
    assert_eq!(targets, ids.into_iter().collect());

    (wanted.min, wanted.desired, wanted.grace_s) = (3, 3, 60);
    send(&sdk, UpdateAutoScalingGroup { group: wanted.clone() }).await.unwrap();
    let call = DetachLoadBalancerTargetGroups {
        name: "test-cms".into(),
        target_groups: std::mem::take(&mut wanted.target_groups),
    };
    send(&sdk, call).await.unwrap();
    let more = [("owner".to_owned(), "web".to_owned())];
    let call = CreateOrUpdateTags { name: "test-cms".into(), tags: more.clone().into() };
    send(&sdk, call).await.unwrap();
    wanted.tags.extend(more);
    let found = send(&sdk, find.clone()).await.unwrap();
    assert_eq!((plain(&found[0]), found[0].instances.len()), (wanted, 3));
    let target_groups = BTreeSet::from([target]);
    let call = AttachLoadBalancerTargetGroups {
        name: "test-cms".into(),
        target_groups: target_groups.clone(),
    };
    send(&sdk, call).await.unwrap();
    assert_eq!(send(&sdk, find.clone()).await.unwrap()[0].target_groups, target_groups);

    let policies = DescribePolicies { name: "test-cms".into() };
    assert_eq!(send(&sdk, policies.clone()).await.unwrap(), []);
    let (name, policy) = ("test-cms".to_owned(), "test-cpu".to_owned());
    let put = PutScalingPolicy { name: name.clone(), policy: policy.clone(), target_cpu: 60 };
    send(&sdk, put).await.unwrap();
    let expected = ScalingPolicy { name: policy.clone(), target_cpu: Some(60) };
    assert_eq!(send(&sdk, policies.clone()).await.unwrap(), [expected]);
    send(&sdk, DeletePolicy { name, policy }).await.unwrap();
    assert_eq!(send(&sdk, policies).await.unwrap(), []);

    let delete = DeleteAutoScalingGroup { name: "test-cms".into(), force: true };
    send(&sdk, delete).await.unwrap();
    assert_eq!(send(&sdk, find).await.unwrap(), []);
    let call = DeleteInstanceProfile { name: "test-profile".into() };
    send(&sdk, call).await.unwrap();
}
