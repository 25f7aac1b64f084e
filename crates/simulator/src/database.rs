use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::assumptions as assumed;
use super::db_subnets::NO_GROUP;
use super::interfaces::NewInterface;
use super::store::Thing;
use super::world::{Answer, Event, World, find, refuse};
use skyward_aws::model::{DbCluster, DbMember, Tags};
use skyward_aws::{
    CreateDBCluster, DbClusterChanges, DeleteDBCluster, DescribeDBClusters, ModifyDBCluster,
};

/// A database cluster, and what is going to be changed of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Cluster {
    pub(super) cluster: DbCluster,
    pending: Option<DbClusterChanges>,
}

impl Thing for Cluster {
    fn tags(&self) -> &Tags {
        &self.cluster.tags
    }

    fn keys(&self) -> Vec<String> {
        let group = self.cluster.subnet_group.iter().map(|group| format!("subnet-group={group}"));
        group.chain([format!("arn={}", self.cluster.arn)]).collect()
    }
}

/// A snapshot of a database that is gone; it has its tags.
impl Thing for Tags {
    fn tags(&self) -> &Tags {
        self
    }

    fn keys(&self) -> Vec<String> {
        Vec::new()
    }
}

pub(super) const NO_CLUSTER: &str = "DBClusterNotFoundFault";
const STATE: &str = "InvalidDBClusterStateFault";

/// The classes of Multi-AZ DB clusters; of the first, also the medium one.
const FAMILIES: [&str; 10] =
    ["c6gd", "m5d", "m6gd", "m6id", "m8gd", "r5d", "r6gd", "r6id", "r8gd", "x2iedn"];

/// Whether there are Multi-AZ DB clusters of a class.
pub(super) fn has_clusters(class: &str) -> bool {
    let mut parts = class.split('.').skip(1);
    let (Some(family), Some(size)) = (parts.next(), parts.next()) else { return false };
    FAMILIES.contains(&family) && (family == "c6gd" || size != "medium")
}

pub(super) fn check_name(name: &str) -> Answer<()> {
    let is_good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name.len() <= 63
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(is_good)
    {
        return Ok(());
    }
    refuse("InvalidParameterValue", format!("The parameter {name} is not a valid identifier."))
}

impl World {
    fn check_cluster(&self, cluster: &DbCluster) -> Answer<()> {
        check_name(&cluster.name)?;
        if self.state.clusters.get(&cluster.name).is_some() {
            return refuse("DBClusterAlreadyExistsFault", "DB Cluster already exists");
        }
        if !["mysql", "postgres"].contains(&cluster.engine.as_str()) {
            return refuse(
                "InvalidParameterValue",
                format!("Invalid DB engine: {}", cluster.engine),
            );
        }
        let class = cluster.class.as_deref().unwrap_or_default();
        if !has_clusters(class) {
            let message =
                format!("The DB instance class {class} isn't supported for Multi-AZ DB clusters.");
            return refuse("InvalidParameterCombination", message);
        }
        let (storage, iops) = (cluster.storage_gib.unwrap_or(0), cluster.iops);
        match cluster.storage_type.as_deref() {
            Some("io1") if storage < 100 || iops.unwrap_or(0) < 1000 => {
                return refuse(
                    "InvalidParameterCombination",
                    "io1 takes 100 GiB and 1000 IOPS at least.",
                );
            }
            Some("gp3") if storage < 20 => {
                return refuse("InvalidParameterCombination", "gp3 takes 20 GiB at least.");
            }
            Some("io1" | "gp3") => {}
            other => {
                return refuse("InvalidParameterValue", format!("Invalid storage type: {other:?}"));
            }
        }
        if !(1..=35).contains(&cluster.backup_retention_days) {
            return refuse("InvalidParameterValue", "Backup retention is 1 to 35 days.");
        }
        let count = self.state.clusters.len();
        self.quota("DB clusters", count, "DBClusterQuotaExceededFault")?;
        self.quota("DB instances", count * 3 + 2, "InstanceQuotaExceeded")
    }

    pub(super) fn create_db_cluster(&mut self, call: CreateDBCluster) -> Answer<()> {
        let mut cluster = call.cluster;
        self.check_cluster(&cluster)?;
        let group = cluster.subnet_group.clone().unwrap_or_default();
        let group = find(&self.state.subnet_groups, &group, self.view, NO_GROUP)?.group.clone();
        let zones = group
            .subnets
            .iter()
            .filter_map(|id| self.state.subnets.get(id))
            .map(|subnet| &subnet.zone);
        if zones.collect::<BTreeSet<_>>().len() < 3 {
            let message =
                "A Multi-AZ DB cluster needs a DB subnet group of three Availability Zones.";
            return refuse("DBSubnetGroupDoesNotCoverEnoughAZs", message);
        }
        if let Some(missing) =
            cluster.security_groups.iter().find(|id| self.state.groups.get(id).is_none())
        {
            return refuse("InvalidParameterValue", format!("Invalid security group: {missing}"));
        }
        if self.no_database_capacity {
            let message = "The specified DB instance class isn't available in the specified Availability Zones.";
            return refuse("InsufficientDBInstanceCapacity", message);
        }
        let name = cluster.name.clone();
        cluster.arn = self.arn("rds", &format!("cluster:{name}"));
        cluster.status = "creating".into();
        let is_mysql = cluster.engine == "mysql";
        if cluster.engine_version.is_empty() {
            cluster.engine_version = if is_mysql { "8.4.6" } else { "17.6" }.into();
        }
        cluster.port = Some(cluster.port.unwrap_or(if is_mysql { 3306 } else { 5432 }));
        if cluster.storage_type.as_deref() == Some("gp3") {
            // What is included is shown as if it had been asked for.
            cluster.iops = Some(cluster.iops.unwrap_or(3000));
        }
        cluster.secret = Some(self.arn("secretsmanager", &format!("secret:rds!cluster-{name}")));
        cluster.members = Vec::new();
        let groups: Vec<String> = cluster.security_groups.iter().cloned().collect();
        for subnet in &group.subnets {
            self.add_interface(NewInterface {
                owner: &cluster.arn,
                subnet,
                vpc: &group.vpc,
                description: "RDSNetworkInterface".into(),
                groups: &groups,
                is_mapped: false,
            });
        }
        self.state.clusters.put(self.moment(), &name, Cluster { cluster, pending: None });
        let assumed = self.sample(assumed::DATABASE_CREATE);
        let minutes =
            self.database_minutes.map(|minutes| Duration::from_secs(u64::from(minutes) * 60));
        self.later(minutes.unwrap_or(assumed), Event::ClusterReady(name));
        Ok(())
    }

    pub(super) fn cluster_ready(&mut self, name: &str) {
        let region = self.region.clone();
        self.state.clusters.update(self.moment(), name, |record| {
            let cluster = &mut record.cluster;
            if cluster.status != "creating" {
                return;
            }
            cluster.status = "available".into();
            let endpoint =
                |part| Some(format!("{name}.cluster-{part}simulated.{region}.rds.amazonaws.com"));
            (cluster.endpoint, cluster.reader_endpoint) = (endpoint(""), endpoint("ro-"));
            let member = |number| DbMember {
                instance: format!("{name}-instance-{number}"),
                is_writer: number == 1,
            };
            cluster.members = [1, 2, 3].map(member).into();
        });
    }

    pub(super) fn describe_db_clusters(
        &mut self,
        call: DescribeDBClusters,
    ) -> Answer<Vec<DbCluster>> {
        match self.state.clusters.seen(&call.name, self.view) {
            Some(record) => Ok(vec![record.cluster.clone()]),
            None => refuse(NO_CLUSTER, format!("DBCluster {} not found.", call.name)),
        }
    }

    /// Deletion protection changes at once; everything else begins a moment later, and is shown when it is done.
    pub(super) fn modify_db_cluster(&mut self, call: ModifyDBCluster) -> Answer<()> {
        let record = find(&self.state.clusters, &call.name, self.view, NO_CLUSTER)?;
        if record.cluster.status != "available" || record.pending.is_some() {
            return refuse(STATE, "DB cluster is not in available state.");
        }
        if call.changes.backup_retention_days.is_some_and(|days| !(1..=35).contains(&days)) {
            return refuse("InvalidParameterValue", "Backup retention is 1 to 35 days.");
        }
        if call.changes.class.as_deref().is_some_and(|class| !has_clusters(class)) {
            return refuse("InvalidParameterCombination", "No Multi-AZ DB clusters of this class.");
        }
        if call.changes.storage_gib < record.cluster.storage_gib
            && call.changes.storage_gib.is_some()
        {
            return refuse("InvalidParameterCombination", "Storage cannot become less.");
        }
        let mut changes = call.changes;
        let protection = changes.deletion_protection.take();
        let has_more = changes != DbClusterChanges::default();
        self.state.clusters.update(self.moment(), &call.name, |record| {
            record.cluster.deletion_protection =
                protection.unwrap_or(record.cluster.deletion_protection);
            record.pending = has_more.then_some(changes);
        });
        if has_more {
            self.after(assumed::DATABASE_BEGIN, Event::ClusterChanges(call.name));
        }
        Ok(())
    }

    pub(super) fn cluster_changes(&mut self, name: &str) {
        let Some(record) = self.state.clusters.get(name) else { return };
        let Some(changes) = record.pending.as_ref() else { return };
        let is_long = changes.class.is_some()
            || changes.storage_type.is_some()
            || changes.storage_gib.is_some()
            || changes.iops.is_some();
        let lasts = if is_long { assumed::DATABASE_CHANGE } else { assumed::DATABASE_SETTING };
        self.state
            .clusters
            .update(self.moment(), name, |record| record.cluster.status = "modifying".into());
        self.after(lasts, Event::ClusterChanged(name.to_owned()));
    }

    pub(super) fn cluster_changed(&mut self, name: &str) {
        let mut owner = None;
        self.state.clusters.update(self.moment(), name, |record| {
            let Some(changes) = record.pending.take() else { return };
            apply(&mut record.cluster, changes);
            record.cluster.status = "available".into();
            owner = Some((record.cluster.arn.clone(), record.cluster.security_groups.clone()));
        });
        if let Some((owner, groups)) = owner {
            self.regroup_interfaces_of(&owner, &groups);
        }
    }

    pub(super) fn delete_db_cluster(&mut self, call: DeleteDBCluster) -> Answer<()> {
        let record = find(&self.state.clusters, &call.name, self.view, NO_CLUSTER)?;
        if record.cluster.deletion_protection {
            let message = "Cannot delete protected Cluster, please disable deletion protection and try again.";
            return refuse("InvalidParameterCombination", message);
        }
        if record.cluster.status != "available" {
            let message = format!(
                "DB cluster is in state {}, not in available state.",
                record.cluster.status
            );
            return refuse(STATE, message);
        }
        let mut lasts = self.sample(assumed::DATABASE_DELETE);
        if let Some(snapshot) = &call.final_snapshot {
            if self.state.snapshots.get(snapshot).is_some() {
                let message =
                    format!("Cannot create the snapshot because {snapshot} already exists.");
                return refuse("DBClusterSnapshotAlreadyExistsFault", message);
            }
            lasts += self.sample(assumed::SNAPSHOT);
            let cluster = &self.state.clusters.get(&call.name).expect("it is known").cluster;
            let tags =
                if cluster.copy_tags_to_snapshot { cluster.tags.clone() } else { Tags::new() };
            self.state.snapshots.put(self.moment(), snapshot, tags);
        }
        self.state.clusters.update(self.moment(), &call.name, |record| {
            record.cluster.status = "deleting".into();
            record.pending = None;
        });
        self.later(lasts, Event::ClusterGone(call.name));
        Ok(())
    }

    pub(super) fn cluster_gone(&mut self, name: &str) {
        if let Some(record) = self.state.clusters.remove(self.moment(), name) {
            self.leave_interfaces_of(&record.cluster.arn);
        }
    }
}

fn apply(cluster: &mut DbCluster, changes: DbClusterChanges) {
    cluster.class = changes.class.or(cluster.class.take());
    cluster.storage_type = changes.storage_type.or(cluster.storage_type.take());
    cluster.storage_gib = changes.storage_gib.or(cluster.storage_gib);
    cluster.iops = changes.iops.or(cluster.iops);
    if let Some(groups) = changes.security_groups {
        cluster.security_groups = groups;
    }
    cluster.backup_retention_days =
        changes.backup_retention_days.unwrap_or(cluster.backup_retention_days);
    cluster.copy_tags_to_snapshot =
        changes.copy_tags_to_snapshot.unwrap_or(cluster.copy_tags_to_snapshot);
    cluster.iam_authentication = changes.iam_authentication.unwrap_or(cluster.iam_authentication);
    cluster.log_exports.extend(changes.enable_logs);
    cluster.log_exports.retain(|log| !changes.disable_logs.contains(log));
}
