//! The database cluster and its subnet group.

use std::collections::BTreeSet;

use skyward_aws::model::DbCluster;
use skyward_aws::sdk::Sdk;
use skyward_aws::*;

use crate::network::{subnet, vpc};
use crate::recorder::Sent;
use crate::server::{Moto, tags};

pub(crate) fn cluster(security_group: String) -> DbCluster {
    DbCluster {
        name: "test-database".into(),
        engine: "mysql".into(),
        class: Some("db.m5d.large".into()),
        storage_type: Some("io1".into()),
        storage_gib: Some(100),
        iops: Some(1000),
        subnet_group: Some("test-database".into()),
        security_groups: [security_group].into(),
        user: Some("skyward".into()),
        encrypted: true,
        deletion_protection: true,
        backup_retention_days: 7,
        copy_tags_to_snapshot: true,
        log_exports: ["error".to_owned(), "slowquery".to_owned()].into(),
        tags: tags("db-cluster"),
        ..Default::default()
    }
}

/// The subnet group of a cluster, made, and the id of its security group.
pub(crate) async fn groups(sdk: &Sdk, region: &str, vpc: &str) -> (CreateDBSubnetGroup, String) {
    let mut subnets = BTreeSet::new();
    for number in 10..13 {
        subnets.insert(subnet(sdk, region, vpc, number).await);
    }
    let create = CreateDBSubnetGroup {
        name: "test-database".into(),
        description: "the internal subnets".into(),
        subnets,
        tags: tags("db-subnet-group"),
    };
    send(sdk, create.clone()).await.unwrap();
    let group = CreateSecurityGroup {
        vpc: vpc.into(),
        name: "database".into(),
        description: "for the database".into(),
        tags: tags("security-group/database"),
    };
    (create, send(sdk, group).await.unwrap())
}

#[tokio::test]
#[ignore = "needs moto_server"]
async fn a_subnet_group_has_its_subnets() {
    let region = "eu-south-1";
    let (_moto, sdk) = Moto::client(region).await;
    let find = DescribeDBSubnetGroups { name: "test-database".into() };
    assert_eq!(send(&sdk, find.clone()).await.unwrap(), []);
    let vpc = vpc(&sdk).await;
    let mut subnets = BTreeSet::new();
    for number in 0..2 {
        subnets.insert(subnet(&sdk, region, &vpc, number).await);
    }
    let create = CreateDBSubnetGroup {
        name: "test-database".into(),
        description: "the internal subnets".into(),
        subnets: subnets.clone(),
        tags: tags("db-subnet-group"),
    };
    let made = send(&sdk, create).await.unwrap();
    assert_eq!((made.name.as_str(), &made.vpc, &made.subnets), ("test-database", &vpc, &subnets));
    let found = send(&sdk, find.clone()).await.unwrap();
    assert_eq!((&found[0], found[0].status.as_str()), (&made, "Complete"));
    assert_eq!(found[0].description, "the internal subnets");
    let arn = made.arn;
    let listed = send(&sdk, ListRdsTags { arn: arn.clone() }).await.unwrap();
    assert_eq!(listed, tags("db-subnet-group"));
    let more = [("owner".to_owned(), "web".to_owned())];
    send(&sdk, AddRdsTags { arn: arn.clone(), tags: more.into() }).await.unwrap();
    assert_eq!(send(&sdk, ListRdsTags { arn }).await.unwrap()["owner"], "web");
    send(&sdk, DeleteDBSubnetGroup { name: "test-database".into() }).await.unwrap();
    assert_eq!(send(&sdk, find).await.unwrap(), []);
    let error = send(&sdk, DeleteDBSubnetGroup { name: "test-database".into() }).await.unwrap_err();
    assert_eq!(
        (error.code.as_str(), error.class()),
        ("DBSubnetGroupNotFoundFault", Class::NotFound),
        "{error}"
    );
}

#[tokio::test]
#[ignore = "needs moto_server"]
async fn a_cluster_reads_as_it_was_written_and_its_password_never() {
    let region = "eu-south-2";
    let (_moto, sdk) = Moto::client(region).await;
    let name = "test-database".to_owned();
    let find = DescribeDBClusters { name: name.clone() };
    assert_eq!(send(&sdk, find.clone()).await.unwrap(), []);
    let vpc = vpc(&sdk).await;
    let (_, security_group) = groups(&sdk, region, &vpc).await;
    let wanted = cluster(security_group);
    send(&sdk, CreateDBCluster { cluster: wanted.clone() }).await.unwrap();
    let found = send(&sdk, find.clone()).await.unwrap().remove(0);
    assert!(["creating", "available"].contains(&found.status.as_str()), "{}", found.status);
    let secret = found.secret.clone().unwrap_or_default();
    assert!(secret.starts_with("arn:aws:secretsmanager:eu-south-2:"), "{secret}");
    assert!(found.endpoint.as_ref().is_some_and(|host| host.contains("test-database")));
    assert!(found.reader_endpoint.is_some() && !found.engine_version.is_empty());
    assert_eq!(found.port, Some(3306));
    assert!(found.arn.ends_with(":cluster:test-database"), "{}", found.arn);
    // What the service adds.
    let expected = DbCluster {
        arn: found.arn.clone(),
        status: found.status.clone(),
        engine_version: found.engine_version.clone(),
        endpoint: found.endpoint.clone(),
        reader_endpoint: found.reader_endpoint.clone(),
        port: found.port,
        secret: found.secret.clone(),
        ..wanted.clone()
    };
    assert_eq!(found, expected);
    assert_eq!(send(&sdk, ListRdsTags { arn: found.arn }).await.unwrap(), tags("db-cluster"));

    let delete = |final_snapshot| DeleteDBCluster { name: name.clone(), final_snapshot };
    let error = send(&sdk, delete(None)).await.unwrap_err();
    assert_eq!(error.class(), Class::Refused, "{error}");
    let changes = DbClusterChanges {
        iops: Some(2000),
        backup_retention_days: Some(14),
        deletion_protection: Some(false),
        ..DbClusterChanges::default()
    };
    send(&sdk, ModifyDBCluster { name: name.clone(), changes }).await.unwrap();
    let found = send(&sdk, find.clone()).await.unwrap().remove(0);
    assert_eq!((found.iops, found.backup_retention_days), (Some(2000), 14));
    assert_eq!((found.storage_gib, found.deletion_protection), (Some(100), false));
    send(&sdk, delete(Some("test-database-final".into()))).await.unwrap();
    assert_eq!(send(&sdk, find).await.unwrap(), []);
    let error = send(&sdk, delete(None)).await.unwrap_err();
    assert_eq!(
        (error.code.as_str(), error.class()),
        ("DBClusterNotFoundFault", Class::NotFound),
        "{error}"
    );

    let snapshot = |name: &str| {
        let (name, page) = (Some(name.to_owned()), None);
        send(&sdk, DescribeDBClusterSnapshots { name, page })
    };
    let error = snapshot("none").await.unwrap_err();
    assert_eq!(error.class(), Class::NotFound, "{error}");
    let left = snapshot("test-database-final").await.unwrap().items.remove(0);
    assert_eq!((left.name.as_str(), left.cluster.as_str()), ("test-database-final", &*name));
    assert_eq!((left.engine.as_str(), left.status.as_str()), ("mysql", "available"));
    assert_eq!((left.storage_gib, left.encrypted), (100, true));
    assert!(!left.engine_version.is_empty());
}

/// RDS takes neither a user nor a database, a size or a key beside a snapshot, and a managed password no sooner than with a change.
#[tokio::test]
async fn a_restore_says_nothing_of_what_is_in_the_snapshot() {
    let mut sent = Sent::new().await;
    let wanted = DbCluster {
        database: Some("skyward".into()),
        engine_version: "8.4.6".into(),
        tags: [("Name".to_owned(), "a".to_owned())].into(),
        ..cluster("sg-1".into())
    };
    sent.send(RestoreDBClusterFromSnapshot { cluster: wanted, snapshot: "last".into() }).await;
    assert_eq!(
        sent.parameters(),
        [
            "Action = \"RestoreDBClusterFromSnapshot\"",
            "BackupRetentionPeriod = \"7\"",
            "CopyTagsToSnapshot = \"true\"",
            "DBClusterIdentifier = \"test-database\"",
            "DBClusterInstanceClass = \"db.m5d.large\"",
            "DBSubnetGroupName = \"test-database\"",
            "DeletionProtection = \"true\"",
            "EnableCloudwatchLogsExports.member.1 = \"error\"",
            "EnableCloudwatchLogsExports.member.2 = \"slowquery\"",
            "EnableIAMDatabaseAuthentication = \"false\"",
            "Engine = \"mysql\"",
            "EngineLifecycleSupport = \"open-source-rds-extended-support-disabled\"",
            "EngineVersion = \"8.4.6\"",
            "Iops = \"1000\"",
            "PubliclyAccessible = \"false\"",
            "SnapshotIdentifier = \"last\"",
            "StorageType = \"io1\"",
            "Tags.Tag.1.Key = \"Name\"",
            "Tags.Tag.1.Value = \"a\"",
            "Version = \"2014-10-31\"",
            "VpcSecurityGroupIds.VpcSecurityGroupId.1 = \"sg-1\"",
        ]
    );
    let changes = DbClusterChanges { managed_password: Some(true), ..Default::default() };
    let mut sent = Sent::new().await;
    sent.send(ModifyDBCluster { name: "test-database".into(), changes }).await;
    assert_eq!(
        sent.parameters(),
        [
            "Action = \"ModifyDBCluster\"",
            "ApplyImmediately = \"true\"",
            "DBClusterIdentifier = \"test-database\"",
            "ManageMasterUserPassword = \"true\"",
            "Version = \"2014-10-31\"",
        ]
    );
}
