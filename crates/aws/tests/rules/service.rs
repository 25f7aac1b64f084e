//! A service's release: its object, the role that may read it, and what an instance says of its start.

use std::time::Duration;

use tokio::time::sleep;

use super::stack::{Stack, data};
use super::{client, code, simulate, tags};
use skyward_aws::model::*;
use skyward_aws::simulated::Account;
use skyward_aws::*;

const SHA256: &str = "5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9";

fn content() -> Content {
    Content::new(b"0".to_vec(), SHA256)
}

fn put(is_new: bool) -> PutObject {
    let (bucket, key) = ("releases-of-s".to_owned(), format!("releases/{SHA256}"));
    PutObject { bucket, key, content: content(), is_new }
}

/// What the provisioner generates has these lines; the rest of it is the machine's matter.
fn script(sha256: &str, port: u16) -> String {
    format!(
        "#!/bin/bash\nBUCKET='releases-of-s'\nKEY='releases/{SHA256}'\nSHA256='{sha256}'\nPORT={port}\nHEALTH_PORT={port}\n"
    )
}

#[test]
fn an_object_is_put_once_and_keeps_its_checksum() {
    simulate(async {
        let account = Account::new(5);
        let client = client(&account);
        assert_eq!(code(&client, put(true)).await, "NoSuchBucket");
        let create = CreateBucket { bucket: "releases-of-s".into(), tags: tags("s") };
        send(&client, create).await.unwrap();
        let head = HeadObject { bucket: "releases-of-s".into(), key: format!("releases/{SHA256}") };
        assert_eq!(code(&client, head.clone()).await, "NotFound");
        send(&client, put(true)).await.unwrap();
        assert_eq!(code(&client, put(true)).await, "PreconditionFailed");
        send(&client, put(false)).await.unwrap();
        let found = send(&client, head).await.unwrap();
        assert_eq!(found, ObjectHead { size: 1, sha256: Some(SHA256.into()) });
    });
}

/// A stack with a bucket, whose instances have this user data; and a role, where it may read the bucket.
async fn started(user_data: &str, may_read: bool, has_object: bool) -> Stack {
    let stack = Stack::new(&Account::new(3));
    let account = &stack.account;
    let create = CreateBucket { bucket: "releases-of-s".into(), tags: tags("s") };
    account.directly(create).unwrap();
    if has_object {
        account.directly(put(true)).unwrap();
    }
    let (name, trust) = ("s".to_owned(), serde_json::json!({}));
    account.directly(CreateRole { name: name.clone(), trust, tags: tags("s") }).unwrap();
    if may_read {
        let document = serde_json::json!({ "Statement": [{
            "Effect": "Allow",
            "Action": ["s3:GetObject"],
            "Resource": "arn:aws:s3:::releases-of-s/*",
        }] });
        let policy = PutRolePolicy { role: name.clone(), policy: "assets".into(), document };
        account.directly(policy).unwrap();
    }
    account.directly(CreateInstanceProfile { name: name.clone(), tags: tags("s") }).unwrap();
    let add = AddRoleToInstanceProfile { profile: name.clone(), role: name.clone() };
    account.directly(add).unwrap();
    sleep(Duration::from_mins(4)).await;
    let call = CreateLaunchTemplateVersion {
        template: stack.template.clone(),
        data: LaunchTemplateData { instance_profile: name, ..data(&stack.groups[1], user_data) },
        client_token: "other".into(),
    };
    account.directly(call).unwrap();
    account.directly(CreateAutoScalingGroup { group: stack.scaling() }).unwrap();
    sleep(Duration::from_mins(3)).await;
    stack
}

fn console(stack: &Stack) -> String {
    let instance = stack.instances().remove(0).id;
    stack.account.directly(GetConsoleOutput { instance }).unwrap()
}

#[test]
fn a_service_answers_where_its_release_can_be_had() {
    simulate(async {
        let stack = started(&script(SHA256, 80), true, true).await;
        assert_eq!(stack.health(), [String::from("healthy")].into());
        assert_eq!(stack.page(), Some(format!("the service of releases/{SHA256}")));
        assert_eq!(console(&stack), "skyward: the service answers\n");
    });
}

#[test]
fn an_instance_says_what_it_lacks() {
    let other = "0".repeat(64);
    for (user_data, may_read, has_object, expected) in [
        (script(SHA256, 80), false, true, "AccessDenied"),
        (script(SHA256, 80), true, false, "NoSuchKey"),
        (script(&other, 80), true, true, "another SHA-256"),
    ] {
        simulate(async {
            let stack = started(&user_data, may_read, has_object).await;
            let console = console(&stack);
            assert!(console.starts_with("skyward: failed: "), "{console}");
            assert!(console.contains(expected), "{console}");
            assert_eq!(stack.page(), None);
        });
    }
}

#[test]
fn a_service_on_another_port_than_the_target_groups_is_not_reached() {
    simulate(async {
        let stack = started(&script(SHA256, 8000), true, true).await;
        assert_eq!(stack.page(), None);
    });
}

#[test]
fn a_script_of_ones_own_answers_on_the_ports_that_it_names() {
    simulate(async {
        let stack = started("#!/bin/sh\ndocker run -d -p 80:8000 example/web\n", true, true).await;
        assert!(stack.page().is_some());
        let stack = started("#!/bin/sh\npython3 -m http.server 8000\n", true, true).await;
        assert_eq!(stack.page(), None, "the load balancer asks port 80");
    });
}

#[test]
fn a_refresh_that_starts_first_never_has_fewer_and_one_that_is_cancelled_stays_as_it_is() {
    simulate(async {
        let stack = started(&script(SHA256, 80), true, true).await;
        let name = || "s-cms".to_owned();
        let cancel = || CancelInstanceRefresh { name: name() };
        let account = &stack.account;
        let error = account.directly(cancel()).unwrap_err();
        assert_eq!(error.code, "ActiveInstanceRefreshNotFound");
        let order = |percent| RefreshOrder {
            template: Some((stack.template.clone(), "1".into())),
            most_percent: Some(percent),
        };
        for percent in [99, 201] {
            let call = StartInstanceRefresh { name: name(), order: order(percent) };
            assert_eq!(account.directly(call).unwrap_err().code, "ValidationError");
        }
        account.directly(StartInstanceRefresh { name: name(), order: order(134) }).unwrap();
        let mut most = 0;
        for _ in 0..40 {
            sleep(Duration::from_secs(5)).await;
            let all = stack.instances().into_iter().filter(|one| one.lifecycle == "InService");
            most = all.count().max(most);
            assert!(stack.page().is_some());
        }
        assert_eq!(most, 4);
        account.directly(cancel()).unwrap();
        sleep(Duration::from_mins(2)).await;
        let refresh =
            account.directly(DescribeInstanceRefreshes { name: name() }).unwrap().remove(0);
        assert_eq!((refresh.status.as_str(), refresh.version.as_deref()), ("Cancelled", Some("1")));
        let group = account.directly(DescribeAutoScalingGroups { name: name() }).unwrap().remove(0);
        assert_eq!(group.launch_template.unwrap().1, "$Latest", "it is not the group's own yet");
        let left = group.instances.iter().filter(|one| one.lifecycle == "InService").count();
        assert_eq!(left, 3);
    });
}
