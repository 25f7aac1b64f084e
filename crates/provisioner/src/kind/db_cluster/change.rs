//! The creation of a database and its changes, each with its wait.

use skyward_aws::{CreateDBCluster, DbClusterChanges, DescribeDBClusters, ModifyDBCluster};

use super::{DbCluster, offer, restore};
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
            Readiness::Ready if is_set(step, spec, &cluster)? => return Ok(true),
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

/// The cluster is as it should be.
fn is_set(
    step: &StepContext<'_>,
    spec: Option<&DbCluster>,
    cluster: &model::DbCluster,
) -> Result<bool, CallError> {
    let changes = spec.map(|spec| spec.changes(step, cluster)).transpose()?;
    Ok(changes.is_none_or(|changes| changes == DbClusterChanges::default()))
}

impl DbCluster {
    pub(super) async fn create(&self, step: &StepContext<'_>) -> Result<(), CallError> {
        let made = match &self.restored_from {
            Some(snapshot) => restore::create(self, step, snapshot).await,
            None => step.run.caller.change(CreateDBCluster { cluster: self.to_aws(step)? }).await,
        };
        match made {
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
            let Some(cluster) = look(step, name).await? else {
                step.pause("not visible yet").await?;
                continue;
            };
            let changes = self.changes(step, &cluster)?;
            if changes == DbClusterChanges::default() {
                return Ok(());
            }
            let policy = RetryPolicy { not_yet: Duration::ZERO, ..RetryPolicy::CHANGE };
            match caller.send(ModifyDBCluster { name: name.clone(), changes }, policy).await {
                Ok(()) => return wait(step, name, Some(self)).await.map(|_| ()),
                Err(error) if error.class() == Some(Class::NotYet) => {
                    step.pause("another change is under way").await?;
                    wait(step, name, None).await?;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// The changes that bring a cluster to what it should be.
    fn changes(
        &self,
        step: &StepContext<'_>,
        current: &model::DbCluster,
    ) -> Result<DbClusterChanges, CallError> {
        let groups = step.run.physicals(&self.security_groups)?;
        let class = current.class.as_ref() != Some(&self.class);
        // RDS takes a storage type only together with its size and operations.
        let storage = current.storage_type.as_ref() != Some(&self.storage_type)
            || current.storage_gib != Some(self.storage_gib)
            || (self.iops.is_some() && current.iops != self.iops);
        let (is, shall) = (&current.log_exports, &self.log_exports);
        Ok(DbClusterChanges {
            class: class.then(|| self.class.clone()),
            storage_type: storage.then(|| self.storage_type.clone()),
            storage_gib: storage.then_some(self.storage_gib),
            iops: self.iops.filter(|_| storage),
            security_groups: (current.security_groups != groups).then_some(groups),
            backup_retention_days: other(current.backup_retention_days, self.backup_retention_days),
            deletion_protection: other(current.deletion_protection, self.deletion_protection),
            copy_tags_to_snapshot: other(current.copy_tags_to_snapshot, self.copy_tags_to_snapshot),
            iam_authentication: None,
            managed_password: other(current.secret.is_some(), self.managed_password),
            enable_logs: shall.difference(is).cloned().collect(),
            disable_logs: is.difference(shall).cloned().collect(),
        })
    }

    /// The cluster as RDS takes it.
    pub(super) fn to_aws(&self, step: &StepContext<'_>) -> Result<model::DbCluster, CallError> {
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
}

/// The value to set, where it is another than there is.
fn other<T: Copy + PartialEq>(current: T, desired: T) -> Option<T> {
    (current != desired).then_some(desired)
}
