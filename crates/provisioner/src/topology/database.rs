use std::collections::BTreeSet;

use skyward_config::{DatabaseEngine, DatabaseStorage};

use super::build::{Builder, each};
use super::{DbCluster, DbSubnetGroup, Id, Spec};

/// The Multi-AZ DB cluster: a writer and two readable standbys, one a zone.
pub(super) fn add(builder: &mut Builder<'_>) {
    let subnets: BTreeSet<Id> = each("subnet/internal").into();
    let group = DbSubnetGroup {
        name: builder.names.database(),
        description: "Skyward: the internal subnets".into(),
        subnets: subnets.clone(),
    };
    builder.add("db-subnet-group", Spec::DbSubnetGroup(group), subnets);
    let aws = builder.aws;
    let (engine, logs): (_, &[&str]) = match aws.database_engine {
        DatabaseEngine::Mysql => ("mysql", &["error", "slowquery"]),
        DatabaseEngine::Postgres => ("postgres", &["postgresql"]),
    };
    let (storage_type, least) = match aws.database_storage {
        DatabaseStorage::Gp3 => ("gp3", None),
        // 100 GiB with 1000 operations a second is the least that is known to be taken.
        DatabaseStorage::Io1 => ("io1", Some(1000)),
    };
    let number = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
    let cluster = DbCluster {
        name: builder.names.database(),
        engine: engine.into(),
        class: aws.database_class.clone(),
        storage_type: storage_type.into(),
        storage_gib: number(aws.database_storage_gib),
        iops: aws.database_iops.or(least).map(number),
        subnet_group: "db-subnet-group".into(),
        security_groups: BTreeSet::from(["security-group/database".into()]),
        user: "skyward".into(),
        managed_password: true,
        encrypted: true,
        deletion_protection: aws.deletion_protection,
        backup_retention_days: aws.backup_days.into(),
        copy_tags_to_snapshot: true,
        log_exports: logs.iter().map(|log| (*log).to_owned()).collect(),
    };
    let needs = ["db-subnet-group", "security-group/database"];
    builder.add("db-cluster", Spec::DbCluster(Box::new(cluster)), needs);
}
