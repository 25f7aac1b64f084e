//! A stack's life: made, found as it should be, changed, changed by hand, repaired, deleted.

use std::collections::BTreeSet;

use skyward_aws::model::VpcAttribute;
use skyward_aws::simulated::Account;
use skyward_aws::{
    DeleteTags, DescribeRouteTables, DescribeVpcs, DisassociateRouteTable, ModifyVpcAttribute,
    Select,
};
use skyward_config::{Aws, DatabaseEngine, DatabaseStorage};
use skyward_provisioner::event::{Event, Own};
use skyward_provisioner::plan::Action;
use skyward_provisioner::run::{Done, RunError};
use skyward_testkit::sample::sample;

use crate::support::{Process, aws, duplicates, of_stack, simulate};

/// The number of applies, each from a seed, that are held against their critical path.
const APPLIES: u64 = 40;

async fn apply(account: &Account, aws: &Aws, seed: u64) -> Done {
    let process = Process::new(account, aws, seed);
    let done = process.apply().await;
    done.unwrap_or_else(|error| panic!("seed {seed}: {error}\n{}", process.told()))
}

async fn changes(account: &Account, aws: &Aws) -> Vec<(String, Action)> {
    // What was changed a moment ago is seen by all some seconds later.
    tokio::time::sleep(std::time::Duration::from_secs(10)).await;
    let plan = Process::new(account, aws, 9).plan().await.unwrap();
    plan.changes.iter().map(|change| (change.id.to_string(), change.action)).collect()
}

async fn destroy(account: &Account, aws: &Aws) {
    let process = Process::new(account, aws, 9);
    process.destroy().await.unwrap_or_else(|error| panic!("{error}\n{}", process.told()));
    assert_eq!(of_stack(account, &aws.name), [], "destroy leaves nothing");
}

/// All of it counts: the looks before and after, the plan, and the looks for what AWS is doing.
#[test]
fn an_apply_takes_no_longer_than_its_critical_path() {
    let mut worst: f64 = 0.0;
    let seeds = sample("applies beside their critical path", 0..APPLIES, 6);
    let met = seeds.len();
    for seed in seeds {
        simulate(async {
            let account = Account::new(seed);
            let begun = tokio::time::Instant::now();
            let done = apply(&account, &aws("web"), seed).await;
            let took = begun.elapsed().as_secs_f64();
            let critical = done.spans.iter().filter(|span| span.is_critical);
            let critical: f64 =
                critical.map(|span| span.ended.saturating_sub(span.started).as_secs_f64()).sum();
            worst = worst.max(took / critical);
            assert_eq!(changes(&account, &aws("web")).await, [], "seed {seed}");
        });
    }
    println!("the longest of {met} of {APPLIES} applies took {worst:.4} times its critical path");
    assert!(worst <= 1.02, "{worst}");
}

#[test]
fn a_stack_is_changed_in_place() {
    simulate(async {
        let account = Account::new(3);
        let before = aws("web");
        apply(&account, &before, 1).await;
        let after = Aws {
            instances: 2,
            max_instances: 2,
            instance_type: "t3.small".into(),
            single_nat_gateway: true,
            certificate: Some("arn:aws:acm:eu-central-1:123456789012:certificate/1".into()),
            logs: true,
            database_class: "db.m6gd.large".into(),
            database_storage: DatabaseStorage::Io1,
            backup_days: 3,
            tags: [("team".to_owned(), "web".to_owned())].into(),
            ..before.clone()
        };
        apply(&account, &after, 2).await;
        assert_eq!(changes(&account, &after).await, []);
        assert_eq!(duplicates(&account, "web"), [] as [String; 0]);
        let addresses =
            of_stack(&account, "web").iter().filter(|item| item.kind == "address").count();
        assert_eq!(addresses, 1, "the other zones' ways out are gone");
        // And back, but for the bucket, which would take its objects with it.
        let back = Aws { logs: true, ..before };
        apply(&account, &back, 3).await;
        assert_eq!(changes(&account, &back).await, []);
        destroy(&account, &back).await;
    });
}

#[test]
fn a_stack_lives_in_every_partition() {
    simulate(async {
        for region in ["cn-north-1", "us-gov-west-1"] {
            let account = Account::in_region(3, region);
            let aws = Aws { region: region.into(), logs: true, ..aws("web") };
            apply(&account, &aws, 1).await;
            assert_eq!(changes(&account, &aws).await, []);
            let state = account.state().to_string();
            assert!(!state.contains("arn:aws:"), "{region}");
            destroy(&account, &aws).await;
        }
    });
}

#[test]
fn the_order_of_zones_means_nothing() {
    simulate(async {
        let account = Account::new(3);
        let zones = |letters: [char; 3]| letters.map(|one| format!("eu-central-1{one}")).into();
        let before = Aws { zones: zones(['a', 'b', 'c']), ..aws("web") };
        apply(&account, &before, 1).await;
        for other in [['c', 'a', 'b'], ['b', 'a', 'c']] {
            let after = Aws { zones: zones(other), ..before.clone() };
            assert_eq!(changes(&account, &after).await, []);
        }
    });
}

#[test]
fn storage_that_would_become_less_is_refused_before_anything_changes() {
    simulate(async {
        let account = Account::new(3);
        let before = Aws { database_storage_gib: 500, ..aws("web") };
        apply(&account, &before, 1).await;
        let less = Aws { database_storage_gib: 200, instances: 2, ..before.clone() };
        let process = Process::new(&account, &less, 2);
        assert!(matches!(process.apply().await, Err(RunError::Findings(_))), "{}", process.told());
        let told = process.told();
        assert!(told.contains("has 500 GiB, which cannot become 200"), "{told}");
        assert_eq!(changes(&account, &before).await, [], "nothing was changed");
    });
}

#[test]
fn what_is_changed_by_hand_is_found_and_repaired() {
    simulate(async {
        let account = Account::new(4);
        let aws = aws("web");
        apply(&account, &aws, 1).await;
        let select = || Select::Stack("web".into());
        let vpc = account.directly(DescribeVpcs { select: select(), page: None }).unwrap();
        let vpc = vpc.items[0].id.clone();
        let attribute = VpcAttribute::DnsHostnames;
        account.directly(ModifyVpcAttribute { vpc: vpc.clone(), attribute, value: false }).unwrap();
        account.directly(DeleteTags { resources: vec![vpc], names: vec!["Name".into()] }).unwrap();
        let tables =
            account.directly(DescribeRouteTables { select: select(), page: None }).unwrap();
        let association = tables.items[0].associations[0].id.clone();
        account.directly(DisassociateRouteTable { association }).unwrap();
        tokio::time::sleep(std::time::Duration::from_secs(10)).await;
        let drift = Process::new(&account, &aws, 2).drift().await.unwrap();
        let fields: Vec<String> = drift
            .changes
            .iter()
            .flat_map(|change| {
                change.differences.iter().map(|one| format!("{} {}", change.kind, one.field))
            })
            .collect();
        assert_eq!(fields, ["VPC dns_hostnames", "VPC tags.Name", "route table subnets"]);
        apply(&account, &aws, 3).await;
        assert_eq!(changes(&account, &aws).await, []);
        destroy(&account, &aws).await;
    });
}

#[test]
fn a_database_is_replaced_only_where_that_is_asked_for() {
    simulate(async {
        let account = Account::new(5);
        let before = aws("web");
        apply(&account, &before, 1).await;
        let after = Aws { database_engine: DatabaseEngine::Postgres, ..before.clone() };
        let mut process = Process::new(&account, &after, 2);
        let refused = process.apply().await;
        let Err(RunError::Findings(findings)) = refused else { panic!("{refused:?}") };
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert!(findings[0].problem.contains("db-cluster would be replaced"), "{findings:?}");
        assert!(findings[0].next.contains("--replace"), "{findings:?}");
        assert_eq!(changes(&account, &before).await, [], "nothing was changed");
        process.may_replace = true;
        process.apply().await.unwrap_or_else(|error| panic!("{error}\n{}", process.told()));
        assert_eq!(changes(&account, &after).await, []);
        destroy(&account, &after).await;
    });
}

#[test]
fn two_stacks_in_one_account_leave_each_other_alone() {
    simulate(async {
        let account = Account::new(6);
        account.configure(|settings| *settings = settings.clone().with_quotas_times(2));
        let (one, other) = (aws("one"), aws("other"));
        let (first, second) = (Process::new(&account, &one, 1), Process::new(&account, &other, 2));
        let (first, second) = tokio::join!(first.apply(), second.apply());
        first.unwrap();
        second.unwrap();
        destroy(&account, &one).await;
        assert_eq!(changes(&account, &other).await, []);
        destroy(&account, &other).await;
    });
}

/// The resources of the steps that the last line of a run counts.
fn counted(process: &Process) -> BTreeSet<String> {
    let events = process.events.borrow();
    let spans = events.iter().filter_map(|event| match event {
        Event::Own(Own::Timeline { spans, .. }) => Some(spans),
        _ => None,
    });
    spans.flatten().map(|span| span.id.to_string()).collect()
}

/// The resources of the steps that were told as done.
fn done(process: &Process) -> BTreeSet<String> {
    let events = process.events.borrow();
    let done = events.iter().filter_map(|event| match event {
        Event::Done(done) => Some(done.object.clone()),
        _ => None,
    });
    done.collect()
}

#[test]
fn an_interrupt_ends_in_order_and_the_next_run_goes_on() {
    simulate(async {
        for after in [0, 1, 5, 9, 11, 30, 110, 140, 400] {
            let account = Account::new(after);
            let aws = aws("web");
            let process = Process::new(&account, &aws, 1);
            let interrupt = process.interrupt.clone();
            let (ended, asked) = tokio::join!(process.apply(), async {
                tokio::time::sleep(std::time::Duration::from_secs(after)).await;
                interrupt.raise();
                tokio::time::Instant::now()
            });
            assert_eq!(ended.unwrap_err(), RunError::Interrupted, "after {after} s");
            let rest = asked.elapsed();
            assert!(rest.as_secs_f64() < 2.0, "only calls under way are waited for: {rest:?}");
            assert_eq!(counted(&process), done(&process), "what is counted is what was done");
            apply(&account, &aws, 2).await;
            assert_eq!(changes(&account, &aws).await, []);
            assert_eq!(duplicates(&account, "web"), [] as [String; 0]);
            destroy(&account, &aws).await;
        }
    });
}
