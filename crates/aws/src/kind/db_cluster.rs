//! Multi-AZ DB clusters.

pub(crate) mod simulated;

use crate::page::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DbMember {
    pub instance: String,
    pub is_writer: bool,
}

#[expect(clippy::struct_excessive_bools, reason = "RDS has them so")]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DbCluster {
    pub name: String,
    pub arn: String,
    /// `creating`, `available`, `modifying`, `deleting`, `failed`, …
    pub status: String,
    pub engine: String,
    pub engine_version: String,
    pub class: Option<String>,
    pub storage_type: Option<String>,
    pub storage_gib: Option<i32>,
    pub iops: Option<i32>,
    pub subnet_group: Option<String>,
    pub security_groups: BTreeSet<String>,
    pub endpoint: Option<String>,
    pub reader_endpoint: Option<String>,
    pub port: Option<i32>,
    /// The managed password's secret, by ARN. Its value is never read.
    pub secret: Option<String>,
    pub user: Option<String>,
    /// The database that is made with it.
    pub database: Option<String>,
    pub encrypted: bool,
    pub deletion_protection: bool,
    pub publicly_accessible: bool,
    pub backup_retention_days: i32,
    pub copy_tags_to_snapshot: bool,
    pub iam_authentication: bool,
    /// Log types that go to CloudWatch.
    pub log_exports: BTreeSet<String>,
    pub members: Vec<DbMember>,
    pub tags: Tags,
}

/// Changes of a cluster; where one is none, the property stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DbClusterChanges {
    pub class: Option<String>,
    pub storage_type: Option<String>,
    pub storage_gib: Option<i32>,
    pub iops: Option<i32>,
    pub security_groups: Option<BTreeSet<String>>,
    pub backup_retention_days: Option<i32>,
    pub deletion_protection: Option<bool>,
    pub copy_tags_to_snapshot: Option<bool>,
    pub iam_authentication: Option<bool>,
    /// RDS makes a password and keeps it in a secret.
    pub managed_password: Option<bool>,
    /// Log types to send to CloudWatch, and those to send no more.
    pub enable_logs: BTreeSet<String>,
    pub disable_logs: BTreeSet<String>,
}

/// A snapshot of a cluster that somebody has made, or that its deletion has left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DbClusterSnapshot {
    pub name: String,
    pub cluster: String,
    /// `available`, `creating`, …
    pub status: String,
    pub engine: String,
    pub engine_version: String,
    pub storage_gib: i32,
    pub encrypted: bool,
    /// The ARN of the key that it is encrypted with.
    pub key: Option<String>,
    pub tags: Tags,
}

operations! {
    CreateDBCluster { cluster: DbCluster } -> ();
    // The user, the database in it, the size of its storage and its encryption are the snapshot's: RDS takes none of them here.
    RestoreDBClusterFromSnapshot { cluster: DbCluster, snapshot: String } -> ();
    DescribeDBClusters { name: String } -> Vec<DbCluster>;
    ModifyDBCluster { name: String, changes: DbClusterChanges } -> ();
    DeleteDBCluster { name: String, final_snapshot: Option<String> } -> ();
    // The one of this name; or those of all clusters, also of such as are gone, but for the ones that RDS makes for itself.
    DescribeDBClusterSnapshots { name: Option<String>, page: Option<String> } -> Page<DbClusterSnapshot>;
    DeleteDBClusterSnapshot { name: String } -> ();
}

#[cfg(feature = "sdk")]
mod sdk {
    use aws_sdk_rds::types;

    use super::*;
    use crate::kind::prelude::*;

    /// A version past its end gets no paid support without being asked for; RDS upgrades it instead.
    const LIFECYCLE: &str = "open-source-rds-extended-support-disabled";

    fn member(found: types::DbClusterMember) -> DbMember {
        DbMember {
            instance: text(found.db_instance_identifier),
            is_writer: found.is_cluster_writer.unwrap_or_default(),
        }
    }

    fn cluster(found: types::DbCluster) -> DbCluster {
        let groups = found.vpc_security_groups.unwrap_or_default().into_iter();
        DbCluster {
            name: text(found.db_cluster_identifier),
            arn: text(found.db_cluster_arn),
            status: text(found.status),
            engine: text(found.engine),
            engine_version: text(found.engine_version),
            class: found.db_cluster_instance_class,
            storage_type: found.storage_type,
            storage_gib: found.allocated_storage,
            iops: found.iops,
            subnet_group: found.db_subnet_group,
            security_groups: groups.filter_map(|group| group.vpc_security_group_id).collect(),
            endpoint: found.endpoint,
            reader_endpoint: found.reader_endpoint,
            port: found.port,
            secret: found.master_user_secret.and_then(|secret| secret.secret_arn),
            user: found.master_username,
            database: found.database_name,
            encrypted: found.storage_encrypted.unwrap_or_default(),
            deletion_protection: found.deletion_protection.unwrap_or_default(),
            publicly_accessible: found.publicly_accessible.unwrap_or_default(),
            backup_retention_days: found.backup_retention_period.unwrap_or_default(),
            copy_tags_to_snapshot: found.copy_tags_to_snapshot.unwrap_or_default(),
            iam_authentication: found.iam_database_authentication_enabled.unwrap_or_default(),
            log_exports: set(found.enabled_cloudwatch_logs_exports),
            members: each(found.db_cluster_members, member),
            tags: rds::tags(found.tag_list),
        }
    }

    fn snapshot(found: types::DbClusterSnapshot) -> DbClusterSnapshot {
        DbClusterSnapshot {
            name: text(found.db_cluster_snapshot_identifier),
            cluster: text(found.db_cluster_identifier),
            status: text(found.status),
            engine: text(found.engine),
            engine_version: text(found.engine_version),
            storage_gib: found.allocated_storage.unwrap_or_default(),
            encrypted: found.storage_encrypted.unwrap_or_default(),
            key: found.kms_key_id,
            tags: rds::tags(found.tag_list),
        }
    }

    /// The logs that are sent from now on, and those that are sent no more; none where that stays.
    fn log_changes(
        enable: BTreeSet<String>,
        disable: BTreeSet<String>,
    ) -> Option<types::CloudwatchLogsExportConfiguration> {
        let (enable, disable) = (filled(enable), filled(disable));
        (enable.is_some() || disable.is_some()).then(|| {
            types::CloudwatchLogsExportConfiguration::builder()
                .set_enable_log_types(enable)
                .set_disable_log_types(disable)
                .build()
        })
    }

    requests! { rds
        // The password is RDS's own matter: it makes one and keeps it in Secrets Manager. Zones are given by the subnet group.
        create_db_cluster(call: CreateDBCluster) {
            db_cluster_identifier(call.cluster.name) engine(call.cluster.engine)
            set_engine_version(Some(call.cluster.engine_version).filter(|version| !version.is_empty()))
            engine_lifecycle_support(LIFECYCLE) set_db_cluster_instance_class(call.cluster.class)
            set_storage_type(call.cluster.storage_type)
            set_allocated_storage(call.cluster.storage_gib) set_iops(call.cluster.iops)
            set_db_subnet_group_name(call.cluster.subnet_group)
            set_vpc_security_group_ids(Some(call.cluster.security_groups.into_iter().collect()))
            set_port(call.cluster.port) set_master_username(call.cluster.user)
            set_database_name(call.cluster.database)
            manage_master_user_password(true) storage_encrypted(call.cluster.encrypted)
            deletion_protection(call.cluster.deletion_protection)
            publicly_accessible(call.cluster.publicly_accessible)
            backup_retention_period(call.cluster.backup_retention_days)
            copy_tags_to_snapshot(call.cluster.copy_tags_to_snapshot)
            enable_iam_database_authentication(call.cluster.iam_authentication)
            set_enable_cloudwatch_logs_exports(filled(call.cluster.log_exports))
            set_tags(Some(rds::to_tags(call.cluster.tags)))
        };
        restore_db_cluster_from_snapshot(call: RestoreDBClusterFromSnapshot) {
            snapshot_identifier(call.snapshot)
            db_cluster_identifier(call.cluster.name) engine(call.cluster.engine)
            set_engine_version(Some(call.cluster.engine_version).filter(|version| !version.is_empty()))
            engine_lifecycle_support(LIFECYCLE) set_db_cluster_instance_class(call.cluster.class)
            set_storage_type(call.cluster.storage_type) set_iops(call.cluster.iops)
            set_db_subnet_group_name(call.cluster.subnet_group)
            set_vpc_security_group_ids(Some(call.cluster.security_groups.into_iter().collect()))
            set_port(call.cluster.port)
            deletion_protection(call.cluster.deletion_protection)
            publicly_accessible(call.cluster.publicly_accessible)
            backup_retention_period(call.cluster.backup_retention_days)
            copy_tags_to_snapshot(call.cluster.copy_tags_to_snapshot)
            enable_iam_database_authentication(call.cluster.iam_authentication)
            set_enable_cloudwatch_logs_exports(filled(call.cluster.log_exports))
            set_tags(Some(rds::to_tags(call.cluster.tags)))
        };
        find describe_db_clusters(call: DescribeDBClusters) {
            db_cluster_identifier(call.name)
        } or "DBClusterNotFoundFault" => |answer| each(answer.db_clusters, cluster);
        modify_db_cluster(call: ModifyDBCluster) {
            db_cluster_identifier(call.name)
            // Not in the next maintenance window: the caller waits for it.
            apply_immediately(true)
            set_cloudwatch_logs_export_configuration(log_changes(call.changes.enable_logs, call.changes.disable_logs))
            set_db_cluster_instance_class(call.changes.class)
            set_storage_type(call.changes.storage_type)
            set_allocated_storage(call.changes.storage_gib) set_iops(call.changes.iops)
            set_vpc_security_group_ids(call.changes.security_groups.map(|ids| ids.into_iter().collect()))
            set_backup_retention_period(call.changes.backup_retention_days)
            set_deletion_protection(call.changes.deletion_protection)
            set_copy_tags_to_snapshot(call.changes.copy_tags_to_snapshot)
            set_enable_iam_database_authentication(call.changes.iam_authentication)
            set_manage_master_user_password(call.changes.managed_password)
        };
        delete_db_cluster(call: DeleteDBCluster) {
            db_cluster_identifier(call.name) skip_final_snapshot(call.final_snapshot.is_none())
            set_final_db_snapshot_identifier(call.final_snapshot)
        };
        describe_db_cluster_snapshots(call: DescribeDBClusterSnapshots) {
            set_db_cluster_snapshot_identifier(call.name) snapshot_type("manual") set_marker(call.page)
        } => |answer| Page {
            items: each(answer.db_cluster_snapshots, snapshot),
            next: next(answer.marker),
        };
        delete_db_cluster_snapshot(call: DeleteDBClusterSnapshot) {
            db_cluster_snapshot_identifier(call.name)
        };
    }
}
