//! What others do to a stack by hand, and what instances do that cannot serve.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;
use skyward_aws::model::Tags;
use skyward_aws::simulated::{Account, Faults};
use skyward_aws::{CreateTags, DescribeVpcs, Operation, PutRolePolicy, Select};
use skyward_config::Aws;
use skyward_provisioner::run::RunError;

use crate::support::{Process, aws, of_stack, simulate};

fn tagged(tags: &[(&str, &str)]) -> Aws {
    let tags = tags.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Aws { tags: tags.collect(), logs: true, ..aws("web") }
}

async fn apply(account: &Account, aws: &Aws) {
    let process = Process::new(account, aws, 1);
    process.apply().await.unwrap_or_else(|error| panic!("{error}\n{}", process.told()));
    tokio::time::sleep(Duration::from_secs(10)).await;
}

/// The names of all tags of the stack's resources.
fn names(account: &Account) -> Vec<String> {
    let all = of_stack(account, "web").into_iter().flat_map(|item| item.tags.into_keys());
    let mut names: Vec<String> = all.collect();
    names.sort();
    names.dedup();
    names
}

#[test]
fn a_tag_that_is_taken_out_of_the_configuration_goes_and_others_stay() {
    simulate(async {
        let account = Account::new(4);
        apply(&account, &tagged(&[("team", "web"), ("cost center", "7")])).await;
        assert!(names(&account).contains(&"cost center".to_owned()));
        let vpcs = DescribeVpcs { select: Select::Stack("web".into()), page: None };
        let vpc = account.directly(vpcs).unwrap().items[0].id.clone();
        let theirs = Tags::from([("theirs".to_owned(), "1".to_owned())]);
        account.directly(CreateTags { resources: vec![vpc], tags: theirs }).unwrap();
        apply(&account, &tagged(&[("team", "web")])).await;
        let ours = ["Name", "skyward:resource", "skyward:stack", "skyward:tags", "team"];
        assert_eq!(names(&account), [&ours[..], &["theirs"]].concat());
        // The last one goes with what says so.
        let plan = Process::new(&account, &tagged(&[]), 2).plan().await.unwrap();
        let change = plan.changes.iter().find(|change| change.id.as_str() == "vpc").unwrap();
        let fields: Vec<&str> = change.differences.iter().map(|one| one.field.as_str()).collect();
        assert_eq!(fields, ["tags.skyward:tags", "tags.team"]);
        apply(&account, &tagged(&[])).await;
        assert_eq!(names(&account), ["Name", "skyward:resource", "skyward:stack", "theirs"]);
        assert!(Process::new(&account, &tagged(&[]), 3).plan().await.unwrap().is_empty());
    });
}

#[test]
fn a_policy_put_into_the_role_by_hand_is_drift_and_goes_with_it() {
    simulate(async {
        let (account, aws) = (Account::new(5), aws("web"));
        apply(&account, &aws).await;
        // Until everyone sees it.
        let put = async || {
            let (role, policy) = ("web-eu-central-1-instance".to_owned(), "by-hand".to_owned());
            account.directly(PutRolePolicy { role, policy, document: json!({}) }).unwrap();
            tokio::time::sleep(Duration::from_secs(10)).await;
        };
        put().await;
        let drift = Process::new(&account, &aws, 2).drift().await.unwrap();
        let ids: Vec<&str> = drift.changes.iter().map(|change| change.id.as_str()).collect();
        assert_eq!(ids, ["role"]);
        let differences = &drift.changes[0].differences;
        assert_eq!(differences.len(), 1, "{differences:?}");
        assert_eq!(differences[0].observed, json!(["by-hand"]));
        apply(&account, &aws).await;
        assert!(Process::new(&account, &aws, 3).drift().await.unwrap().is_empty());
        put().await;
        let begun = tokio::time::Instant::now();
        Process::new(&account, &aws, 4).destroy().await.unwrap();
        assert_eq!(of_stack(&account, "web"), []);
        assert!(begun.elapsed() < Duration::from_mins(20), "{:?}", begun.elapsed());
    });
}

/// Runs an apply that fails, of the group of instances alone: the reason and the next step.
async fn fails(process: &Process) -> String {
    let ended = process.apply().await.unwrap_err();
    let RunError::Failed { failures, next } = &ended else { panic!("{ended:?}") };
    let failed = failures.iter().find(|failure| failure.id.as_str() == "auto-scaling-group");
    format!("{}; {next}", failed.unwrap_or_else(|| panic!("{ended:?}")).error)
}

#[test]
fn instances_that_never_answer_end_the_run_with_the_reason() {
    simulate(async {
        let account = Account::new(6);
        let mut process = Process::new(&account, &aws("web"), 1);
        process.workload = "#!/bin/sh\ndocker run -p 8080:8000 shop\n".into();
        let said = fails(&process).await;
        for words in ["3 instances were replaced", "health_path on port 80;", "user_data"] {
            assert!(said.contains(words), "{said}");
        }
    });
}

/// A new account has no roles of the services: they are made, and waited for.
#[test]
fn a_new_account_gets_the_roles_of_the_services() {
    simulate(async {
        let account = Account::new(8);
        account.configure(|settings| {
            settings.lacks_linked_roles = ["rds", "autoscaling"].map(str::to_owned).into();
        });
        let mut denied = Process::new(&account, &aws("web"), 1);
        let may_not = Operation::CreateServiceLinkedRole;
        let faults = Faults { denied: BTreeSet::from([may_not]), ..Faults::default() };
        denied.client = account.client().with_faults(faults);
        let RunError::Failed { failures, .. } = denied.apply().await.unwrap_err() else {
            panic!("{}", denied.told())
        };
        let failed = failures.iter().filter(|failure| !failure.is_skipped);
        let said: Vec<String> =
            failed.map(|one| format!("{}; {}", one.error, one.error.next_step())).collect();
        assert_eq!(said.len(), 2, "{said:?}");
        assert!(
            said.iter().all(|said| said.contains("allow iam:CreateServiceLinkedRole")),
            "{said:?}"
        );
        apply(&account, &aws("web")).await;
        assert_eq!(account.calls_of(may_not), 4, "twice refused, twice made");
        assert!(Process::new(&account, &aws("web"), 2).plan().await.unwrap().is_empty());
    });
}

#[test]
fn instances_that_cannot_be_launched_end_the_run_with_the_reason() {
    simulate(async {
        let account = Account::new(7);
        let process = Process::new(&account, &aws("web"), 1);
        // Others take what was left at the first look.
        let (said, ()) = tokio::join!(fails(&process), async {
            tokio::time::sleep(Duration::from_secs(20)).await;
            account.configure(|settings| {
                settings.quotas.insert("vCPUs of running On-Demand Standard instances".into(), 5);
            });
        });
        for words in
            ["2 of 3 instances are launched", "your current vCPU limit of 5", "raise the quota"]
        {
            assert!(said.contains(words), "{said}");
        }
    });
}
