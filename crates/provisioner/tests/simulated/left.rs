//! What a stack leaves when it goes: named with its price, and removed where that is asked for.

use std::time::Duration;

use serde_json::Value;
use skyward_aws::simulated::{Account, Faults};
use skyward_aws::{DescribeSubnets, Select};
use skyward_config::{Aws, DatabaseEngine};
use skyward_provisioner::event::Event;
use skyward_provisioner::run::RunError;
use tokio::time::{Instant, sleep};

use crate::support::{Process, aws, of_stack, service, simulate};

async fn apply(account: &Account, aws: &Aws) {
    let process = Process::new(account, aws, 1);
    process.apply().await.unwrap_or_else(|error| panic!("{error}\n{}", process.told()));
}

/// Destroys the stack: what was told.
async fn destroy(process: Process) -> String {
    process.destroy().await.unwrap_or_else(|error| panic!("{error}\n{}", process.told()));
    process.told()
}

/// Everything that the account holds, in its raw state, once what AWS shows for a while after its end is forgotten.
async fn holds(account: &Account) -> Vec<String> {
    sleep(Duration::from_hours(2)).await;
    let state = account.state();
    assert_eq!(state["events"], Value::Array(Vec::new()), "nothing is to come");
    let kinds = state["resources"].as_object().expect("kinds");
    assert!(kinds.len() > 20, "{}", kinds.len());
    let records = kinds.iter().filter_map(|(kind, all)| Some((kind, all.as_object()?)));
    records.flat_map(|(kind, all)| all.keys().map(move |id| format!("{kind} {id}"))).collect()
}

#[test]
fn a_database_leaves_its_snapshot_and_its_logs_and_they_are_told_with_their_price() {
    simulate(async {
        let (account, aws) = (Account::new(3), aws("web"));
        apply(&account, &aws).await;
        let last = Process { has_final_snapshot: true, ..Process::new(&account, &aws, 2) };
        let said = destroy(last).await;
        for words in [
            "left: snapshot web-database-19700101-000000 of 100 GiB: at most 9.50 USD a month",
            "left: log group /aws/rds/cluster/web-database/error, which never expires: less than 0.01 USD a month",
            "log group /aws/rds/cluster/web-database/slowquery",
            "Nothing but what is listed above is left, for at most 9.50 USD a month",
            "`destroy --everything` deletes that too",
        ] {
            assert!(said.contains(words), "{words}: {said}");
        }
        assert_eq!(of_stack(&account, "web"), []);
        let left = holds(&account).await;
        assert_eq!(
            left,
            [
                "db-cluster-snapshot web-database-19700101-000000",
                "log-group /aws/rds/cluster/web-database/error",
                "log-group /aws/rds/cluster/web-database/slowquery",
            ]
        );

        // They are asked for although no resource is left, and told of before.
        let all = || Process { removes_leftovers: true, ..Process::new(&account, &aws, 3) };
        let process = all();
        let declined = process
            .with(async |context| skyward_provisioner::run::destroy(context, &|_| false).await);
        assert_eq!(declined.await.unwrap_err(), RunError::Declined);
        assert_eq!(holds(&account).await, left);
        let said = destroy(all()).await;
        assert!(said.contains("Nothing is left: no resource carries the tag"), "{said}");
        assert_eq!(holds(&account).await, [] as [String; 0]);
    });
}

#[test]
fn nothing_of_a_stack_is_in_the_raw_state_after_everything_was_deleted() {
    for (seed, run) in (0..4).zip([aws, service].into_iter().cycle()) {
        simulate(async {
            let account = Account::new(seed);
            let engine = [DatabaseEngine::Mysql, DatabaseEngine::Postgres][usize::from(seed > 1)];
            let aws = Aws { database_engine: engine, logs: seed > 1, ..run("web") };
            apply(&account, &aws).await;
            let all = Process { removes_leftovers: true, ..Process::new(&account, &aws, seed) };
            let said = destroy(all).await;
            assert!(said.contains("Nothing is left: no resource carries the tag"), "{said}");
            assert_eq!(holds(&account).await, [] as [String; 0], "seed {seed}");
        });
    }
}

/// A subnet that something of others is in waits for that, and says for what; an interface that nothing uses goes where that is asked for.
#[test]
fn what_holds_the_network_is_told_and_interfaces_that_nothing_uses_go() {
    simulate(async {
        let (account, aws) = (Account::new(4), aws("web"));
        apply(&account, &aws).await;
        let call = DescribeSubnets { select: Select::Stack("web".into()), page: None };
        let subnet = account.directly(call).unwrap().items.remove(0).id;
        let left = account.strand_interface(&subnet, "AWS Lambda VPC ENI-shop").unwrap();
        let waits = Process::new(&account, &aws, 2);
        let interrupt = waits.interrupt.clone();
        let (ended, ()) = tokio::join!(waits.destroy(), async {
            sleep(Duration::from_mins(20)).await;
            interrupt.raise();
        });
        assert_eq!(ended.unwrap_err(), RunError::Interrupted);
        let said: Vec<String> = waits.events.borrow().iter().filter_map(progress).collect();
        let expected =
            format!("in use: network interface {left} (available, AWS Lambda VPC ENI-shop)");
        assert!(said.contains(&expected), "{said:?}");

        let begun = Instant::now();
        let all = Process { removes_leftovers: true, ..Process::new(&account, &aws, 3) };
        destroy(all).await;
        assert!(begun.elapsed() < Duration::from_mins(3), "{:?}", begun.elapsed());
        assert_eq!(holds(&account).await, [] as [String; 0]);
    });
}

fn progress(event: &Event) -> Option<String> {
    match event {
        Event::Progress(progress) => Some(progress.state.clone()),
        _ => None,
    }
}

/// Credentials that expire in the middle are told of once, and the next run continues.
#[test]
fn credentials_that_expire_in_the_middle_end_the_run_once() {
    simulate(async {
        for from in [60, 90, 150] {
            let (account, aws) = (Account::new(from), aws("web"));
            let mut process = Process::new(&account, &aws, 1);
            let faults = Faults { expired_from: Some(from), ..Faults::default() };
            process.client = account.client().with_faults(faults);
            let RunError::Failed { next, .. } = process.apply().await.unwrap_err() else {
                panic!("{}", process.told())
            };
            assert!(next.contains("renew the credentials"), "{next}");
            assert!(next.contains("it continues from there"), "{next}");
            let failed = |event: &&Event| matches!(event, Event::Failed(_));
            assert_eq!(process.events.borrow().iter().filter(failed).count(), 1, "{from}");
            apply(&account, &aws).await;
        }
    });
}
