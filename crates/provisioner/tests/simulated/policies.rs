//! What the commands really call, in a simulated account, is what their policies allow.

use std::collections::BTreeSet;

use crate::restored::{SNAPSHOT, leave_a_snapshot, restored};
use crate::support::{Process, aws, release, service, simulate};
use skyward_aws::Operation;
use skyward_aws::simulated::Account;
use skyward_config::{Aws, DatabaseStorage};
use skyward_provisioner::policy::Command;

/// The operations that were called since they were counted last.
struct Calls<'a> {
    account: &'a Account,
    before: Vec<u64>,
}

impl<'a> Calls<'a> {
    fn new(account: &'a Account) -> Self {
        Self { account, before: vec![0; Operation::ALL.len()] }
    }

    fn since(&mut self) -> BTreeSet<Operation> {
        let now: Vec<u64> =
            Operation::ALL.iter().map(|operation| self.account.calls_of(*operation)).collect();
        let before = std::mem::replace(&mut self.before, now.clone());
        let called = Operation::ALL
            .iter()
            .zip(now.iter().zip(before))
            .filter(|(_, (now, before))| **now > *before);
        called.map(|(operation, _)| *operation).collect()
    }
}

#[track_caller]
fn check(aws: &Aws, command: Command, called: &BTreeSet<Operation>, least: usize) {
    println!("{command:?}: {} operations", called.len());
    assert!(called.len() >= least, "{command:?}: {called:?}");
    let refused: Vec<_> =
        called.iter().filter(|operation| !command.calls(aws, **operation)).collect();
    assert!(refused.is_empty(), "{command:?} is not allowed {refused:?}");
}

#[test]
fn each_command_calls_what_its_role_allows() {
    simulate(async {
        let account = Account::new(7);
        let mut calls = Calls::new(&account);
        let with_all = Aws {
            logs: true,
            certificate: Some("arn:aws:acm:eu-central-1:123456789012:certificate/0a1b2c3d".into()),
            ..aws("web")
        };
        Process::new(&account, &with_all, 1).plan().await.expect("a plan");
        check(&with_all, Command::Plan, &calls.since(), 20);
        Process::new(&account, &with_all, 2).apply().await.expect("applied");
        check(&with_all, Command::Apply, &calls.since(), 60);
        // Another of most things: what is changed, made anew and deleted.
        let other = Aws {
            single_nat_gateway: true,
            instance_type: "t3.small".into(),
            instances: 2,
            max_instances: 2,
            database_storage: DatabaseStorage::Io1,
            backup_days: 14,
            deletion_protection: false,
            tags: [("team".to_owned(), "web".to_owned())].into(),
            ..with_all.clone()
        };
        let mut process = Process::new(&account, &other, 3);
        process.may_replace = true;
        process.apply().await.expect("changed");
        check(&with_all, Command::Apply, &calls.since(), 30);
        Process::new(&account, &other, 4).drift().await.expect("no drift");
        check(&with_all, Command::Plan, &calls.since(), 20);
        // Protected again, so that destroying lifts it.
        Process::new(&account, &with_all, 5).apply().await.expect("changed back");
        calls.since();
        Process::new(&account, &with_all, 6).destroy().await.expect("destroyed");
        check(&with_all, Command::Destroy, &calls.since(), 40);
    });
}

#[test]
fn each_command_about_a_service_calls_what_its_role_allows() {
    simulate(async {
        let account = Account::new(8);
        let mut calls = Calls::new(&account);
        let aws = service("web");
        Process::new(&account, &aws, 1).plan().await.expect("a plan");
        check(&aws, Command::Plan, &calls.since(), 20);
        let bad = release("bad").digest().to_owned();
        account.configure(|settings| {
            settings.unhealthy_releases.insert(bad);
        });
        Process::new(&account, &aws, 2).apply().await.expect("applied");
        for number in 1..=12 {
            let process = Process::new(&account, &aws, 2).releasing(&format!("release {number}"));
            process.apply().await.expect("released");
        }
        Process::new(&account, &aws, 3).releasing("bad").apply().await.expect_err("given up");
        Process::new(&account, &aws, 3).rollback(None).await.expect("taken back");
        check(&aws, Command::Apply, &calls.since(), 60);
        Process::new(&account, &aws, 4).history().await;
        check(&aws, Command::Plan, &calls.since(), 4);
        let everything = Process { removes_leftovers: true, ..Process::new(&account, &aws, 5) };
        everything.destroy().await.expect("destroyed");
        check(&aws, Command::Destroy, &calls.since(), 40);
    });
}

#[test]
fn a_restore_calls_what_its_role_allows() {
    simulate(async {
        let account = Account::new(9);
        leave_a_snapshot(&account, &service("web")).await;
        let mut calls = Calls::new(&account);
        calls.since();
        let aws = restored(service("web"), SNAPSHOT);
        Process::new(&account, &aws, 1).plan().await.expect("a plan");
        check(&aws, Command::Plan, &calls.since(), 20);
        Process::new(&account, &aws, 2).apply().await.expect("restored");
        check(&aws, Command::Apply, &calls.since(), 60);
    });
}
