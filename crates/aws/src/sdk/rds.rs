use aws_sdk_rds::types;
use aws_sdk_rds::types::{CloudwatchLogsExportConfiguration, Tag};

use super::Sdk;
use super::convert::{each, next, set, tags_from, text};
use super::error::{Answer, OrNone};
use crate::model::{DbCluster, DbMember, DbSubnetGroup, OrderableDatabase, Quota, Tags};
use crate::{
    AddRdsTags, ApiError, CreateDBCluster, CreateDBSubnetGroup, DbClusterChanges, DeleteDBCluster,
    DeleteDBSubnetGroup, DescribeDBClusters, DescribeDBSubnetGroups,
    DescribeOrderableDBInstanceOptions, DescribeRdsAccountAttributes, ListRdsTags, ModifyDBCluster,
    ModifyDBSubnetGroup, Operation, Page,
};

/// A version past its end gets no paid support without being asked for; RDS upgrades it instead.
const LIFECYCLE: &str = "open-source-rds-extended-support-disabled";

fn to_tags(tags: Tags) -> Vec<Tag> {
    tags.into_iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

fn tags(tags: Option<Vec<Tag>>) -> Tags {
    tags_from(tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value)))
}

fn orderable(found: types::OrderableDbInstanceOption) -> OrderableDatabase {
    OrderableDatabase {
        engine_version: text(found.engine_version),
        class: text(found.db_instance_class),
        storage_type: text(found.storage_type),
        zones: each(found.availability_zones, |zone| text(zone.name)),
        supports_clusters: found.supports_clusters.unwrap_or_default(),
        min_storage_gib: found.min_storage_size,
        max_storage_gib: found.max_storage_size,
        min_iops: found.min_iops_per_db_instance,
        max_iops: found.max_iops_per_db_instance,
    }
}

fn subnet_group(found: types::DbSubnetGroup) -> DbSubnetGroup {
    let subnets = found.subnets.unwrap_or_default().into_iter();
    DbSubnetGroup {
        name: text(found.db_subnet_group_name),
        arn: text(found.db_subnet_group_arn),
        description: text(found.db_subnet_group_description),
        vpc: text(found.vpc_id),
        subnets: subnets.filter_map(|subnet| subnet.subnet_identifier).collect(),
        status: text(found.subnet_group_status),
    }
}

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
        encrypted: found.storage_encrypted.unwrap_or_default(),
        deletion_protection: found.deletion_protection.unwrap_or_default(),
        publicly_accessible: found.publicly_accessible.unwrap_or_default(),
        backup_retention_days: found.backup_retention_period.unwrap_or_default(),
        copy_tags_to_snapshot: found.copy_tags_to_snapshot.unwrap_or_default(),
        iam_authentication: found.iam_database_authentication_enabled.unwrap_or_default(),
        log_exports: set(found.enabled_cloudwatch_logs_exports),
        members: each(found.db_cluster_members, member),
        tags: tags(found.tag_list),
    }
}

/// Which logs are sent from now on, and which are sent no more; none where that stays.
fn log_changes(changes: &DbClusterChanges) -> Option<CloudwatchLogsExportConfiguration> {
    let list = |types: &std::collections::BTreeSet<String>| {
        (!types.is_empty()).then(|| types.iter().cloned().collect::<Vec<_>>())
    };
    let (enable, disable) = (list(&changes.enable_logs), list(&changes.disable_logs));
    (enable.is_some() || disable.is_some()).then(|| {
        CloudwatchLogsExportConfiguration::builder()
            .set_enable_log_types(enable)
            .set_disable_log_types(disable)
            .build()
    })
}

impl Sdk {
    pub(super) async fn describe_orderable_db_instance_options(
        &self,
        call: DescribeOrderableDBInstanceOptions,
    ) -> Result<Page<OrderableDatabase>, ApiError> {
        let request = self.rds.describe_orderable_db_instance_options();
        let request = request.engine(call.engine).db_instance_class(call.class).vpc(true);
        let request = request.max_records(100).set_marker(call.page);
        let answer = request.send().await.answer(Operation::DescribeOrderableDBInstanceOptions)?;
        Ok(Page {
            items: each(answer.orderable_db_instance_options, orderable),
            next: next(answer.marker),
        })
    }

    pub(super) async fn describe_rds_account_attributes(
        &self,
        DescribeRdsAccountAttributes {}: DescribeRdsAccountAttributes,
    ) -> Result<Vec<Quota>, ApiError> {
        let answer = self.rds.describe_account_attributes().send().await;
        let answer = answer.answer(Operation::DescribeRdsAccountAttributes)?;
        Ok(each(answer.account_quotas, |quota| Quota {
            name: text(quota.account_quota_name),
            max: quota.max.unwrap_or_default(),
            used: quota.used,
        }))
    }

    pub(super) async fn create_db_subnet_group(
        &self,
        call: CreateDBSubnetGroup,
    ) -> Result<DbSubnetGroup, ApiError> {
        let request = self.rds.create_db_subnet_group().db_subnet_group_name(call.name);
        let request = request
            .db_subnet_group_description(call.description)
            .set_subnet_ids(Some(call.subnets.into_iter().collect()))
            .set_tags(Some(to_tags(call.tags)));
        let answer = request.send().await.answer(Operation::CreateDBSubnetGroup)?;
        let none = || types::DbSubnetGroup::builder().build();
        Ok(subnet_group(answer.db_subnet_group.unwrap_or_else(none)))
    }

    pub(super) async fn describe_db_subnet_groups(
        &self,
        call: DescribeDBSubnetGroups,
    ) -> Result<Vec<DbSubnetGroup>, ApiError> {
        let request = self.rds.describe_db_subnet_groups().db_subnet_group_name(call.name);
        let answer = request.send().await.answer(Operation::DescribeDBSubnetGroups);
        let found = answer.or_none(&["DBSubnetGroupNotFoundFault"])?;
        Ok(each(found.and_then(|found| found.db_subnet_groups), subnet_group))
    }

    pub(super) async fn modify_db_subnet_group(
        &self,
        call: ModifyDBSubnetGroup,
    ) -> Result<(), ApiError> {
        let request = self.rds.modify_db_subnet_group().db_subnet_group_name(call.name);
        let request = request
            .db_subnet_group_description(call.description)
            .set_subnet_ids(Some(call.subnets.into_iter().collect()));
        request.send().await.answer(Operation::ModifyDBSubnetGroup).map(|_| ())
    }

    pub(super) async fn delete_db_subnet_group(
        &self,
        call: DeleteDBSubnetGroup,
    ) -> Result<(), ApiError> {
        let request = self.rds.delete_db_subnet_group().db_subnet_group_name(call.name);
        request.send().await.answer(Operation::DeleteDBSubnetGroup).map(|_| ())
    }

    /// The password is RDS's own matter: it makes one and keeps it in Secrets Manager. Zones are given by the subnet group.
    pub(super) async fn create_db_cluster(
        &self,
        CreateDBCluster { cluster }: CreateDBCluster,
    ) -> Result<(), ApiError> {
        let version = Some(cluster.engine_version).filter(|version| !version.is_empty());
        let logs: Vec<_> = cluster.log_exports.into_iter().collect();
        let request = self.rds.create_db_cluster().db_cluster_identifier(cluster.name);
        let request = request
            .engine(cluster.engine)
            .set_engine_version(version)
            .engine_lifecycle_support(LIFECYCLE)
            .set_db_cluster_instance_class(cluster.class)
            .set_storage_type(cluster.storage_type)
            .set_allocated_storage(cluster.storage_gib)
            .set_iops(cluster.iops)
            .set_db_subnet_group_name(cluster.subnet_group)
            .set_vpc_security_group_ids(Some(cluster.security_groups.into_iter().collect()))
            .set_port(cluster.port)
            .set_master_username(cluster.user)
            .manage_master_user_password(true)
            .storage_encrypted(cluster.encrypted)
            .deletion_protection(cluster.deletion_protection)
            .publicly_accessible(cluster.publicly_accessible)
            .backup_retention_period(cluster.backup_retention_days)
            .copy_tags_to_snapshot(cluster.copy_tags_to_snapshot)
            .enable_iam_database_authentication(cluster.iam_authentication)
            .set_enable_cloudwatch_logs_exports((!logs.is_empty()).then_some(logs))
            .set_tags(Some(to_tags(cluster.tags)));
        request.send().await.answer(Operation::CreateDBCluster).map(|_| ())
    }

    pub(super) async fn describe_db_clusters(
        &self,
        call: DescribeDBClusters,
    ) -> Result<Vec<DbCluster>, ApiError> {
        let request = self.rds.describe_db_clusters().db_cluster_identifier(call.name);
        let answer = request.send().await.answer(Operation::DescribeDBClusters);
        let found = answer.or_none(&["DBClusterNotFoundFault"])?;
        Ok(each(found.and_then(|found| found.db_clusters), cluster))
    }

    pub(super) async fn modify_db_cluster(&self, call: ModifyDBCluster) -> Result<(), ApiError> {
        let changes = call.changes;
        let groups = changes.security_groups.clone().map(|groups| groups.into_iter().collect());
        let request = self.rds.modify_db_cluster().db_cluster_identifier(call.name);
        let request = request
            // Not in the next maintenance window: whoever applies waits for it.
            .apply_immediately(true)
            .set_cloudwatch_logs_export_configuration(log_changes(&changes))
            .set_db_cluster_instance_class(changes.class)
            .set_storage_type(changes.storage_type)
            .set_allocated_storage(changes.storage_gib)
            .set_iops(changes.iops)
            .set_vpc_security_group_ids(groups)
            .set_backup_retention_period(changes.backup_retention_days)
            .set_deletion_protection(changes.deletion_protection)
            .set_copy_tags_to_snapshot(changes.copy_tags_to_snapshot)
            .set_enable_iam_database_authentication(changes.iam_authentication);
        request.send().await.answer(Operation::ModifyDBCluster).map(|_| ())
    }

    pub(super) async fn delete_db_cluster(&self, call: DeleteDBCluster) -> Result<(), ApiError> {
        let request = self.rds.delete_db_cluster().db_cluster_identifier(call.name);
        let request = request
            .skip_final_snapshot(call.final_snapshot.is_none())
            .set_final_db_snapshot_identifier(call.final_snapshot);
        request.send().await.answer(Operation::DeleteDBCluster).map(|_| ())
    }

    pub(super) async fn list_rds_tags(&self, call: ListRdsTags) -> Result<Tags, ApiError> {
        let answer = self.rds.list_tags_for_resource().resource_name(call.arn).send().await;
        Ok(tags(answer.answer(Operation::ListRdsTags)?.tag_list))
    }

    pub(super) async fn add_rds_tags(&self, call: AddRdsTags) -> Result<(), ApiError> {
        let request = self.rds.add_tags_to_resource().resource_name(call.arn);
        let request = request.set_tags(Some(to_tags(call.tags)));
        request.send().await.answer(Operation::AddRdsTags).map(|_| ())
    }
}
