//! Multi-AZ DB clusters and the snapshots that outlive them.

mod snapshot;

use crate::kind::simulated::db_subnet_group::{self, DbSubnetGroupRecord};
use crate::kind::simulated::network_interface::{self, NewInterface};
use crate::kind::simulated::prelude::*;
use crate::kind::simulated::{log_group, role};

pub(crate) use snapshot::Snapshot;

/// A database cluster, and the changes of it that are still to come.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct DbClusterRecord {
    cluster: DbCluster,
    pending: Option<DbClusterChanges>,
}

const CREATE: Assumption =
    seconds("Multi-AZ DB cluster: creating until available", 480.0, 1200.0, Unverified);
const BEGIN: Assumption =
    seconds("DB cluster: still available after a change was asked for", 1.0, 8.0, Unverified);
const CHANGE: Assumption =
    seconds("DB cluster: modifying class, storage or operations", 300.0, 900.0, Unverified);
const SETTING: Assumption = seconds("DB cluster: modifying anything else", 10.0, 60.0, Unverified);
const DELETE: Assumption = seconds("DB cluster: deleting until gone", 360.0, 600.0, Unverified);
const SNAPSHOT: Assumption =
    seconds("the same, longer for a final snapshot", 60.0, 240.0, Unverified);
const READY: Event = Event::new("DB cluster ready", World::cluster_ready);
const CHANGES: Event = Event::new("DB cluster changes", World::cluster_changes);
const CHANGED: Event = Event::new("DB cluster changed", World::cluster_changed);
const GONE: Event = Event::new("DB cluster gone", World::cluster_gone);
const QUOTA: DefaultQuota = DefaultQuota::new("DB clusters", 40, "DBClusterQuotaExceededFault");
const INSTANCES: DefaultQuota = DefaultQuota::new("DB instances", 40, "InstanceQuotaExceeded");
const STATE: &str = "InvalidDBClusterStateFault";
/// Source: eks-workshop-v2, issue 1609.
const NO_ROLE: (&str, &str) = (
    "InvalidParameterValue",
    "Unable to create the resource. Verify that you have permission to create service linked role. Otherwise wait and try again later",
);
/// The number of instances in a Multi-AZ DB cluster.
const NODES: usize = 3;

impl Kind for DbClusterRecord {
    const NAME: &'static str = "db-cluster";
    const MISSING: &'static str = "DBClusterNotFoundFault";
    const TAGGED_AS: Option<&'static str> = Some("cluster");
    const EVENTS: &'static [Event] = &[READY, CHANGES, CHANGED, GONE];
    const ASSUMPTIONS: &'static [Assumption] = &[CREATE, BEGIN, CHANGE, SETTING, DELETE, SNAPSHOT];
    const QUOTAS: &'static [DefaultQuota] = &[QUOTA, INSTANCES];
    const RULES: &'static [Behaviour] = &[
        ("A DB cluster takes changes and its deletion only while it is available", Unverified),
        ("Deletion protection of a DB cluster changes at once", Unverified),
        (
            "gp3 shows the 3000 operations a second that are included, whether they were asked for or not",
            Unverified,
        ),
        (
            "A DB cluster from a snapshot has its user with the password of then, which no secret holds before a change asks for one (aws-cdk issue 21730, ModifyDBCluster)",
            Documents,
        ),
        ("A snapshot is restored with its own engine alone", Unverified),
    ];

    tags!(cluster.tags);

    fn keys(&self) -> Vec<String> {
        self.cluster.subnet_group.iter().map(|group| format!("subnet-group={group}")).collect()
    }

    fn state(&self) -> String {
        self.cluster.status.clone()
    }
}

/// The families of the classes of Multi-AZ DB clusters, each with its sizes; a number is one of times `xlarge`. Sources: "Instance class
/// availability for Multi-AZ DB clusters", and for the sizes between the smallest and the largest "Amazon EC2 instance types".
const FAMILIES: [(&str, &str); 10] = [
    ("c6gd", "medium large xlarge 2 4 8 12 16"),
    ("m5d", "large xlarge 2 4 8 12 16 24"),
    ("m6gd", "large xlarge 2 4 8 12 16"),
    ("m6id", "large xlarge 2 4 8 12 16 24 32"),
    ("m8gd", "large xlarge 2 4 8 12 16 24 48"),
    ("r5d", "large xlarge 2 4 8 12 16 24"),
    ("r6gd", "large xlarge 2 4 8 12 16"),
    ("r6id", "large xlarge 2 4 8 12 16 24 32"),
    ("r8gd", "large xlarge 2 4 8 12 16 24 48"),
    ("x2iedn", "xlarge 2 4 8 16 24 32"),
];

/// Tells whether there are Multi-AZ DB clusters of a class.
pub(crate) fn has_clusters(class: &str) -> bool {
    let parts = class.strip_prefix("db.").and_then(|class| class.split_once('.'));
    let Some((family, size)) = parts else { return false };
    let of_family = FAMILIES.iter().find(|(name, _)| *name == family);
    let is_size = |one: &str| match one.parse::<u32>() {
        Ok(times) => size == format!("{times}xlarge"),
        Err(_) => size == one,
    };
    of_family.is_some_and(|(_, sizes)| sizes.split(' ').any(is_size))
}

impl World {
    pub(crate) fn describe_rds_account_attributes(
        &mut self,
        _: DescribeRdsAccountAttributes,
    ) -> Answer<Vec<Quota>> {
        let clusters = self.count::<DbClusterRecord>();
        let groups = self.count::<DbSubnetGroupRecord>();
        Ok(vec![
            self.quota_as("DBInstances", &INSTANCES, Some(clusters * NODES)),
            self.quota_as("DBClusters", &QUOTA, Some(clusters)),
            self.quota_as("DBSubnetGroups", &db_subnet_group::QUOTA, Some(groups)),
        ])
    }

    fn check_cluster(&self, cluster: &DbCluster) -> Answer<()> {
        db_subnet_group::check_name(&cluster.name)?;
        if self.get::<DbClusterRecord>(&cluster.name).is_some() {
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
        let count = self.count::<DbClusterRecord>();
        self.room(&QUOTA, count)?;
        self.room(&INSTANCES, count * NODES + NODES - 1)
    }

    pub(crate) fn create_db_cluster(&mut self, call: CreateDBCluster) -> Answer<()> {
        let mut cluster = call.cluster;
        cluster.secret = Some(self.secret(&cluster.name));
        self.begin_cluster(cluster)
    }

    /// The secret that RDS makes for the password of a cluster.
    fn secret(&self, cluster: &str) -> String {
        self.arn("secretsmanager", &format!("secret:rds!cluster-{cluster}"))
    }

    /// Begins to make a cluster, new or from a snapshot.
    fn begin_cluster(&mut self, mut cluster: DbCluster) -> Answer<()> {
        role::linked(self, "rds", NO_ROLE)?;
        self.check_cluster(&cluster)?;
        let group = cluster.subnet_group.clone().unwrap_or_default();
        let group = self.find::<DbSubnetGroupRecord>(&group)?.group.clone();
        let zones =
            group.subnets.iter().filter_map(|id| self.get::<Subnet>(id)).map(|subnet| &subnet.zone);
        if zones.collect::<BTreeSet<_>>().len() < 3 {
            let message =
                "A Multi-AZ DB cluster needs a DB subnet group of three Availability Zones.";
            return refuse("DBSubnetGroupDoesNotCoverEnoughAZs", message);
        }
        if let Some(missing) =
            cluster.security_groups.iter().find(|id| self.get::<SecurityGroup>(id).is_none())
        {
            return refuse("InvalidParameterValue", format!("Invalid security group: {missing}"));
        }
        if self.accidents.no_database_capacity {
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
            // RDS shows the operations that are included as if they had been asked for.
            cluster.iops = Some(cluster.iops.unwrap_or(3000));
        }
        cluster.members = Vec::new();
        for subnet in &group.subnets {
            network_interface::add(
                self,
                NewInterface {
                    owner: &cluster.arn,
                    subnet,
                    vpc: &group.vpc,
                    description: "RDSNetworkInterface".into(),
                    groups: &cluster.security_groups,
                    is_mapped: false,
                },
            );
        }
        self.put(&name, DbClusterRecord { cluster, pending: None });
        let assumed = self.sample(CREATE);
        let minutes =
            self.accidents.database_minutes.map(|minutes| Time::from_secs(u64::from(minutes) * 60));
        self.later(minutes.unwrap_or(assumed), READY, &name);
        Ok(())
    }

    pub(crate) fn cluster_ready(&mut self, name: &str) {
        let region = self.region.clone();
        let domain = self.partition().domain;
        self.update::<DbClusterRecord>(name, |record| {
            let cluster = &mut record.cluster;
            if cluster.status != "creating" {
                return;
            }
            cluster.status = "available".into();
            let endpoint =
                |part| Some(format!("{name}.cluster-{part}simulated.{region}.rds.{domain}"));
            (cluster.endpoint, cluster.reader_endpoint) = (endpoint(""), endpoint("ro-"));
            let member = |number| DbMember {
                instance: format!("{name}-instance-{number}"),
                is_writer: number == 1,
            };
            cluster.members = [1, 2, 3].map(member).into();
        });
        self.begin_logs(name);
    }

    /// "Publishing database logs to Amazon CloudWatch Logs": a group for each log of a cluster.
    fn begin_logs(&mut self, name: &str) {
        let record = self.get::<DbClusterRecord>(name);
        let logs = record.map(|record| record.cluster.log_exports.clone()).unwrap_or_default();
        for log in logs {
            log_group::begin(self, &format!("/aws/rds/cluster/{name}/{log}"));
        }
    }

    pub(crate) fn describe_db_clusters(
        &mut self,
        call: DescribeDBClusters,
    ) -> Answer<Vec<DbCluster>> {
        match self.seen::<DbClusterRecord>(&call.name) {
            Some(record) => Ok(vec![record.cluster.clone()]),
            None => refuse(DbClusterRecord::MISSING, format!("DBCluster {} not found.", call.name)),
        }
    }

    /// Deletion protection changes at once; everything else begins a moment later, and is shown when it is done.
    pub(crate) fn modify_db_cluster(&mut self, call: ModifyDBCluster) -> Answer<()> {
        let record = self.find::<DbClusterRecord>(&call.name)?;
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
        self.update::<DbClusterRecord>(&call.name, |record| {
            record.cluster.deletion_protection =
                protection.unwrap_or(record.cluster.deletion_protection);
            record.pending = has_more.then_some(changes);
        });
        if has_more {
            self.after(BEGIN, CHANGES, &call.name);
        }
        Ok(())
    }

    pub(crate) fn cluster_changes(&mut self, name: &str) {
        let Some(record) = self.get::<DbClusterRecord>(name) else { return };
        let Some(changes) = record.pending.as_ref() else { return };
        let is_long = changes.class.is_some()
            || changes.storage_type.is_some()
            || changes.storage_gib.is_some()
            || changes.iops.is_some();
        let lasts = if is_long { CHANGE } else { SETTING };
        self.update::<DbClusterRecord>(name, |record| record.cluster.status = "modifying".into());
        self.after(lasts, CHANGED, name);
    }

    pub(crate) fn cluster_changed(&mut self, name: &str) {
        let mut owner = None;
        let secret = self.secret(name);
        self.update::<DbClusterRecord>(name, |record| {
            let Some(changes) = record.pending.take() else { return };
            if changes.managed_password == Some(true) {
                record.cluster.secret = Some(secret);
            }
            apply(&mut record.cluster, changes);
            record.cluster.status = "available".into();
            owner = Some((record.cluster.arn.clone(), record.cluster.security_groups.clone()));
        });
        if let Some((owner, groups)) = owner {
            network_interface::regroup(self, &owner, &groups);
        }
        self.begin_logs(name);
    }

    pub(crate) fn delete_db_cluster(&mut self, call: DeleteDBCluster) -> Answer<()> {
        let record = self.find::<DbClusterRecord>(&call.name)?;
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
        let mut lasts = self.sample(DELETE);
        if let Some(snapshot) = &call.final_snapshot {
            if self.get::<Snapshot>(snapshot).is_some() {
                let message =
                    format!("Cannot create the snapshot because {snapshot} already exists.");
                return refuse("DBClusterSnapshotAlreadyExistsFault", message);
            }
            lasts += self.sample(SNAPSHOT);
            let record = self.get::<DbClusterRecord>(&call.name).expect("it is known");
            let cluster = record.cluster.clone();
            snapshot::begin(self, snapshot, &cluster);
        }
        self.update::<DbClusterRecord>(&call.name, |record| {
            record.cluster.status = "deleting".into();
            record.pending = None;
        });
        self.later(lasts, GONE, &call.name);
        Ok(())
    }

    pub(crate) fn cluster_gone(&mut self, name: &str) {
        if let Some(record) = self.remove::<DbClusterRecord>(name) {
            network_interface::leave(self, &record.cluster.arn, |_| true);
        }
        snapshot::finish(self, name);
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
