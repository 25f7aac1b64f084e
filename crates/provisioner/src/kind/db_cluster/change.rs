//! The creation of a database and its changes, each with its wait.

use skyward_aws::{CreateDBCluster, DbClusterChanges, DescribeDBClusters, ModifyDBCluster};

use super::{DbCluster, offer};
use crate::resource::prelude::*;

/// The readiness of a cluster, by RDS's word for its state ("Viewing DB cluster status").
pub(super) fn readiness(status: &str) -> Readiness {
    match status {
        "available" => Readiness::Ready,
        "deleting" => Readiness::Leaving(status.to_owned()),
        "failed" | "inaccessible-encryption-credentials" | "storage-full" | "stopped" => {
            Readiness::Failed(status.to_owned())
        }
        other if other.starts_with("incompatible-") => Readiness::Failed(other.to_owned()),
        other => Readiness::Pending(other.to_owned()),
    }
}

pub(super) async fn look(
    step: &StepContext<'_>,
    name: &str,
) -> Result<Option<model::DbCluster>, CallError> {
    step.run.first(DescribeDBClusters { name: name.to_owned() }).await
}

/// The outputs of the stack's cluster, as they are now.
pub(crate) async fn outputs(run: &Execution<'_>) -> Result<Outputs, CallError> {
    let mut outputs = Outputs::default();
    if let Some(cluster) = run.first(DescribeDBClusters { name: run.names.database() }).await? {
        offer(&cluster, &mut outputs);
    }
    Ok(outputs)
}

/// Waits until the cluster is available, and where given, is set so: for some seconds after a change RDS still calls it
/// available. False where it goes away instead.
pub(super) async fn wait(
    step: &StepContext<'_>,
    name: &str,
    spec: Option<&DbCluster>,
) -> Result<bool, CallError> {
    let mut was_leaving = false;
    loop {
        let Some(cluster) = look(step, name).await? else {
            if was_leaving {
                return Ok(false);
            }
            step.pause("not visible yet").await?;
            continue;
        };
        match readiness(&cluster.status) {
            Readiness::Ready if spec.is_none_or(|spec| spec.is_set(&cluster)) => return Ok(true),
            Readiness::Failed(state) => {
                return Err(CallError::Failed(format!("the DB cluster {name} is {state}")));
            }
            state => {
                was_leaving = matches!(state, Readiness::Leaving(_));
                step.pause(&cluster.status).await?;
            }
        }
    }
}

impl DbCluster {
    pub(super) async fn create(&self, step: &StepContext<'_>) -> Result<(), CallError> {
        let call = CreateDBCluster { cluster: self.to_aws(step)? };
        match step.run.caller.change(call).await {
            Err(error) if error.class() == Some(Class::Exists) => {
                let look =
                    async || Ok(look(step, &self.name).await?.map(|cluster| ((), cluster.tags)));
                step.adopt("DB cluster", &self.name, look).await
            }
            result => result,
        }
    }

    /// Sets what differs. A change that an interrupted run has asked for takes minutes, and takes no other beside it.
    pub(super) async fn modify(&self, step: &StepContext<'_>) -> Result<(), CallError> {
        let (caller, name) = (step.run.caller, &self.name);
        loop {
            let call = ModifyDBCluster { name: name.clone(), changes: self.changes(step).await? };
            let policy = RetryPolicy { not_yet: Duration::ZERO, ..RetryPolicy::CHANGE };
            match caller.send(call, policy).await {
                Ok(()) => return wait(step, name, Some(self)).await.map(|_| ()),
                Err(error) if error.class() == Some(Class::NotYet) => {
                    step.pause("another change is under way").await?;
                    wait(step, name, None).await?;
                    if look(step, name).await?.is_some_and(|cluster| self.is_set(&cluster)) {
                        return Ok(());
                    }
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn changes(&self, step: &StepContext<'_>) -> Result<DbClusterChanges, CallError> {
        let current = look(step, &self.name).await?;
        let current = current.map(|cluster| cluster.log_exports).unwrap_or_default();
        let differs = |field: &str| step.differs(field).then_some(());
        // RDS takes a storage type only together with its size and operations.
        let storage = differs("storage_").or(differs("iops"));
        let groups = differs("security_groups")
            .map(|()| step.run.physicals(&self.security_groups))
            .transpose()?;
        Ok(DbClusterChanges {
            class: differs("class").map(|()| self.class.clone()),
            storage_type: storage.map(|()| self.storage_type.clone()),
            storage_gib: storage.map(|()| self.storage_gib),
            iops: storage.and(self.iops),
            security_groups: groups,
            backup_retention_days: differs("backup_retention_days")
                .map(|()| self.backup_retention_days),
            deletion_protection: differs("deletion_protection").map(|()| self.deletion_protection),
            copy_tags_to_snapshot: differs("copy_tags_to_snapshot")
                .map(|()| self.copy_tags_to_snapshot),
            iam_authentication: None,
            enable_logs: self.log_exports.difference(&current).cloned().collect(),
            disable_logs: current.difference(&self.log_exports).cloned().collect(),
        })
    }

    /// The cluster as RDS takes it.
    fn to_aws(&self, step: &StepContext<'_>) -> Result<model::DbCluster, CallError> {
        Ok(model::DbCluster {
            name: self.name.clone(),
            engine: self.engine.clone(),
            class: Some(self.class.clone()),
            storage_type: Some(self.storage_type.clone()),
            storage_gib: Some(self.storage_gib),
            iops: self.iops,
            subnet_group: Some(step.run.physical(&self.subnet_group)?),
            security_groups: step.run.physicals(&self.security_groups)?,
            user: Some(self.user.clone()),
            database: self.database.clone(),
            encrypted: self.encrypted,
            deletion_protection: self.deletion_protection,
            backup_retention_days: self.backup_retention_days,
            copy_tags_to_snapshot: self.copy_tags_to_snapshot,
            log_exports: self.log_exports.clone(),
            tags: step.tags(),
            ..Default::default()
        })
    }

    fn is_set(&self, cluster: &model::DbCluster) -> bool {
        cluster.class.as_ref() == Some(&self.class)
            && cluster.storage_type.as_ref() == Some(&self.storage_type)
            && cluster.storage_gib == Some(self.storage_gib)
            && (self.iops.is_none() || cluster.iops == self.iops)
            && cluster.deletion_protection == self.deletion_protection
            && cluster.backup_retention_days == self.backup_retention_days
            && cluster.log_exports == self.log_exports
    }
}
