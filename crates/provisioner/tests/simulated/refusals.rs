//! What stands in the way is said before anything is made, each thing with what to do about it.

use std::collections::BTreeSet;

use crate::restored::restored;
use crate::support::{Process, aws, of_stack, simulate};
use skyward_aws::model::{HealthCheck, Tags};
use skyward_aws::simulated::{Account, Faults, Zone};
use skyward_aws::{
    AllocateAddress, CreateBucket, CreateDBSubnetGroup, CreateRole, CreateSubnet,
    CreateTargetGroup, CreateVpc, Operation,
};
use skyward_config::{Aws, DatabaseStorage};
use skyward_provisioner::event::{Event, Own};
use skyward_provisioner::run::RunError;

struct Case {
    account: Account,
    aws: Aws,
    faults: Faults,
}

/// Runs `apply`: all problems with their next steps, one a line; nothing of the stack is there.
async fn refused(case: &Case) -> String {
    let mut process = Process::new(&case.account, &case.aws, 1);
    process.client = case.account.client().with_faults(case.faults.clone());
    let ended = process.apply().await;
    assert!(matches!(ended, Err(RunError::Findings(_))), "{ended:?}\n{}", process.told());
    assert_eq!(of_stack(&case.account, "web"), [], "nothing was made");
    let events = process.events.borrow();
    let findings = events.iter().filter_map(|event| match event {
        Event::Finding(finding) => {
            Some(format!("{} | {}\n", finding.text, finding.next.as_deref().unwrap_or_default()))
        }
        _ => None,
    });
    findings.collect()
}

fn check(prepare: impl FnOnce(&mut Case), expected: &[&str]) {
    let said = findings(prepare);
    for expected in expected {
        assert!(said.contains(expected), "{expected:?} is not in:\n{said}");
    }
    assert_eq!(said.lines().count(), expected.len().div_ceil(2), "two hints a finding:\n{said}");
}

/// What is said of an account and a configuration that are prepared so.
fn findings(prepare: impl FnOnce(&mut Case)) -> String {
    simulate(async {
        let mut case =
            Case { account: Account::new(1), aws: aws("web"), faults: Faults::default() };
        prepare(&mut case);
        refused(&case).await
    })
}

#[test]
fn credentials() {
    let expired = Faults { expired_from: Some(1), ..Faults::default() };
    check(|case| case.faults = expired, &["ExpiredToken", "renew the credentials"]);
    check(
        |case| case.aws.account = Some("999999999999".into()),
        &["are of account 123456789012, and [aws] account is 999999999999", "AWS_PROFILE"],
    );
    let denied = Faults {
        denied: BTreeSet::from([Operation::DescribeVpcs, Operation::DescribeDBClusters]),
        ..Faults::default()
    };
    check(
        |case| case.faults = denied,
        &[
            "ec2:DescribeVpcs",
            "allow ec2:DescribeVpcs",
            "rds:DescribeDBClusters",
            "infra/ has the policies",
        ],
    );
}

#[test]
fn places() {
    check(
        |case| case.aws.database_class = "db.t3.micro".into(),
        &["does not offer db.t3.micro", "choose another region"],
    );
    check(
        |case| case.account.configure(|settings| settings.zones[2].has_databases = false),
        &["three zones are needed, and 2 of", "database_class"],
    );
    check(
        |case| {
            case.account.configure(|settings| {
                settings.zones[1].state = "impaired".into();
                settings.zones.push(Zone::new('d'));
            });
            case.aws.zones = ["a", "b", "x"].map(|zone| format!("eu-central-1{zone}")).into();
        },
        &[
            "eu-central-1b is impaired",
            "another zone",
            "eu-central-1x is no zone of",
            "leave them out",
        ],
    );
    check(
        |case| {
            case.account = Account::in_region(1, "us-west-1");
            case.aws.region = "us-west-1".into();
        },
        &[
            "three zones are needed, and us-west-1 offers us-west-1b and us-west-1c",
            "choose another region",
        ],
    );
    check(
        |case| case.aws.instance_type = "nothing.micro".into(),
        &["nothing.micro", "instance_type"],
    );
}

#[test]
fn databases() {
    check(
        |case| {
            case.aws.database_storage = DatabaseStorage::Io1;
            case.aws.database_iops = Some(300_000);
            case.aws.database_storage_gib = 70_000;
        },
        &["100 to 65536 GiB, not 70000", "database_storage_gib", "not 300000", "database_iops"],
    );
}

#[test]
fn quotas() {
    check(
        |case| {
            case.account.configure(|settings| {
                settings.quotas.insert("elastic IP addresses".into(), 2);
                settings.quotas.insert("DB clusters".into(), 0);
            });
        },
        &[
            "3 elastic IP addresses are needed, and the account may have 2",
            "vpc-max-elastic-ips",
            "1 DB clusters are needed",
            "Service Quotas",
        ],
    );
}

/// New accounts have a quota of a few vCPUs, and three of the smallest instances are six.
#[test]
fn quotas_of_instances() {
    check(
        |case| {
            case.account.configure(|settings| {
                settings.quotas.insert("vCPUs of running On-Demand Standard instances".into(), 5);
            });
        },
        &[
            "3 × t3.micro take 6 vCPUs, and the account may have 5 of running On-Demand Standard instances",
            "L-1216C47A",
        ],
    );
    let denied =
        Faults { denied: BTreeSet::from([Operation::GetServiceQuota]), ..Faults::default() };
    check(
        |case| case.faults = denied,
        &["servicequotas:GetServiceQuota", "infra/ has the policies"],
    );
}

/// The credentials of an account are unknown in a region that it has not enabled.
#[test]
fn regions_that_are_not_enabled() {
    check(
        |case| {
            case.account = Account::in_region(1, "af-south-1");
            case.account.configure(|settings| settings.is_disabled = true);
            case.aws.region = "af-south-1".into();
        },
        &[
            "has to enable the region af-south-1 first",
            "enable the region in the account's settings",
        ],
    );
}

/// Addresses that others use count against the quota as well.
#[test]
fn quotas_that_others_use() {
    check(
        |case| {
            for _ in 0..3 {
                case.account.directly(AllocateAddress { tags: Tags::new() }).unwrap();
            }
        },
        &["3 elastic IP addresses are needed, and the account may have 5, 3 of them used"],
    );
}

#[test]
fn names_of_others() {
    check(
        |case| case.account.take_bucket("web-assets-123456789012-eu-central-1"),
        &["the bucket web-assets-123456789012-eu-central-1 is there", "choose another [aws] name"],
    );
    // One's own without the tag may have data in it.
    let said = findings(|case| {
        let bucket = "web-assets-123456789012-eu-central-1".to_owned();
        case.account.directly(CreateBucket { bucket, tags: Tags::new() }).unwrap();
    });
    assert!(said.contains("carries no tag") && said.contains("to hand it over"), "{said}");
    assert!(!said.contains("delete"), "{said}");
    check(
        |case| {
            let account = &case.account;
            let (name, tags) = ("web-eu-central-1-instance".to_owned(), Tags::new());
            let trust = serde_json::json!({});
            account.directly(CreateRole { name, trust, tags: tags.clone() }).unwrap();
            let vpc = CreateVpc { cidr: "10.9.0.0/16".into(), tags: tags.clone() };
            let vpc = account.directly(vpc).unwrap().id;
            let health_check = HealthCheck {
                port: None,
                path: "/".into(),
                matcher: "200".into(),
                interval_s: 10,
                timeout_s: 5,
                healthy: 2,
                unhealthy: 3,
            };
            let (name, protocol) = ("web-cms".to_owned(), "HTTP".to_owned());
            let group = CreateTargetGroup { name, vpc, protocol, port: 80, health_check, tags };
            account.directly(group).unwrap();
        },
        &[
            "the IAM role web-eu-central-1-instance is there and carries no tag",
            "to hand it over",
            "the target group web-cms",
            "delete that target group",
        ],
    );
    check(
        |case| {
            let account = &case.account;
            let vpc = CreateVpc { cidr: "10.9.0.0/16".into(), tags: Tags::new() };
            let vpc = account.directly(vpc).unwrap().id;
            let subnets = ["a", "b"].map(|letter| {
                let call = CreateSubnet {
                    vpc: vpc.clone(),
                    cidr: format!("10.9.{}.0/24", usize::from(letter == "b")),
                    zone: format!("eu-central-1{letter}"),
                    tags: Tags::new(),
                };
                account.directly(call).unwrap().id
            });
            let (name, description) = ("web-database".to_owned(), "theirs".to_owned());
            let (subnets, tags) = (subnets.into(), Tags::new());
            account.directly(CreateDBSubnetGroup { name, description, subnets, tags }).unwrap();
        },
        &["the DB subnet group web-database is there", "tag it skyward:stack=web"],
    );
}

/// It fails on the way, and everything that does not hang on it is made; the next run makes the rest.
#[test]
fn what_fails_on_the_way_leaves_the_rest_standing() {
    simulate(async {
        let account = Account::new(2);
        let mut process = Process::new(&account, &aws("web"), 1);
        let faults = Faults { no_database_capacity: true, ..Faults::default() };
        process.client = account.client().with_faults(faults);
        let ended = process.apply().await.unwrap_err();
        let RunError::Failed { failures, next } = &ended else { panic!("{ended:?}") };
        let failed: Vec<_> = failures.iter().map(|failure| failure.id.as_str()).collect();
        assert_eq!(failed, ["db-cluster"]);
        assert!(next.contains("another zone or class"), "{next}");
        let balancers =
            of_stack(&account, "web").into_iter().filter(|item| item.kind == "load-balancer");
        assert_eq!(balancers.map(|item| item.state).collect::<Vec<_>>(), ["active"]);
        Process::new(&account, &aws("web"), 2).apply().await.unwrap();
        assert!(Process::new(&account, &aws("web"), 3).plan().await.unwrap().is_empty());
    });
}

/// A NAT gateway that fails is made anew in the same run.
#[test]
fn a_failed_gateway_is_replaced() {
    simulate(async {
        let account = Account::new(3);
        let mut process = Process::new(&account, &aws("web"), 1);
        let faults = Faults { nat_fails: [1, 2].into(), ..Faults::default() };
        process.client = account.client().with_faults(faults);
        process.apply().await.unwrap_or_else(|error| panic!("{error}\n{}", process.told()));
        let gateways =
            of_stack(&account, "web").into_iter().filter(|item| item.kind == "nat-gateway");
        assert_eq!(gateways.count(), 3);
    });
}

/// The last that is told is what stands in the way, however long the plan before it is.
#[test]
fn what_stands_in_the_way_is_told_after_the_plan() {
    simulate(async {
        let account = Account::new(1);
        let wrong = restored(aws("web"), "no-such-one");
        for is_plan in [true, false] {
            let process = Process::new(&account, &wrong, 1);
            let ended = if is_plan {
                process.plan().await.map(|_| ())
            } else {
                process.apply().await.map(|_| ())
            };
            assert!(matches!(ended, Err(RunError::Findings(_))), "{ended:?}");
            let events = process.events.borrow();
            let kinds: Vec<&str> = events
                .iter()
                .filter_map(|event| match event {
                    Event::Own(Own::Plan(plan)) if plan.changes.len() > 30 => Some("plan"),
                    Event::Finding(_) => Some("finding"),
                    _ => None,
                })
                .collect();
            assert_eq!(kinds, ["plan", "finding"]);
            assert!(matches!(events.last(), Some(Event::Finding(_))), "{:?}", events.last());
        }
    });
}
