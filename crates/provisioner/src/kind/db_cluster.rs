//! The database: an RDS Multi-AZ DB cluster with a writer and two readable standbys, one in each zone. Not Aurora.
//!
//! RDS makes the password and keeps it in Secrets Manager; it is never seen here. AWS's own waiters give up after 30 minutes,
//! and clusters have taken 40: this one waits longer. A new one may be made from a snapshot.

mod access;
mod change;
mod left;
mod order;
mod restore;

use skyward_aws::{
    AddRdsTags, DbClusterChanges, DeleteDBCluster, DescribeDBClusters, ModifyDBCluster,
    RemoveRdsTags,
};
use skyward_config::{DatabaseEngine, DatabaseStorage, Run};

use super::{DbSubnetGroup, security_group};
use crate::resource::prelude::*;
use crate::stack::RESTORED_TAG;
use crate::workload::DATABASE;
use access::{DATABASE_MEMBERS, DATABASE_WITH, KEY, RESTORED, SECRET, SNAPSHOT};
pub(crate) use access::{DATABASE_NEW, DATABASE_OWN, READ_DATABASE};
pub(crate) use change::outputs;
use change::{look, readiness, wait};
use left::LOG_GROUP;

/// The instances of a cluster, each of which has the whole storage.
const INSTANCES: i64 = 3;
/// The operations a second of io1 that are asked for where none are configured: with 100 GiB, the least that is known to be taken.
const LEAST_IO1: u32 = 1000;

/// The database.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "they are RDS's own settings")]
pub struct DbCluster {
    pub(crate) name: String,
    pub(crate) engine: String,
    pub(crate) class: String,
    pub(crate) storage_type: String,
    pub(crate) storage_gib: i32,
    /// None: the storage's own.
    pub(crate) iops: Option<i32>,
    pub(crate) subnet_group: Id,
    pub(crate) security_groups: BTreeSet<Id>,
    /// A snapshot has its own, and none is changed, so it is no difference.
    #[serde(skip)]
    pub(crate) user: String,
    /// The database that is made in it, where the service is to find one. It is made with the cluster alone, so it is no difference.
    #[serde(skip)]
    pub(crate) database: Option<String>,
    pub(crate) managed_password: bool,
    pub(crate) encrypted: bool,
    pub(crate) deletion_protection: bool,
    pub(crate) backup_retention_days: i32,
    pub(crate) copy_tags_to_snapshot: bool,
    pub(crate) log_exports: BTreeSet<String>,
    /// The snapshot that it is made from.
    pub(crate) restored_from: Option<String>,
}

/// Sets the tags of something of RDS; other people's stay.
pub(crate) async fn set_tags(step: &StepContext<'_>, arn: &str) -> Result<(), CallError> {
    let arn = || arn.to_owned();
    step.change_tags(
        |tags| AddRdsTags { arn: arn(), tags },
        |names| RemoveRdsTags { arn: arn(), names },
    )
    .await
}

fn engine(aws: &Aws) -> &'static str {
    match aws.database_engine {
        DatabaseEngine::Mysql => "mysql",
        DatabaseEngine::Postgres => "postgres",
    }
}

fn storage(aws: &Aws) -> &'static str {
    match aws.database_storage {
        DatabaseStorage::Gp3 => "gp3",
        DatabaseStorage::Io1 => "io1",
    }
}

/// Puts a cluster's endpoints among the outputs.
fn offer(cluster: &model::DbCluster, outputs: &mut Outputs) {
    outputs.database.clone_from(&cluster.endpoint);
    outputs.database_reader.clone_from(&cluster.reader_endpoint);
    outputs.database_port = cluster.port;
    outputs.database_secret.clone_from(&cluster.secret);
}

impl Resource for DbCluster {
    const ID: &'static str = "db-cluster";
    const NAME: &'static str = "Multi-AZ DB cluster";
    const DATA: Option<&'static str> = Some("the database is deleted with its data");
    const SETTLES_LATE: bool = true;
    const LEFT_TO_AWS: &'static [&'static str] = &["iops", "restored_from"];
    const QUOTAS: &'static [QuotaUse] = &[
        QuotaUse { quota: "DBClusters", what: "DB clusters", each: 1, counts_all: false },
        // The instances of a cluster count as well.
        QuotaUse { quota: "DBInstances", what: "DB instances", each: 3, counts_all: false },
    ];
    const GRANTS: &'static [Grants] = grants! {
        All [READ_DATABASE]: DescribeDBClusters;
        All [READ]: DescribeOrderableDBInstanceOptions;
        Apply [DATABASE_NEW, DATABASE_WITH] "rds:AddTagsToResource" on DATABASE_NEW,
            "rds:CreateDBInstance" on DATABASE_MEMBERS, "secretsmanager:CreateSecret" on SECRET,
            "secretsmanager:TagResource" on SECRET, "kms:DescribeKey" on KEY,
            "iam:CreateServiceLinkedRole" on LINKED_ROLE: CreateDBCluster;
        Apply if restore::is_asked [DATABASE_NEW, DATABASE_WITH, RESTORED] "kms:CreateGrant" on KEY: RestoreDBClusterFromSnapshot;
        ApplyAndDestroy [DATABASE_OWN] "rds:ModifyDBInstance" on DATABASE_MEMBERS: ModifyDBCluster;
        ApplyAndDestroy [DATABASE_OWN, SNAPSHOT] "rds:DeleteDBInstance" on DATABASE_MEMBERS,
            "rds:CreateDBClusterSnapshot" on DATABASE_OWN, "rds:CreateDBClusterSnapshot" on SNAPSHOT,
            "rds:AddTagsToResource" on SNAPSHOT: DeleteDBCluster;
        All [READ]: DescribeDBClusterSnapshots, DescribeLogGroups;
        Destroy [SNAPSHOT]: DeleteDBClusterSnapshot;
        Destroy [LOG_GROUP]: DeleteLogGroup;
    };

    type Answer = Option<model::DbCluster>;

    fn desired(stack: &Stack<'_>) -> Vec<Wanted<Self>> {
        let aws = stack.aws;
        let logs: &[&str] = match aws.database_engine {
            DatabaseEngine::Mysql => &["error", "slowquery"],
            DatabaseEngine::Postgres => &["postgresql"],
        };
        let least = (aws.database_storage == DatabaseStorage::Io1).then_some(LEAST_IO1);
        let number = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
        let spec = Self {
            name: stack.names.database(),
            engine: engine(aws).into(),
            class: aws.database_class.clone(),
            storage_type: storage(aws).into(),
            storage_gib: number(aws.database_storage_gib),
            iops: aws.database_iops.or(least).map(number),
            subnet_group: "db-subnet-group".into(),
            security_groups: BTreeSet::from(["security-group/database".into()]),
            user: DATABASE.into(),
            database: (aws.run == Run::Service).then(|| DATABASE.to_owned()),
            managed_password: true,
            encrypted: true,
            deletion_protection: aws.deletion_protection,
            backup_retention_days: aws.backup_days.into(),
            copy_tags_to_snapshot: true,
            log_exports: logs.iter().map(|log| (*log).to_owned()).collect(),
            restored_from: aws.restore_from.clone(),
        };
        vec![Wanted::new("db-cluster", spec)]
    }

    fn refs(&self) -> Vec<&Id> {
        self.security_groups.iter().chain([&self.subnet_group]).collect()
    }

    async fn read(reader: &Reader<'_>) -> Self::Answer {
        reader.first(DescribeDBClusters { name: reader.names.database() }).await
    }

    fn find(answer: &Self::Answer, observation: &mut Observation<'_>) {
        let Some(cluster) = answer else { return };
        // Both have the same name: this does not depend on whether the group is seen at this moment.
        let subnet_group = match &cluster.subnet_group {
            Some(group) if *group == observation.names.database() => "db-subnet-group".into(),
            Some(group) => observation.id::<DbSubnetGroup>(group),
            None => Id::new(""),
        };
        let spec = Self {
            name: cluster.name.clone(),
            engine: cluster.engine.clone(),
            class: cluster.class.clone().unwrap_or_default(),
            storage_type: cluster.storage_type.clone().unwrap_or_default(),
            storage_gib: cluster.storage_gib.unwrap_or_default(),
            iops: cluster.iops,
            subnet_group,
            security_groups: security_group::ids_of(observation, &cluster.security_groups),
            user: cluster.user.clone().unwrap_or_default(),
            database: None,
            managed_password: cluster.secret.is_some(),
            encrypted: cluster.encrypted,
            deletion_protection: cluster.deletion_protection,
            backup_retention_days: cluster.backup_retention_days,
            copy_tags_to_snapshot: cluster.copy_tags_to_snapshot,
            log_exports: cluster.log_exports.clone(),
            restored_from: cluster.tags.get(RESTORED_TAG).cloned(),
        };
        let found = Found::new("db-cluster", &cluster.name, spec, &cluster.tags);
        let found = found.in_state(readiness(&cluster.status));
        if observation.keep_named(&cluster.name, found) {
            offer(cluster, &mut observation.observed.outputs);
        }
    }

    fn is_in_place(field: &str) -> bool {
        let fixed = ["name", "engine", "subnet_group", "encrypted"];
        !fixed.contains(&field)
    }

    async fn ensure(&self, step: &StepContext<'_>) -> Result<(), CallError> {
        let name = &self.name;
        step.run.remember(step.id(), name);
        let is_new = step.existing().is_none();
        if is_new {
            self.create(step).await?;
        }
        // An interrupted `destroy` may have begun to delete it: then its name becomes free, and it is created again.
        while !wait(step, name, None).await? {
            self.create(step).await?;
        }
        if is_new && self.restored_from.is_none() {
            return Ok(());
        }
        step.update_tags::<Self>(name).await?;
        self.modify(step).await
    }

    async fn delete(step: &StepContext<'_>, name: &str) -> Result<(), CallError> {
        let (caller, settings) = (step.run.caller, step.run.settings);
        // It can be changed and deleted only between its other states.
        let policy = RetryPolicy { not_yet: Duration::ZERO, ..RetryPolicy::DELETE };
        loop {
            let Some(cluster) = look(step, name).await? else { return Ok(()) };
            if cluster.status == "deleting" {
                break;
            }
            let result = if cluster.deletion_protection {
                step.progress("lifting the protection against deletion");
                let changes =
                    DbClusterChanges { deletion_protection: Some(false), ..Default::default() };
                caller.send(ModifyDBCluster { name: name.to_owned(), changes }, policy).await
            } else {
                let stamp = settings.now.strftime("%Y%m%d-%H%M%S");
                let final_snapshot = settings.has_final_snapshot.then(|| format!("{name}-{stamp}"));
                let call = DeleteDBCluster { name: name.to_owned(), final_snapshot };
                match caller.send(call, policy).await {
                    Ok(()) => break,
                    Err(error) => Err(error),
                }
            };
            match result {
                Ok(()) => {}
                Err(error) if error.class() == Some(Class::NotFound) => return Ok(()),
                Err(error) if error.class() == Some(Class::NotYet) => {}
                // The protection is lifted, and what is seen of it is older.
                Err(CallError::Api(error)) if error.code == "InvalidParameterCombination" => {}
                Err(error) => return Err(error),
            }
            step.pause(&cluster.status).await?;
        }
        while let Some(cluster) = look(step, name).await? {
            step.pause(&cluster.status).await?;
        }
        Ok(())
    }

    async fn set_tags(step: &StepContext<'_>, name: &str) -> Result<(), CallError> {
        let Some(cluster) = look(step, name).await? else { return Ok(()) };
        set_tags(step, &cluster.arn).await
    }

    /// There is no end to the patience with a database: 40 minutes were seen.
    fn estimate(action: Action) -> Estimate {
        match action {
            Action::Create | Action::Replace | Action::Wait => {
                Estimate::seconds(420, 720, 7200).up_to(1200)
            }
            Action::Update => Estimate::seconds(5, 300, 7200),
            Action::Delete => Estimate::seconds(300, 480, 7200),
            Action::None => Estimate::NOTHING,
        }
    }

    fn name_limit(&self) -> Option<NameLimit<'_>> {
        Some(NameLimit { name: &self.name, longest: 63 })
    }

    async fn offered_in(reader: &Reader<'_>, aws: &Aws) -> Option<ZoneOffer> {
        order::zones(reader, aws).await
    }

    async fn check(
        &self,
        reader: &Reader<'_>,
        aws: &Aws,
        change: (Action, &[Difference]),
    ) -> Vec<Finding> {
        let mut findings = restore::check(self, reader, change).await;
        findings.extend(order::check(self, reader, aws, change).await);
        findings
    }

    async fn leftovers(reader: &Reader<'_>) -> Vec<Leftover> {
        left::find(reader).await
    }

    async fn outputs(reader: &Reader<'_>, _: &Aws, outputs: &mut Outputs) {
        if let Some(cluster) = Self::read(reader).await {
            offer(&cluster, outputs);
        }
    }

    /// Each of the cluster's instances has the whole storage, and pays for it.
    fn price(&self, _: &Topology, bill: &mut Bill) {
        let what = format!("DB cluster of {INSTANCES} × {}", self.class);
        bill.line(Section::Data, what, (HOURS, "hour"), order::price(&self.class));
        let size = i64::from(self.storage_gib);
        let what = format!("{INSTANCES} × {size} GiB of {}, its storage", self.storage_type);
        let price = order::storage_price(&self.storage_type);
        bill.line(Section::Data, what, (INSTANCES * size, "GiB"), price);
        let (included, price) = order::operations_price(&self.storage_type, size);
        let paid = i64::from(self.iops.unwrap_or(0)) - included;
        if paid > 0 {
            let what = format!("{INSTANCES} × {paid} operations a second of its storage");
            bill.line(Section::Data, what, (INSTANCES * paid, "IOPS"), price);
        }
        if self.managed_password {
            let what = "1 secret, the database's password";
            bill.line(Section::Data, what, (1, "secret"), Some(order::SECRET));
        }
    }

    fn detail(&self) -> String {
        let iops =
            self.iops.map(|iops| format!(" with {iops} operations a second")).unwrap_or_default();
        let from = self.restored_from.as_ref();
        let from = from.map(|snapshot| format!(", from snapshot {snapshot}")).unwrap_or_default();
        format!(
            "{} on {INSTANCES} × {}, {} GiB of {}{iops}, backups of {} days{from}",
            self.engine,
            self.class,
            self.storage_gib,
            self.storage_type,
            self.backup_retention_days
        )
    }

    fn template(&self, id: &Id, template: &mut Template<'_>) {
        let groups: Vec<Value> =
            self.security_groups.iter().map(|group| attribute(group, "GroupId")).collect();
        let mut properties = json!({
            "DBClusterIdentifier": self.name,
            "Engine": self.engine,
            "EngineLifecycleSupport": "open-source-rds-extended-support-disabled",
            "DBClusterInstanceClass": self.class,
            "StorageType": self.storage_type,
            "AllocatedStorage": self.storage_gib,
            "DBSubnetGroupName": reference(&self.subnet_group),
            "VpcSecurityGroupIds": groups,
            "ManageMasterUserPassword": self.managed_password,
            "PubliclyAccessible": false,
            "DeletionProtection": self.deletion_protection,
            "BackupRetentionPeriod": self.backup_retention_days,
            "CopyTagsToSnapshot": self.copy_tags_to_snapshot,
            "EnableCloudwatchLogsExports": self.log_exports,
            "Tags": template.tags(id),
        });
        if let Some(iops) = self.iops {
            properties["Iops"] = json!(iops);
        }
        if let Some(snapshot) = &self.restored_from {
            properties["SnapshotIdentifier"] = json!(snapshot);
        } else {
            properties["MasterUsername"] = json!(self.user);
            properties["StorageEncrypted"] = json!(self.encrypted);
            if let Some(database) = &self.database {
                properties["DatabaseName"] = json!(database);
            }
        }
        let policy = if self.deletion_protection { "Snapshot" } else { "Delete" };
        let cluster = template.add(&logical_name(id), "AWS::RDS::DBCluster", properties);
        cluster["DeletionPolicy"] = json!(policy);
        cluster["UpdateReplacePolicy"] = json!(policy);
        let writer = attribute(id, "Endpoint.Address");
        template.output("DatabaseEndpoint", "The database's writer", writer);
        let reader = attribute(id, "ReadEndpoint.Address");
        template.output("DatabaseReaderEndpoint", "The database's readable standbys", reader);
        if self.managed_password {
            let secret = attribute(id, "MasterUserSecret.SecretArn");
            template.output("DatabaseSecret", "The secret with the database's password", secret);
        }
    }
}
