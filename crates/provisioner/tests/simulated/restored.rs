//! A database that is made from a snapshot: one that an end has left, and those from which none can be made.

use std::time::Duration;

use serde_json::{Value, json};
use skyward_aws::simulated::Account;
use skyward_aws::{DescribeDBClusters, model};
use skyward_config::{Aws, DatabaseEngine};
use skyward_provisioner::event::Event;
use skyward_provisioner::plan::Action;
use skyward_provisioner::run::RunError;
use tokio::time::sleep;

use crate::support::{Process, aws, of_stack, service, simulate};

/// The name of the snapshot that a simulated end leaves.
pub(crate) const SNAPSHOT: &str = "web-database-19700101-000000";

/// The same stack, whose database is made from this snapshot.
pub(crate) fn restored(aws: Aws, snapshot: &str) -> Aws {
    Aws { restore_from: Some(snapshot.to_owned()), ..aws }
}

/// Makes the stack and deletes it, with a snapshot.
pub(crate) async fn leave_a_snapshot(account: &Account, aws: &Aws) {
    Process::new(account, aws, 1).apply().await.expect("applied");
    let last = Process { has_final_snapshot: true, ..Process::new(account, aws, 2) };
    last.destroy().await.expect("destroyed");
}

fn database(account: &Account) -> model::DbCluster {
    let call = DescribeDBClusters { name: "web-database".into() };
    account.directly(call).expect("there is one").remove(0)
}

/// What is found wrong by this run, with the next steps; nothing is made or changed.
async fn refused(account: &Account, aws: &Aws) -> String {
    let before = of_stack(account, "web");
    let process = Process::new(account, aws, 3);
    let ended = process.apply().await;
    assert!(matches!(ended, Err(RunError::Findings(_))), "{ended:?}");
    assert_eq!(of_stack(account, "web"), before, "nothing was changed");
    let events = process.events.borrow();
    let findings = events.iter().filter_map(|event| match event {
        Event::Finding(finding) => {
            Some(format!("{} | {}", finding.text, finding.next.as_deref().unwrap_or_default()))
        }
        _ => None,
    });
    let findings: Vec<String> = findings.collect();
    assert_eq!(findings.len(), 1, "one clear error: {findings:?}");
    findings.concat()
}

#[test]
fn a_database_comes_back_from_the_snapshot_that_its_end_has_left() {
    for of in [aws, service] {
        simulate(async {
            let account = Account::new(3);
            // What is set otherwise than the snapshot has it is set once the database is there.
            let first = Aws { database_engine: DatabaseEngine::Postgres, ..of("web") };
            leave_a_snapshot(&account, &first).await;
            let larger = Aws { database_storage_gib: 200, backup_days: 14, ..first };
            let again = restored(larger.clone(), SNAPSHOT);
            let process = Process::new(&account, &again, 3);
            process.apply().await.unwrap_or_else(|error| panic!("{error}\n{}", process.told()));
            let found = database(&account);
            assert!(found.secret.is_some() && found.encrypted, "{found:?}");
            assert_eq!((found.storage_gib, found.backup_retention_days), (Some(200), 14));
            assert_eq!(found.user.as_deref(), Some("skyward"));
            assert_eq!(found.tags["skyward:restored-from"], SNAPSHOT);
            sleep(Duration::from_secs(10)).await;

            // With the key and without it, it is as it should be; the snapshot may go meanwhile.
            let all = || Process::new(&account, &again, 4);
            assert_eq!(all().plan().await.expect("a plan").changes, []);
            let without = Process::new(&account, &larger, 4);
            assert_eq!(without.plan().await.expect("a plan").changes, []);

            let other = restored(larger.clone(), "web-database-20200101-000000");
            let said = refused(&account, &other).await;
            assert!(said.contains("the database web-database is there"), "{said}");
            assert!(said.contains("leave restore_from out; or use another"), "{said}");
            let drift = Process::new(&account, &other, 5).drift().await.expect("a look");
            let change = &drift.changes[0];
            assert_eq!((change.id.as_str(), change.action), ("db-cluster", Action::Update));
            assert!(!change.is_guarded, "it is never replaced for that");
        });
    }
}

#[test]
fn a_database_that_was_never_restored_is_not_replaced_by_a_snapshot() {
    simulate(async {
        let account = Account::new(4);
        leave_a_snapshot(&account, &aws("web")).await;
        Process::new(&account, &aws("web"), 3).apply().await.expect("a new one");
        let said = refused(&account, &restored(aws("web"), SNAPSHOT)).await;
        assert!(said.contains("was not made from web-database-19700101-000000"), "{said}");
        let process = Process {
            may_replace: true,
            ..Process::new(&account, &restored(aws("web"), SNAPSHOT), 4)
        };
        assert!(matches!(process.apply().await, Err(RunError::Findings(_))), "not with --replace");
    });
}

#[test]
fn a_password_that_is_not_managed_any_more_is_managed_again() {
    simulate(async {
        let account = Account::new(5);
        Process::new(&account, &aws("web"), 1).apply().await.expect("applied");
        let account = edited(&account, "db-cluster", "web-database", &|record| {
            record["cluster"]["secret"] = Value::Null;
        });
        let plan = Process::new(&account, &aws("web"), 2).plan().await.expect("a plan");
        assert_eq!((plan.changes.len(), plan.changes[0].action), (1, Action::Update));
        Process::new(&account, &aws("web"), 3).apply().await.expect("applied");
        assert!(database(&account).secret.is_some());
    });
}

/// The account with a record that is otherwise.
fn edited(account: &Account, kind: &str, id: &str, edit: &dyn Fn(&mut Value)) -> Account {
    let mut state = account.state();
    let record = &mut state["resources"][kind][id];
    assert!(record.is_object(), "{kind} {id}: {record}");
    edit(record);
    Account::restore(state).expect("an account")
}

#[test]
fn snapshots_from_which_no_database_can_be_made_are_refused_before_anything_is_made() {
    let (none, account) = simulate(async {
        let none = Account::new(6).state();
        let account = Account::new(6);
        leave_a_snapshot(&account, &aws("web")).await;
        (none, account.state())
    });
    let with = |field: &str, value: Value| {
        simulate(async {
            let account = Account::restore(account.clone()).expect("an account");
            let account = edited(&account, "db-cluster-snapshot", SNAPSHOT, &|record| {
                record["shown"][field] = value.clone();
            });
            refused(&account, &restored(aws("web"), SNAPSHOT)).await
        })
    };
    let foreign = "arn:aws:kms:eu-central-1:999999999999:key/1";
    for (field, value, problem, next) in [
        ("status", json!("creating"), "is creating", "wait until it is available"),
        (
            "engine",
            json!("postgres"),
            "is one of postgres, and the database is mysql",
            "change [aws] database_engine",
        ),
        ("engine", json!("aurora-mysql"), "is one of aurora-mysql", "name another snapshot"),
        ("encrypted", json!(false), "is not encrypted", "a database that is encrypted"),
        ("key", json!(foreign), "is another account's", "aws rds copy-db-cluster-snapshot"),
        (
            "storage_gib",
            json!(200),
            "has 200 GiB, which cannot become 100",
            "database_storage_gib to 200 or more",
        ),
    ] {
        let said = with(field, value);
        assert!(said.contains(problem) && said.contains(next), "{field}: {said}");
    }
    let missing = |state: &Value| {
        simulate(async {
            let account = Account::restore(state.clone()).expect("an account");
            refused(&account, &restored(aws("web"), "no-such-one")).await
        })
    };
    let said = missing(&account);
    assert!(said.contains("eu-central-1 has no snapshot no-such-one"), "{said}");
    assert!(said.contains("name one that is there: web-database-19700101-000000"), "{said}");
    assert!(missing(&none).contains("leave restore_from out"), "{}", missing(&none));
}
