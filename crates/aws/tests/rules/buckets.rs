use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::sleep;

use super::stack::Stack;
use super::{client, code, simulate, tags};
use skyward_aws::model::*;
use skyward_aws::simulated::Account;
use skyward_aws::*;

#[test]
fn a_role_goes_after_its_policies_and_profiles() {
    simulate(async {
        let client = client(&Account::new(9));
        let create = CreateRole { name: "r".into(), trust: serde_json::json!({}), tags: tags("s") };
        send(&client, create.clone()).await.unwrap();
        assert_eq!(code(&client, create).await, "EntityAlreadyExists");
        let (role, policy, arn) = ("r".to_owned(), "p".to_owned(), "arn:x".to_owned());
        let document = serde_json::json!({ "Version": "2012-10-17" });
        let put = PutRolePolicy {
            role: role.clone(),
            policy: policy.clone(),
            document: document.clone(),
        };
        send(&client, put).await.unwrap();
        let get = GetRolePolicy { role: role.clone(), policy: policy.clone() };
        assert_eq!(send(&client, get).await.unwrap(), document);
        send(&client, AttachRolePolicy { role: role.clone(), arn: arn.clone() }).await.unwrap();
        send(&client, CreateInstanceProfile { name: "i".into(), tags: tags("s") }).await.unwrap();
        let add = AddRoleToInstanceProfile { profile: "i".into(), role: role.clone() };
        send(&client, add).await.unwrap();
        let delete = DeleteRole { name: "r".into() };
        assert_eq!(code(&client, delete.clone()).await, "DeleteConflict");
        send(&client, DeleteRolePolicy { role: role.clone(), policy }).await.unwrap();
        assert_eq!(code(&client, delete.clone()).await, "DeleteConflict");
        send(&client, DetachRolePolicy { role: role.clone(), arn }).await.unwrap();
        assert_eq!(code(&client, delete.clone()).await, "DeleteConflict");
        let profile = DeleteInstanceProfile { name: "i".into() };
        assert_eq!(code(&client, profile.clone()).await, "DeleteConflict");
        let remove = RemoveRoleFromInstanceProfile { profile: "i".into(), role };
        send(&client, remove).await.unwrap();
        send(&client, profile).await.unwrap();
        send(&client, delete.clone()).await.unwrap();
        assert_eq!(code(&client, delete).await, "NoSuchEntity");
    });
}

fn create(bucket: &str) -> CreateBucket {
    CreateBucket { bucket: bucket.into(), tags: tags("s") }
}

#[test]
fn a_bucket_of_someone_else_is_taken_and_ones_own_is_there() {
    for (region, expected) in
        [("eu-central-1", Some("BucketAlreadyOwnedByYou")), ("us-east-1", None)]
    {
        simulate(async {
            let account = Account::in_region(10, region);
            let client = client(&account);
            account.take_bucket("taken");
            assert_eq!(code(&client, create("taken")).await, "BucketAlreadyExists");
            assert_eq!(code(&client, HeadBucket { bucket: "taken".into() }).await, "AccessDenied");
            assert_eq!(code(&client, HeadBucket { bucket: "none".into() }).await, "NotFound");
            send(&client, create("own")).await.unwrap();
            let again = send(&client, create("own")).await;
            assert_eq!(again.err().map(|error| error.code).as_deref(), expected, "{region}");
        });
    }
}

#[test]
fn names_that_s3_keeps_for_itself_are_refused() {
    simulate(async {
        let client = Account::new(3).client();
        for name in [
            "ab",
            "Web",
            "a_b",
            "-web",
            "web-",
            "web.",
            "a..b",
            "xn--web",
            "sthree-x",
            "amzn-s3-demo-x",
            "web-s3alias",
            "web--ol-s3",
            "web.mrap",
            "web--x-s3",
            "web--table-s3",
        ] {
            assert_eq!(code(&client, create(name)).await, "InvalidBucketName", "{name}");
        }
        for name in ["abc", "a.b-c1", "sthreex"] {
            send(&client, create(name)).await.unwrap();
        }
    });
}

#[test]
fn a_bucket_goes_when_it_is_empty_of_versions_too() {
    simulate(async {
        let account = Account::new(11);
        let client = client(&account);
        send(&client, create("b")).await.unwrap_err();
        send(&client, create("bucket")).await.unwrap();
        let bucket = || "bucket".to_owned();
        let versioning = BucketSetting::Versioning(true);
        send(&client, PutBucketSetting { bucket: bucket(), setting: versioning }).await.unwrap();
        for key in ["1", "2", "3", "3", "4", "5"] {
            assert!(account.put_object("bucket", key));
        }
        assert_eq!(code(&client, DeleteBucket { bucket: bucket() }).await, "BucketNotEmpty");
        let objects = vec![ObjectVersion { key: "1".into(), version: None }];
        send(&client, DeleteObjects { bucket: bucket(), objects }).await.unwrap();
        let objects = all(
            &client,
            ListObjectVersions { bucket: bucket(), prefix: String::new(), page: None },
        )
        .await
        .unwrap();
        assert_eq!(objects.len(), 7, "with the marker of a deletion");
        send(&client, DeleteObjects { bucket: bucket(), objects }).await.unwrap();
        send(&client, DeleteBucket { bucket: bucket() }).await.unwrap();
        assert_eq!(code(&client, create("bucket")).await, "OperationAborted");
        sleep(Duration::from_mins(1)).await;
        send(&client, create("bucket")).await.unwrap();
    });
}

#[test]
fn writes_to_a_bucket_at_the_same_time_are_refused_and_one_after_the_other_not() {
    simulate(async {
        let account = Account::new(12);
        let client = client(&account);
        send(&client, create("bucket")).await.unwrap();
        let put = |days| PutBucketSetting {
            bucket: "bucket".into(),
            setting: BucketSetting::Lifecycle {
                uploads: Some(days),
                old_versions: None,
                objects: None,
            },
        };
        for days in 1..50 {
            send(&client, put(days)).await.unwrap();
        }
        let answers = (1..20).map(|days| send(&client, put(days)));
        let answers = futures_util::future::join_all(answers).await;
        let codes: BTreeSet<_> =
            answers.into_iter().filter_map(Result::err).map(|error| error.code).collect();
        assert_eq!(codes, BTreeSet::from(["OperationAborted".to_owned()]));
    });
}

#[test]
fn logs_are_delivered_where_the_buckets_policy_lets_them() {
    simulate(async {
        let stack = Stack::new(&Account::new(13));
        let client = client(&stack.account);
        send(&client, create("logs")).await.unwrap();
        let flow = CreateFlowLogs {
            vpc: stack.vpc.clone(),
            destination: "arn:aws:s3:::logs".into(),
            traffic: "ALL".into(),
            client_token: "1".into(),
            tags: tags("s"),
        };
        assert_eq!(code(&client, flow.clone()).await, "InvalidParameter");
        let access = ModifyLoadBalancerAttributes {
            load_balancer: stack.balancer.arn.clone(),
            attributes: Attributes::from([
                ("access_logs.s3.enabled".into(), "true".into()),
                ("access_logs.s3.bucket".into(), "logs".into()),
            ]),
        };
        assert_eq!(code(&client, access.clone()).await, "InvalidConfigurationRequest");
        let services =
            ["delivery.logs.amazonaws.com", "logdelivery.elasticloadbalancing.amazonaws.com"];
        let setting =
            BucketSetting::Policy(serde_json::json!({ "Principal": { "Service": services } }));
        send(&client, PutBucketSetting { bucket: "logs".into(), setting }).await.unwrap();
        let id = send(&client, flow.clone()).await.unwrap();
        assert_eq!(send(&client, flow.clone()).await.unwrap(), id);
        let second = CreateFlowLogs { client_token: "2".into(), ..flow };
        assert_eq!(code(&client, second).await, "FlowLogAlreadyExists");
        send(&client, access).await.unwrap();
    });
}
