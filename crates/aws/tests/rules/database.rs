use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::stack::Stack;
use super::{client, code, simulate, tags};
use skyward_aws::model::*;
use skyward_aws::simulated::{Account, Client, Faults};
use skyward_aws::*;

fn cluster(stack: &Stack) -> DbCluster {
    DbCluster {
        name: "s-database".into(),
        engine: "mysql".into(),
        class: Some("db.m5d.large".into()),
        storage_type: Some("gp3".into()),
        storage_gib: Some(100),
        subnet_group: Some("s-database".into()),
        security_groups: BTreeSet::from([stack.groups[1].clone()]),
        user: Some("skyward".into()),
        encrypted: true,
        deletion_protection: true,
        backup_retention_days: 7,
        copy_tags_to_snapshot: true,
        tags: tags("s"),
        ..Default::default()
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
            (
                DbCluster { class: Some("db.m5d.3xlarge".into()), ..good.clone() },
                "InvalidParameterCombination",
            ),
            (
                DbCluster { class: Some("db.x2iedn.12xlarge".into()), ..good.clone() },
                "InvalidParameterCombination",
            ),
            (DbCluster { engine: "aurora".into(), ..good.clone() }, "InvalidParameterValue"),
            (DbCluster { storage_gib: Some(10), ..good.clone() }, "InvalidParameterCombination"),
            (
                DbCluster { storage_type: Some("io1".into()), ..good.clone() },
                "InvalidParameterCombination",
            ),
            (DbCluster { name: "Upper".into(), ..good.clone() }, "InvalidParameterValue"),
            (DbCluster { name: "a--b".into(), ..good.clone() }, "InvalidParameterValue"),
            (DbCluster { name: "a-".into(), ..good.clone() }, "InvalidParameterValue"),
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
fn a_cluster_from_a_snapshot_has_what_is_in_it_and_its_password_in_no_secret() {
    simulate(async {
        let stack = with_subnets(5);
        let client = client(&stack.account);
        let made = DbCluster { deletion_protection: false, ..cluster(&stack) };
        send(&client, CreateDBCluster { cluster: made.clone() }).await.unwrap();
        until(&client, "available").await;
        let delete =
            DeleteDBCluster { name: "s-database".into(), final_snapshot: Some("last".into()) };
        send(&client, delete).await.unwrap();
        let wanted = DbCluster { user: None, storage_gib: None, ..made.clone() };
        let restore = |cluster: &DbCluster, snapshot: &str| RestoreDBClusterFromSnapshot {
            cluster: cluster.clone(),
            snapshot: snapshot.to_owned(),
        };
        let state = "InvalidDBClusterSnapshotStateFault";
        assert_eq!(code(&client, restore(&wanted, "last")).await, state, "it is being made");
        until(&client, "gone").await;
        let with = |change: &dyn Fn(&mut DbCluster)| {
            let mut cluster = wanted.clone();
            change(&mut cluster);
            cluster
        };
        for (wrong, snapshot, expected) in [
            (wanted.clone(), "none", "DBClusterSnapshotNotFoundFault"),
            (with(&|one| one.engine = "postgres".into()), "last", "InvalidParameterCombination"),
            (with(&|one| one.user = Some("a".into())), "last", "InvalidParameterCombination"),
            (with(&|one| one.database = Some("a".into())), "last", "InvalidParameterCombination"),
            (with(&|one| one.storage_gib = Some(200)), "last", "InvalidParameterCombination"),
            (
                with(&|one| one.class = Some("db.t3.micro".into())),
                "last",
                "InvalidParameterCombination",
            ),
        ] {
            assert_eq!(code(&client, restore(&wrong, snapshot)).await, expected, "{wrong:?}");
        }
        send(&client, restore(&wanted, "last")).await.unwrap();
        assert_eq!(code(&client, restore(&wanted, "last")).await, "DBClusterAlreadyExistsFault");
        until(&client, "available").await;
        let found = look(&client).await.unwrap();
        assert_eq!((found.user, found.storage_gib), (made.user, Some(100)));
        assert!(found.encrypted && found.secret.is_none());
        let managed = DbClusterChanges { managed_password: Some(true), ..Default::default() };
        send(&client, change(managed)).await.unwrap();
        until(&client, "modifying").await;
        until(&client, "available").await;
        assert!(look(&client).await.unwrap().secret.is_some());
    });
}
