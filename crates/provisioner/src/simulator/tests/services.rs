use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::stack::{Stack, health_check};
use super::{client, code, simulate, tags};
use crate::api::model::*;
use crate::api::*;
use crate::simulator::{Account, Client, Faults};

fn cluster(stack: &Stack) -> DbCluster {
    DbCluster {
        name: "s-database".into(),
        arn: String::new(),
        status: String::new(),
        engine: "mysql".into(),
        engine_version: String::new(),
        class: Some("db.m5d.large".into()),
        storage_type: Some("gp3".into()),
        storage_gib: Some(100),
        iops: None,
        subnet_group: Some("s-database".into()),
        security_groups: BTreeSet::from([stack.groups[1].clone()]),
        endpoint: None,
        reader_endpoint: None,
        port: None,
        secret: None,
        user: Some("skyward".into()),
        encrypted: true,
        deletion_protection: true,
        publicly_accessible: false,
        backup_retention_days: 7,
        copy_tags_to_snapshot: true,
        iam_authentication: false,
        log_exports: BTreeSet::new(),
        members: Vec::new(),
        tags: tags("s"),
    }
}

/// A stack with a DB subnet group.
fn with_subnets(seed: u64) -> Stack {
    let stack = Stack::new(&Account::new(seed));
    let call = CreateDBSubnetGroup {
        name: "s-database".into(),
        description: "the internal subnets".into(),
        subnets: stack.internal.iter().cloned().collect(),
        tags: tags("s"),
    };
    stack.account.directly(call).unwrap();
    stack
}

async fn look(client: &Client) -> Option<DbCluster> {
    let call = DescribeDBClusters { name: "s-database".into() };
    match send(client, call).await {
        Ok(mut clusters) => clusters.pop(),
        Err(error) => {
            assert_eq!(error.code, "DBClusterNotFoundFault");
            None
        }
    }
}

/// Waits until the cluster has a state; the seconds it took.
async fn until(client: &Client, status: &str) -> u64 {
    let begin = Instant::now();
    while look(client).await.map_or(String::from("gone"), |cluster| cluster.status) != status {
        sleep(Duration::from_secs(1)).await;
    }
    begin.elapsed().as_secs()
}

fn change(changes: DbClusterChanges) -> ModifyDBCluster {
    ModifyDBCluster { name: "s-database".into(), changes }
}

fn unprotect() -> ModifyDBCluster {
    change(DbClusterChanges { deletion_protection: Some(false), ..Default::default() })
}

#[test]
fn a_database_cluster_lives_and_dies_slowly() {
    simulate(async {
        let stack = with_subnets(1);
        let client = client(&stack.account);
        let create = CreateDBCluster { cluster: cluster(&stack) };
        send(&client, create.clone()).await.unwrap();
        assert_eq!(code(&client, create).await, "DBClusterAlreadyExistsFault");
        assert_eq!(code(&client, unprotect()).await, "InvalidDBClusterStateFault");
        let lasted = until(&client, "available").await;
        assert!((470..=1205).contains(&lasted), "{lasted}");
        let made = look(&client).await.unwrap();
        assert_eq!(made.members.iter().filter(|member| member.is_writer).count(), 1);
        assert_eq!(made.members.len(), 3);
        assert!(made.endpoint.is_some() && made.secret.is_some());
        let delete =
            DeleteDBCluster { name: "s-database".into(), final_snapshot: Some("last".into()) };
        assert_eq!(code(&client, delete.clone()).await, "InvalidParameterCombination", "protected");
        send(&client, unprotect()).await.unwrap();
        send(&client, delete).await.unwrap();
        let group = DeleteDBSubnetGroup { name: "s-database".into() };
        assert_eq!(code(&client, group.clone()).await, "InvalidDBSubnetGroupStateFault");
        let lasted = until(&client, "gone").await;
        assert!((415..=845).contains(&lasted), "{lasted}");
        send(&client, group).await.unwrap();
        let subnet = DeleteSubnet { subnet: stack.internal[0].clone() };
        assert_eq!(code(&client, subnet.clone()).await, "DependencyViolation", "interfaces linger");
        sleep(Duration::from_secs(30)).await;
        send(&client, subnet).await.unwrap();
        let left = stack.account.inventory();
        let snapshot = left.iter().find(|item| item.kind == "db-cluster-snapshot").unwrap();
        assert_eq!((snapshot.id.as_str(), &snapshot.tags), ("last", &tags("s")));
    });
}

#[test]
fn a_change_of_a_database_begins_late_and_is_shown_when_it_is_done() {
    simulate(async {
        let stack = with_subnets(2);
        let client = client(&stack.account);
        send(&client, CreateDBCluster { cluster: cluster(&stack) }).await.unwrap();
        until(&client, "available").await;
        let more = change(DbClusterChanges { storage_gib: Some(200), ..Default::default() });
        send(&client, more.clone()).await.unwrap();
        let now = look(&client).await.unwrap();
        assert_eq!((now.status.as_str(), now.storage_gib), ("available", Some(100)));
        assert_eq!(code(&client, more).await, "InvalidDBClusterStateFault");
        until(&client, "modifying").await;
        assert_eq!(look(&client).await.unwrap().storage_gib, Some(100));
        let lasted = until(&client, "available").await;
        assert!((295..=905).contains(&lasted), "{lasted}");
        assert_eq!(look(&client).await.unwrap().storage_gib, Some(200));
        let less = change(DbClusterChanges { storage_gib: Some(100), ..Default::default() });
        assert_eq!(code(&client, less).await, "InvalidParameterCombination");
    });
}

#[test]
fn a_database_takes_forty_minutes_or_has_no_nodes_on_demand() {
    simulate(async {
        let stack = with_subnets(3);
        let create = CreateDBCluster { cluster: cluster(&stack) };
        let none = Faults { no_database_capacity: true, ..Faults::default() };
        let none = stack.account.client().with_faults(none);
        let error = send(&none, create.clone()).await.unwrap_err();
        assert_eq!(error.class(), Class::Quota, "{error}");
        let slow = Faults { database_minutes: Some(40), lag: 0.0, ..Faults::default() };
        let slow = stack.account.client().with_faults(slow);
        send(&slow, create).await.unwrap();
        let lasted = until(&slow, "available").await;
        assert!((2398..=2403).contains(&lasted), "{lasted}");
    });
}

#[test]
fn databases_that_there_are_not_are_refused() {
    simulate(async {
        let stack = with_subnets(4);
        let client = client(&stack.account);
        let good = cluster(&stack);
        for (wrong, expected) in [
            (
                DbCluster { class: Some("db.t3.micro".into()), ..good.clone() },
                "InvalidParameterCombination",
            ),
            (DbCluster { engine: "aurora".into(), ..good.clone() }, "InvalidParameterValue"),
            (DbCluster { storage_gib: Some(10), ..good.clone() }, "InvalidParameterCombination"),
            (
                DbCluster { storage_type: Some("io1".into()), ..good.clone() },
                "InvalidParameterCombination",
            ),
            (DbCluster { name: "Upper".into(), ..good.clone() }, "InvalidParameterValue"),
            (
                DbCluster { subnet_group: Some("none".into()), ..good.clone() },
                "DBSubnetGroupNotFoundFault",
            ),
            (DbCluster { backup_retention_days: 0, ..good }, "InvalidParameterValue"),
        ] {
            assert_eq!(code(&client, CreateDBCluster { cluster: wrong }).await, expected);
        }
        let call = DescribeOrderableDBInstanceOptions {
            engine: "mysql".into(),
            class: "db.m5d.large".into(),
            page: None,
        };
        let options = all(&client, call.clone()).await.unwrap();
        let storages: BTreeSet<_> = options
            .iter()
            .filter(|option| option.supports_clusters)
            .map(|option| option.storage_type.as_str())
            .collect();
        assert_eq!(storages, BTreeSet::from(["gp3", "io1"]));
        let small = DescribeOrderableDBInstanceOptions { class: "db.t3.micro".into(), ..call };
        assert!(all(&client, small).await.unwrap().iter().all(|option| !option.supports_clusters));
    });
}

#[test]
fn a_load_balancer_is_made_once_by_its_name() {
    simulate(async {
        let stack = Stack::new(&Account::new(5));
        let client = client(&stack.account);
        let call = CreateLoadBalancer {
            name: "s-web".into(),
            subnets: stack.public.iter().cloned().collect(),
            security_groups: BTreeSet::from([stack.groups[0].clone()]),
            tags: tags("s"),
        };
        assert_eq!(send(&client, call.clone()).await.unwrap().arn, stack.balancer.arn);
        let other = CreateLoadBalancer { security_groups: BTreeSet::new(), ..call.clone() };
        assert_eq!(code(&client, other).await, "DuplicateLoadBalancerName");
        for name in ["a-name-of-more-than-thirty-two-chars", "internal-web", "under_score", "-edge"]
        {
            let call = CreateLoadBalancer { name: name.into(), ..call.clone() };
            assert_eq!(code(&client, call).await, "ValidationError", "{name}");
        }
        let one_zone = CreateLoadBalancer {
            name: "other".into(),
            subnets: BTreeSet::from([stack.public[0].clone()]),
            ..call
        };
        assert_eq!(code(&client, one_zone).await, "ValidationError");
        let look = || DescribeLoadBalancers { name: "s-web".into() };
        assert_eq!(send(&client, look()).await.unwrap()[0].state, "provisioning");
        sleep(Duration::from_secs(192)).await;
        assert_eq!(send(&client, look()).await.unwrap()[0].state, "active");
        let none = DescribeLoadBalancers { name: "none".into() };
        assert_eq!(code(&client, none).await, "LoadBalancerNotFound");
    });
}

#[test]
fn a_protected_load_balancer_stays_and_one_that_goes_takes_its_listeners() {
    simulate(async {
        let stack = Stack::new(&Account::new(6));
        let client = client(&stack.account);
        let arn = stack.balancer.arn.clone();
        let protect = |on: &str| ModifyLoadBalancerAttributes {
            load_balancer: arn.clone(),
            attributes: Attributes::from([("deletion_protection.enabled".into(), on.into())]),
        };
        send(&client, protect("true")).await.unwrap();
        let delete = DeleteLoadBalancer { load_balancer: arn.clone() };
        assert_eq!(code(&client, delete.clone()).await, "OperationNotPermitted");
        let targets = DeleteTargetGroup { target_group: stack.targets.clone() };
        assert_eq!(code(&client, targets.clone()).await, "ResourceInUse");
        send(&client, protect("false")).await.unwrap();
        send(&client, delete.clone()).await.unwrap();
        sleep(Duration::from_secs(16)).await;
        send(&client, targets).await.unwrap();
        send(&client, delete).await.unwrap();
        let unknown = ModifyLoadBalancerAttributes {
            load_balancer: arn.clone(),
            attributes: Attributes::from([("no.such.attribute".into(), "1".into())]),
        };
        assert_eq!(code(&client, unknown).await, "LoadBalancerNotFound");
    });
}

#[test]
fn listeners_and_target_groups_are_made_once() {
    simulate(async {
        let stack = Stack::new(&Account::new(7));
        let client = client(&stack.account);
        let listener = CreateListener {
            load_balancer: stack.balancer.arn.clone(),
            port: 80,
            protocol: "HTTP".into(),
            certificate: None,
            tls_policy: None,
            action: ListenerAction::Forward(stack.targets.clone()),
            tags: tags("s"),
        };
        assert_eq!(send(&client, listener.clone()).await.unwrap().arn, stack.listener);
        let other =
            CreateListener { action: ListenerAction::RedirectToHttps(443), ..listener.clone() };
        assert_eq!(code(&client, other).await, "DuplicateListener");
        let secure = CreateListener { port: 443, protocol: "HTTPS".into(), ..listener };
        assert_eq!(code(&client, secure).await, "ValidationError", "no certificate");
        let targets = CreateTargetGroup {
            name: "s-cms".into(),
            vpc: stack.vpc.clone(),
            protocol: "HTTP".into(),
            port: 80,
            health_check: health_check(),
            tags: tags("s"),
        };
        assert_eq!(send(&client, targets.clone()).await.unwrap().arn, stack.targets);
        let other = CreateTargetGroup { port: 81, ..targets };
        assert_eq!(code(&client, other).await, "DuplicateTargetGroupName");
        let look = DescribeTargetGroups { name: "s-cms".into() };
        let found = send(&client, look).await.unwrap();
        assert_eq!(found[0].load_balancers, [stack.balancer.arn.clone()]);
    });
}

#[test]
fn launch_templates_are_one_by_name_and_count_their_versions() {
    simulate(async {
        let stack = Stack::new(&Account::new(8));
        let client = client(&stack.account);
        let data = super::stack::data(&stack.groups[1], "other");
        let create = CreateLaunchTemplate {
            name: "s-cms".into(),
            data: data.clone(),
            client_token: "another".into(),
            tags: tags("s"),
        };
        assert_eq!(code(&client, create).await, "InvalidLaunchTemplateName.AlreadyExistsException");
        let version = CreateLaunchTemplateVersion {
            template: stack.template.clone(),
            data: data.clone(),
            client_token: "v".into(),
        };
        assert_eq!(send(&client, version).await.unwrap(), 2);
        let look = |version: &str| DescribeLaunchTemplateVersions {
            template: stack.template.clone(),
            version: version.into(),
        };
        assert_eq!(send(&client, look("$Latest")).await.unwrap()[0].data, data);
        assert_eq!(send(&client, look("$Default")).await.unwrap()[0].version, 1);
        let modify = ModifyLaunchTemplate { template: stack.template.clone(), default_version: 2 };
        send(&client, modify).await.unwrap();
        assert_eq!(send(&client, look("$Default")).await.unwrap()[0].version, 2);
        assert_eq!(code(&client, look("3")).await, "InvalidLaunchTemplateId.VersionNotFound");
    });
}

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
        let objects =
            all(&client, ListObjectVersions { bucket: bucket(), page: None }).await.unwrap();
        assert_eq!(objects.len(), 7, "with the marker of a deletion");
        send(&client, DeleteObjects { bucket: bucket(), objects }).await.unwrap();
        send(&client, DeleteBucket { bucket: bucket() }).await.unwrap();
        assert_eq!(code(&client, create("bucket")).await, "OperationAborted");
        sleep(Duration::from_secs(60)).await;
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
