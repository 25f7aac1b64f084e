//! The life of a service on the instances: released, upgraded, refused, taken back, deleted; and that with accidents.

mod accidents;

use std::collections::BTreeSet;
use std::time::Duration;

use skyward_aws::simulated::Account;
use skyward_aws::{DescribeAutoScalingGroups, DescribeTargetGroups, DescribeTargetHealth};
use skyward_provisioner::caller::CallError;
use skyward_provisioner::plan::Action;
use skyward_provisioner::run::RunError;
use skyward_provisioner::versions::VersionState;
use tokio::time::{Instant, sleep};

use crate::support::{Process, of_stack, release, service, simulate};

/// The versions that the instances have that are healthy, and that which the group has.
fn versions(account: &Account) -> (BTreeSet<String>, usize, String) {
    let call = DescribeAutoScalingGroups { name: "web-cms".into() };
    let group = account.directly(call).unwrap().remove(0);
    let targets = DescribeTargetGroups { name: "web-cms".into() };
    let target_group = account.directly(targets).unwrap().remove(0).arn;
    let health = account.directly(DescribeTargetHealth { target_group }).unwrap();
    let healthy: Vec<_> =
        health.iter().filter(|one| one.state == "healthy").map(|one| &one.target).collect();
    let of = group.instances.iter().filter(|one| healthy.contains(&&one.id));
    let of = of.filter_map(|one| one.version.clone());
    (of.collect(), healthy.len(), group.launch_template.unwrap().1)
}

/// Runs something, and meanwhile asks the load balancer each second: the fewest instances that were healthy.
async fn watched<T>(account: &Account, address: &str, run: impl Future<Output = T>) -> (T, usize) {
    let mut fewest = usize::MAX;
    let mut run = std::pin::pin!(run);
    loop {
        tokio::select! {
            biased;
            done = &mut run => return (done, fewest),
            () = sleep(Duration::from_secs(1)) => {
                assert!(account.page(address).is_some(), "the page is away");
                fewest = fewest.min(versions(account).1);
            }
        }
    }
}

fn address(page: &str) -> String {
    page.trim_start_matches("http://").trim_end_matches('/').to_owned()
}

fn set(version: &str) -> BTreeSet<String> {
    BTreeSet::from([version.to_owned()])
}

/// Everything that was not done, in words.
fn reasons(error: RunError) -> String {
    let RunError::Failed { failures, .. } = error else { panic!("{error:?}") };
    let of = failures.iter().filter(|one| !one.is_skipped);
    of.map(|one| {
        assert!(matches!(one.error, CallError::Advised { .. }), "{:?}", one.error);
        one.error.to_string()
    })
    .collect()
}

#[test]
fn a_service_is_released_upgraded_taken_back_and_deleted() {
    simulate(async {
        let account = Account::new(3);
        let aws = service("web");
        let process = || Process::new(&account, &aws, 1);
        let first = process();
        let done = first.apply().await.unwrap_or_else(|error| panic!("{error}\n{}", first.told()));
        let page = address(&done.outputs.page.unwrap());
        let key = format!("the service of releases/{}", release("1").digest());
        assert_eq!(account.page(&page), Some(key));
        assert_eq!(versions(&account), (set("1"), 3, "1".into()));
        sleep(Duration::from_secs(10)).await;
        assert_eq!(process().plan().await.unwrap().changes, []);

        // A request is answered at every moment of the upgrade, by no fewer instances than before.
        let next = process().releasing("2");
        let (done, fewest) = watched(&account, &page, next.apply()).await;
        done.unwrap_or_else(|error| panic!("{error}\n{}", next.told()));
        assert_eq!((versions(&account), fewest), ((set("2"), 3, "2".into()), 3));
        sleep(Duration::from_secs(10)).await;
        assert_eq!(process().releasing("2").plan().await.unwrap().changes, []);

        let history = process().history().await;
        let states: Vec<_> = history.iter().map(|one| (one.version, one.state)).collect();
        assert_eq!(states, [(2, VersionState::Current), (1, VersionState::Ran)]);
        assert_eq!(history[0].release.as_deref(), Some(release("2").digest()));

        let (done, fewest) = watched(&account, &page, process().rollback(None)).await;
        done.unwrap();
        assert_eq!((versions(&account), fewest), ((set("1"), 3, "1".into()), 3));
        sleep(Duration::from_secs(10)).await;
        let plan = process().releasing("2").plan().await.unwrap();
        let changes: Vec<_> =
            plan.changes.iter().map(|one| (one.id.as_str(), one.action)).collect();
        assert_eq!(changes, [("auto-scaling-group", Action::Update)], "apply goes on from there");

        process().destroy().await.unwrap();
        assert_eq!(of_stack(&account, "web"), []);
    });
}

#[test]
fn a_release_that_never_gets_healthy_is_taken_back_within_five_minutes() {
    simulate(async {
        let account = Account::new(4);
        let aws = service("web");
        let process = || Process::new(&account, &aws, 1);
        let done = process().apply().await.unwrap();
        let page = address(&done.outputs.page.unwrap());
        let bad = release("bad").digest().to_owned();
        account.configure(|settings| {
            settings.unhealthy_releases.insert(bad);
        });
        let begun = Instant::now();
        let (done, fewest) = watched(&account, &page, process().releasing("bad").apply()).await;
        let took = begun.elapsed();
        let reasons = reasons(done.unwrap_err());
        assert!(reasons.contains("back on version 1"), "{reasons}");
        assert!(reasons.contains("the service does not answer; its last lines:"), "{reasons}");
        assert!(took < Duration::from_mins(5), "{took:?}");
        assert_eq!((versions(&account), fewest), ((set("1"), 3, "1".into()), 3));
        println!("a release that never gets healthy: told and taken back in {} s", took.as_secs());
        let states: Vec<_> = process().history().await.iter().map(|one| one.state).collect();
        assert_eq!(states, [VersionState::GivenUp, VersionState::Current]);

        let mended = process().releasing("3");
        mended.apply().await.unwrap_or_else(|error| panic!("{error}\n{}", mended.told()));
        assert_eq!(versions(&account), (set("3"), 3, "3".into()));
        process().destroy().await.unwrap();
    });
}

#[test]
fn a_first_release_that_is_bad_says_why_and_the_next_one_takes_its_place() {
    simulate(async {
        let account = Account::new(5);
        let aws = service("web");
        let bad = release("1").digest().to_owned();
        account.configure(|settings| {
            settings.unhealthy_releases.insert(bad);
        });
        let reasons = reasons(Process::new(&account, &aws, 1).apply().await.unwrap_err());
        assert!(reasons.contains("the service never gets healthy: i-"), "{reasons}");
        let begun = Instant::now();
        let next = Process::new(&account, &aws, 2).releasing("2");
        next.apply().await.unwrap_or_else(|error| panic!("{error}\n{}", next.told()));
        assert_eq!(versions(&account), (set("2"), 3, "2".into()));
        assert!(begun.elapsed() < Duration::from_mins(5), "{:?}", begun.elapsed());
    });
}

#[test]
fn instances_that_cannot_start_are_told_of_with_their_reason() {
    simulate(async {
        let account = Account::new(6);
        let aws = service("web");
        account.configure(|settings| {
            settings.zones.iter_mut().for_each(|zone| zone.has_capacity = false);
        });
        let reasons = reasons(Process::new(&account, &aws, 1).apply().await.unwrap_err());
        assert!(reasons.contains("do not have sufficient t3.micro capacity"), "{reasons}");
    });
}

#[test]
fn old_releases_go_with_their_versions() {
    simulate(async {
        let account = Account::new(7);
        let aws = service("web");
        for number in 1..=13 {
            let process = Process::new(&account, &aws, number).releasing(&number.to_string());
            process.apply().await.unwrap_or_else(|error| panic!("{error}\n{}", process.told()));
        }
        let versions = Process::new(&account, &aws, 1).history().await;
        assert_eq!(
            versions.iter().map(|one| one.version).collect::<Vec<_>>(),
            (4..=13).rev().collect::<Vec<_>>()
        );
        let state = account.state().to_string();
        assert!(!state.contains(&format!("releases/{}\",", release("2").digest())));
    });
}

#[test]
fn a_page_becomes_a_service_and_a_page_again() {
    simulate(async {
        let account = Account::new(8);
        let (page, released) = (crate::support::aws("web"), service("web"));
        Process::new(&account, &page, 1).apply().await.unwrap();
        for aws in [&released, &page] {
            let process = Process::new(&account, aws, 2);
            process.apply().await.unwrap_or_else(|error| panic!("{error}\n{}", process.told()));
            sleep(Duration::from_secs(10)).await;
            assert_eq!(Process::new(&account, aws, 3).plan().await.unwrap().changes, []);
        }
        assert_eq!(versions(&account), (set("3"), 3, "$Latest".into()));
        Process::new(&account, &page, 4).destroy().await.unwrap();
        assert_eq!(of_stack(&account, "web"), []);
    });
}

#[test]
fn what_is_asked_of_an_instance_that_is_not_there_is_told() {
    simulate(async {
        let process = Process::new(&Account::new(3), &service("web"), 1);
        let error = process.logs("i-0123456789abcdef0").await.unwrap_err();
        assert!(matches!(error, RunError::Findings(_)), "{error:?}");
        let told = process.told();
        assert!(told.contains("i-0123456789abcdef0"), "{told}");
    });
}
