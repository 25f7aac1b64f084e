use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::stack::{Stack, USER_DATA, anyone, data, rule};
use super::{client, code, simulate, tags};
use skyward_aws::model::*;
use skyward_aws::simulated::Account;
use skyward_aws::*;

async fn minutes(minutes: u64) {
    sleep(Duration::from_mins(minutes)).await;
}

/// A stack whose gateways are ready, with an auto scaling group that starts now.
async fn started(user_data: Option<&str>) -> Stack {
    let stack = Stack::new(&Account::new(3));
    minutes(4).await;
    if let Some(user_data) = user_data {
        let call = CreateLaunchTemplateVersion {
            template: stack.template.clone(),
            data: data(&stack.groups[1], user_data),
            client_token: "other".into(),
        };
        stack.account.directly(call).unwrap();
    }
    stack.account.directly(CreateAutoScalingGroup { group: stack.scaling() }).unwrap();
    stack
}

/// The ids of instances after this many minutes.
async fn ids_after(stack: &Stack, wait: u64) -> BTreeSet<String> {
    minutes(wait).await;
    stack.instances().into_iter().map(|instance| instance.id).collect()
}

fn set<const N: usize>(states: [&str; N]) -> BTreeSet<String> {
    states.map(ToOwned::to_owned).into()
}

#[test]
fn instances_get_healthy_and_the_page_answers() {
    simulate(async {
        let stack = started(None).await;
        assert_eq!(stack.page(), None);
        sleep(Duration::from_secs(45)).await;
        assert_eq!(stack.health(), set(["initial"]));
        minutes(3).await;
        assert_eq!(stack.health(), set(["healthy"]));
        assert_eq!(stack.page().as_deref(), Some("<h1>It works!</h1>"));
        let instances = stack.instances();
        let zones: BTreeSet<&String> = instances.iter().map(|instance| &instance.zone).collect();
        assert_eq!((instances.len(), zones.len()), (3, 3));
        assert!(instances.iter().all(|instance| instance.lifecycle == "InService"));
        let before: BTreeSet<String> = instances.into_iter().map(|instance| instance.id).collect();
        assert_eq!(ids_after(&stack, 60).await, before, "nobody is replaced");
    });
}

#[test]
fn instances_without_their_page_are_replaced_for_ever() {
    simulate(async {
        let stack = started(Some("dnf install -y httpd\nsystemctl start httpd\n")).await;
        minutes(3).await;
        let targets = DescribeTargetHealth { target_group: stack.targets.clone() };
        let targets = stack.account.directly(targets).unwrap();
        let reason = targets.iter().find_map(|target| target.reason.clone());
        assert_eq!(reason.as_deref(), Some("Target.ResponseCodeMismatch"), "403 is not 200");
        let first = ids_after(&stack, 0).await;
        let second = ids_after(&stack, 15).await;
        let third = ids_after(&stack, 15).await;
        assert!(first.is_disjoint(&second) && second.is_disjoint(&third));
        assert_eq!(stack.page(), None);
    });
}

#[test]
fn instances_that_boot_without_a_way_out_never_get_healthy() {
    simulate(async {
        let stack = Stack::new(&Account::new(4));
        minutes(4).await;
        let route =
            DeleteRoute { table: stack.internal_table.clone(), destination: "0.0.0.0/0".into() };
        stack.account.directly(route).unwrap();
        stack.account.directly(CreateAutoScalingGroup { group: stack.scaling() }).unwrap();
        minutes(3).await;
        let first = ids_after(&stack, 0).await;
        let route = CreateRoute {
            table: stack.internal_table.clone(),
            destination: "0.0.0.0/0".into(),
            target: RouteTarget::NatGateway(stack.nat.clone()),
        };
        stack.account.directly(route).unwrap();
        sleep(Duration::from_secs(15)).await;
        assert_eq!(stack.page(), None, "it was too late for those");
        let second = ids_after(&stack, 15).await;
        assert!(first.is_disjoint(&second));
        assert_eq!(stack.health(), set(["healthy"]), "those after them have one");
    });
}

#[test]
fn a_closed_security_group_makes_targets_unhealthy() {
    simulate(async {
        let stack = started(None).await;
        minutes(4).await;
        assert!(stack.page().is_some());
        let rules = BTreeSet::from([rule(80, Peer::Group(stack.groups[0].clone()))]);
        let group = stack.groups[1].clone();
        stack.account.directly(RevokeSecurityGroupIngress { group, rules }).unwrap();
        assert_eq!(stack.health(), set(["healthy"]), "until the third check");
        sleep(Duration::from_secs(31)).await;
        assert_eq!(stack.health(), set(["unhealthy"]));
        assert_eq!(stack.page(), None);
    });
}

#[test]
fn targets_are_asked_only_behind_a_listener() {
    simulate(async {
        let stack = started(None).await;
        stack.account.directly(DeleteListener { listener: stack.listener.clone() }).unwrap();
        minutes(6).await;
        assert_eq!(stack.health(), set(["unused"]));
        assert_eq!(stack.page(), None);
        assert_eq!(stack.instances().len(), 3, "and nobody is replaced for it");
    });
}

#[test]
fn a_load_balancer_closed_to_everyone_has_no_page() {
    simulate(async {
        let stack = started(None).await;
        minutes(4).await;
        let rules = BTreeSet::from([rule(80, anyone())]);
        let group = stack.groups[0].clone();
        stack.account.directly(RevokeSecurityGroupIngress { group, rules }).unwrap();
        assert_eq!(stack.page(), None);
        assert_eq!(stack.health(), set(["healthy"]));
    });
}

#[test]
fn a_refresh_replaces_one_instance_after_the_other_by_those_of_the_new_version() {
    simulate(async {
        let stack = started(None).await;
        minutes(4).await;
        let version = CreateLaunchTemplateVersion {
            template: stack.template.clone(),
            data: data(&stack.groups[1], &USER_DATA.replace("works", "works again")),
            client_token: "next".into(),
        };
        assert_eq!(stack.account.directly(version.clone()), Ok(2));
        assert_eq!(stack.account.directly(version), Ok(2), "the same token");
        let refresh =
            || StartInstanceRefresh { name: "s-cms".into(), order: RefreshOrder::default() };
        stack.account.directly(refresh()).unwrap();
        let error = stack.account.directly(refresh()).unwrap_err();
        assert_eq!(error.code, "InstanceRefreshInProgress");
        let look = || DescribeInstanceRefreshes { name: "s-cms".into() };
        let mut fewest = 3;
        let status = loop {
            sleep(Duration::from_secs(10)).await;
            let healthy = DescribeTargetHealth { target_group: stack.targets.clone() };
            let healthy = stack.account.directly(healthy).unwrap();
            fewest = healthy.iter().filter(|target| target.state == "healthy").count().min(fewest);
            let refresh = stack.account.directly(look()).unwrap().remove(0);
            if refresh.status != "InProgress" && refresh.status != "Pending" {
                break refresh.status;
            }
        };
        assert_eq!((status.as_str(), fewest), ("Successful", 2));
        let versions: BTreeSet<_> = stack.instances().into_iter().map(|it| it.version).collect();
        assert_eq!(versions, BTreeSet::from([Some("2".to_owned())]));
        assert_eq!(stack.page().as_deref(), Some("<h1>It works again!</h1>"));
    });
}

#[test]
fn a_broken_instance_is_replaced() {
    simulate(async {
        let stack = started(None).await;
        let before = ids_after(&stack, 4).await;
        assert!(stack.account.break_instance(before.first().unwrap()));
        let after = ids_after(&stack, 10).await;
        assert_eq!((after.len(), after.intersection(&before).count()), (3, 2));
    });
}

#[test]
fn a_group_is_deleted_by_force_and_takes_its_time() {
    simulate(async {
        let stack = started(None).await;
        minutes(4).await;
        let client = client(&stack.account);
        let delete = |force| DeleteAutoScalingGroup { name: "s-cms".into(), force };
        assert_eq!(code(&client, delete(false)).await, "ResourceInUse");
        send(&client, delete(true)).await.unwrap();
        assert_eq!(
            code(&client, CreateAutoScalingGroup { group: stack.scaling() }).await,
            "AlreadyExists"
        );
        let subnet = DeleteSubnet { subnet: stack.internal[0].clone() };
        assert_eq!(code(&client, subnet.clone()).await, "DependencyViolation");
        let begin = Instant::now();
        while !send(&client, DescribeAutoScalingGroups { name: "s-cms".into() })
            .await
            .unwrap()
            .is_empty()
        {
            sleep(Duration::from_secs(1)).await;
        }
        // The deregistration delay of 300 s, and the end of the instances.
        let lasted = begin.elapsed().as_secs();
        assert!((318..=372).contains(&lasted), "{lasted}");
        send(&client, subnet).await.unwrap();
        assert!(stack.account.inventory().iter().all(|item| item.kind != "instance"));
    });
}

#[test]
fn a_zone_without_room_gets_no_instances() {
    simulate(async {
        let stack = Stack::new(&Account::new(5));
        stack.account.configure(|settings| settings.zones[1].has_capacity = false);
        minutes(4).await;
        stack.account.directly(CreateAutoScalingGroup { group: stack.scaling() }).unwrap();
        minutes(1).await;
        let zones: Vec<String> =
            stack.instances().into_iter().map(|instance| instance.zone).collect();
        assert_eq!(zones.len(), 3);
        assert!(!zones.contains(&"eu-central-1b".to_owned()), "{zones:?}");
    });
}

#[test]
fn a_young_instance_profile_is_refused_for_some_seconds() {
    simulate(async {
        let stack = Stack::new(&Account::new(6));
        let client = client(&stack.account);
        let trust = serde_json::json!({});
        send(&client, CreateRole { name: "r".into(), trust, tags: tags("s") }).await.unwrap();
        send(&client, CreateInstanceProfile { name: "p".into(), tags: tags("s") }).await.unwrap();
        let add = AddRoleToInstanceProfile { profile: "p".into(), role: "r".into() };
        send(&client, add.clone()).await.unwrap();
        assert_eq!(code(&client, add).await, "LimitExceeded");
        let mut data = data(&stack.groups[1], USER_DATA);
        data.instance_profile = "p".into();
        let version = CreateLaunchTemplateVersion {
            template: stack.template.clone(),
            data,
            client_token: "profile".into(),
        };
        send(&client, version).await.unwrap();
        let create = CreateAutoScalingGroup { group: stack.scaling() };
        let error = send(&client, create.clone()).await.unwrap_err();
        assert_eq!(error.code, "ValidationError");
        assert!(error.message.contains("Invalid IAM Instance Profile"), "{error}");
        sleep(Duration::from_secs(12)).await;
        send(&client, create).await.unwrap();
    });
}

#[test]
fn a_group_of_a_name_that_was_used_before_is_found_like_the_first() {
    simulate(async {
        let stack = started(None).await;
        minutes(4).await;
        let delete = DeleteAutoScalingGroup { name: "s-cms".into(), force: true };
        for wait in [0, 1, 2, 10] {
            stack.account.directly(delete.clone()).unwrap();
            while !stack.instances().is_empty() || stack.account.directly(delete.clone()).is_ok() {
                sleep(Duration::from_secs(5)).await;
            }
            minutes(wait).await;
            stack.account.directly(CreateAutoScalingGroup { group: stack.scaling() }).unwrap();
            minutes(4).await;
            assert_eq!(stack.health(), set(["healthy"]), "made again after {wait} minutes");
        }
    });
}

#[test]
fn an_account_goes_on_where_it_was_written_down() {
    let mut stack = simulate(async {
        let stack = started(None).await;
        sleep(Duration::from_secs(30)).await;
        stack
    });
    let text = simulate(async { stack.account.state().to_string() });
    let restored = Account::restore(serde_json::from_str(&text).unwrap()).unwrap();
    assert_eq!(restored.state().to_string(), text);
    assert_eq!(restored.inventory(), stack.account.inventory());
    stack.account = restored;
    simulate(async {
        stack.account.inventory();
        minutes(4).await;
        assert_eq!(stack.page().as_deref(), Some("<h1>It works!</h1>"));
        assert!(Account::restore(serde_json::json!({ "account": 1 })).is_err());
    });
}
