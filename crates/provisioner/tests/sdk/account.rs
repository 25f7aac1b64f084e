//! Who calls, what there is to be had, and what cannot be reached.

use skyward_aws::model::{Quota, Zone};
use skyward_aws::*;

use crate::server::Moto;

fn names_of(zones: &[Zone]) -> Vec<String> {
    zones.iter().map(|zone| zone.name.clone()).collect()
}

#[tokio::test]
#[ignore = "needs moto_server"]
async fn an_account_says_who_calls_and_what_it_has() {
    let (_moto, sdk) = Moto::client("eu-central-1").await;
    let identity = send(&sdk, GetCallerIdentity {}).await.unwrap();
    assert_eq!(identity.account, "123456789012");
    assert!(identity.arn.starts_with("arn:aws:sts::123456789012:"), "{}", identity.arn);
    let zones = send(&sdk, DescribeAvailabilityZones {}).await.unwrap();
    assert_eq!(names_of(&zones), ["eu-central-1a", "eu-central-1b", "eu-central-1c"]);
    assert!(zones.iter().all(|zone| zone.state == "available" && zone.id.starts_with("euc1-az")));
    let offered = DescribeInstanceTypeOfferings { instance_type: "t3.micro".into() };
    assert_eq!(send(&sdk, offered).await.unwrap().len(), 3);
    let offered = DescribeInstanceTypeOfferings { instance_type: "t3.enormous".into() };
    assert_eq!(send(&sdk, offered).await.unwrap(), [] as [String; 0]);
    let quotas = send(&sdk, DescribeAccountAttributes {}).await.unwrap();
    let addresses = quotas.iter().find(|quota| quota.name == "vpc-max-elastic-ips");
    assert_eq!(addresses.map(|quota| quota.max), Some(5), "{quotas:?}");
    let image = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64";
    let image = send(&sdk, GetParameter { name: image.into() }).await.unwrap();
    assert!(image.starts_with("ami-"), "{image}");
    let error = send(&sdk, GetParameter { name: "/nowhere".into() }).await.unwrap_err();
    assert_eq!(
        (error.code.as_str(), error.class()),
        ("ParameterNotFound", Class::NotFound),
        "{error}"
    );
    let engine = "mysql".to_owned();
    let class = "db.m5d.large".to_owned();
    let orderable = DescribeOrderableDBInstanceOptions { engine, class, page: None };
    let orderable = all(&sdk, orderable).await.unwrap();
    let gp3 = orderable.iter().find(|found| found.storage_type == "gp3").unwrap();
    assert_eq!((gp3.engine_version.as_str(), gp3.class.as_str()), ("8.4.6", "db.m5d.large"));
    assert_eq!((&gp3.zones, gp3.supports_clusters), (&names_of(&zones), true));
    assert_eq!((gp3.min_storage_gib, gp3.max_storage_gib), (Some(20), Some(65536)));
}

#[tokio::test]
#[ignore = "needs moto_server"]
async fn each_service_says_its_quotas() {
    let (_moto, sdk) = Moto::client("eu-central-1").await;
    let rds = send(&sdk, DescribeRdsAccountAttributes {}).await.unwrap();
    let expected = Quota { name: "DBClusters".into(), max: 40, used: Some(0) };
    assert!(rds.contains(&expected), "{rds:?}");
    let elb = send(&sdk, DescribeElbAccountLimits {}).await.unwrap();
    let balancers = elb.iter().find(|quota| quota.name == "application-load-balancers");
    assert!(balancers.is_some_and(|quota| quota.max > 0), "{elb:?}");
    let groups = send(&sdk, DescribeAutoScalingAccountLimits {}).await.unwrap();
    let expected = Quota { name: "auto-scaling-groups".into(), max: 500, used: Some(0) };
    assert_eq!(groups, [expected]);
}
