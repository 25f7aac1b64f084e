use std::time::Duration;

use super::context::At;
use super::{refresh, tags};
use crate::caller::{Fault, Patience};
use crate::observe::{self, State};
use crate::topology::{DbCluster, DbSubnetGroup};
use skyward_aws::model;
use skyward_aws::{
    Class, CreateDBCluster, CreateDBSubnetGroup, DbClusterChanges, DescribeDBClusters,
    DescribeDBSubnetGroups, ListRdsTags, ModifyDBCluster, ModifyDBSubnetGroup,
};

async fn find_group(at: &At<'_>, name: &str) -> Result<Option<model::DbSubnetGroup>, Fault> {
    let call = DescribeDBSubnetGroups { name: name.to_owned() };
    Ok(at.run.caller.find(call).await?.unwrap_or_default().into_iter().next())
}

/// The DB subnet group.
pub(super) async fn subnet_group(at: &At<'_>, spec: &DbSubnetGroup) -> Result<(), Fault> {
    let (run, name, description) = (at.run, spec.name.clone(), spec.description.clone());
    let subnets = run.physicals(&spec.subnets)?;
    run.remember(at.id(), &name);
    if at.existing().is_some() {
        if at.differs("subnets") || at.differs("description") {
            let call = ModifyDBSubnetGroup { name: name.clone(), description, subnets };
            run.caller.change(call).await?;
        }
        if at.differs("tags.")
            && let Some(group) = find_group(at, &name).await?
        {
            tags::set(at, &group.arn).await?;
        }
        return Ok(());
    }
    let call = CreateDBSubnetGroup { name: name.clone(), description, subnets, tags: at.tags() };
    match run.caller.change(call).await {
        Ok(_) => Ok(()),
        Err(fault) if fault.class() == Some(Class::Exists) => {
            let look = async || {
                let Some(group) = find_group(at, &name).await? else { return Ok(None) };
                let tags = run.caller.find(ListRdsTags { arn: group.arn }).await?;
                Ok(tags.map(|tags| ((), tags)))
            };
            refresh::adopt(at, "DB subnet group", &name, look).await
        }
        Err(fault) => Err(fault),
    }
}

pub(super) async fn find(at: &At<'_>, name: &str) -> Result<Option<model::DbCluster>, Fault> {
    let call = DescribeDBClusters { name: name.to_owned() };
    Ok(at.run.caller.find(call).await?.unwrap_or_default().into_iter().next())
}

/// The database, until it is available: AWS's own waiters give up after 30 minutes, this one does not.
pub(super) async fn cluster(at: &At<'_>, spec: &DbCluster) -> Result<(), Fault> {
    let (run, name) = (at.run, spec.name.clone());
    run.remember(at.id(), &name);
    if at.existing().is_none() {
        create(at, spec).await?;
    }
    // An interrupted `destroy` may have begun to delete it: then its name gets free, and it is made anew.
    while !wait(at, &name, None).await? {
        create(at, spec).await?;
    }
    if at.existing().is_none() {
        return Ok(());
    }
    if at.differs("tags.")
        && let Some(cluster) = find(at, &name).await?
    {
        tags::set(at, &cluster.arn).await?;
    }
    if at.differences.iter().any(|one| !one.field.starts_with("tags.")) {
        modify(at, spec).await?;
    }
    Ok(())
}

/// Sets what differs. A change that an interrupted run has asked for takes minutes, and takes no other beside it.
async fn modify(at: &At<'_>, spec: &DbCluster) -> Result<(), Fault> {
    let (caller, name) = (at.run.caller, spec.name.clone());
    loop {
        let changes = changes(at, spec).await?;
        let patience = Patience { not_yet: Duration::ZERO, ..Patience::CHANGE };
        match caller.send(ModifyDBCluster { name: name.clone(), changes }, patience).await {
            Ok(()) => return wait(at, &name, Some(spec)).await.map(|_| ()),
            Err(fault) if fault.class() == Some(Class::NotYet) => {
                at.pause("another change is under way").await?;
                wait(at, &name, None).await?;
                if find(at, &name).await?.is_some_and(|cluster| is_set(&cluster, spec)) {
                    return Ok(());
                }
            }
            Err(fault) => return Err(fault),
        }
    }
}

async fn create(at: &At<'_>, spec: &DbCluster) -> Result<(), Fault> {
    match at.run.caller.change(CreateDBCluster { cluster: wire(at, spec)? }).await {
        Ok(()) => Ok(()),
        Err(fault) if fault.class() == Some(Class::Exists) => {
            let name = &spec.name;
            let look = async || Ok(find(at, name).await?.map(|cluster| ((), cluster.tags)));
            refresh::adopt(at, "DB cluster", name, look).await
        }
        Err(fault) => Err(fault),
    }
}

async fn changes(at: &At<'_>, spec: &DbCluster) -> Result<DbClusterChanges, Fault> {
    let current = find(at, &spec.name).await?;
    let current = current.map(|cluster| cluster.log_exports).unwrap_or_default();
    let differs = |field: &str| at.differs(field).then_some(());
    // RDS takes a storage type only together with its size and operations.
    let storage = differs("storage_").or(differs("iops"));
    Ok(DbClusterChanges {
        class: differs("class").map(|()| spec.class.clone()),
        storage_type: storage.map(|()| spec.storage_type.clone()),
        storage_gib: storage.map(|()| spec.storage_gib),
        iops: storage.and(spec.iops),
        security_groups: differs("security_groups")
            .map(|()| at.run.physicals(&spec.security_groups))
            .transpose()?,
        backup_retention_days: differs("backup_retention_days")
            .map(|()| spec.backup_retention_days),
        deletion_protection: differs("deletion_protection").map(|()| spec.deletion_protection),
        copy_tags_to_snapshot: differs("copy_tags_to_snapshot")
            .map(|()| spec.copy_tags_to_snapshot),
        iam_authentication: None,
        enable_logs: spec.log_exports.difference(&current).cloned().collect(),
        disable_logs: current.difference(&spec.log_exports).cloned().collect(),
    })
}

fn wire(at: &At<'_>, spec: &DbCluster) -> Result<model::DbCluster, Fault> {
    Ok(model::DbCluster {
        name: spec.name.clone(),
        arn: String::new(),
        status: String::new(),
        engine: spec.engine.clone(),
        engine_version: String::new(),
        class: Some(spec.class.clone()),
        storage_type: Some(spec.storage_type.clone()),
        storage_gib: Some(spec.storage_gib),
        iops: spec.iops,
        subnet_group: Some(at.run.physical(&spec.subnet_group)?),
        security_groups: at.run.physicals(&spec.security_groups)?,
        endpoint: None,
        reader_endpoint: None,
        port: None,
        secret: None,
        user: Some(spec.user.clone()),
        encrypted: spec.encrypted,
        deletion_protection: spec.deletion_protection,
        publicly_accessible: false,
        backup_retention_days: spec.backup_retention_days,
        copy_tags_to_snapshot: spec.copy_tags_to_snapshot,
        iam_authentication: false,
        log_exports: spec.log_exports.clone(),
        members: Vec::new(),
        tags: at.tags(),
    })
}

/// Waits until the cluster is available, and where given, is set so: for some seconds after a change RDS still calls it
/// available. False where it goes away instead.
async fn wait(at: &At<'_>, name: &str, spec: Option<&DbCluster>) -> Result<bool, Fault> {
    let mut was_leaving = false;
    loop {
        let Some(cluster) = find(at, name).await? else {
            if was_leaving {
                return Ok(false);
            }
            at.pause("not visible yet").await?;
            continue;
        };
        match observe::database_state(&cluster.status) {
            State::Ready if spec.is_none_or(|spec| is_set(&cluster, spec)) => return Ok(true),
            State::Failed(state) => {
                return Err(Fault::Failed(format!("the DB cluster {name} is {state}")));
            }
            state => {
                was_leaving = matches!(state, State::Leaving(_));
                at.pause(&cluster.status).await?;
            }
        }
    }
}

fn is_set(cluster: &model::DbCluster, spec: &DbCluster) -> bool {
    cluster.class.as_ref() == Some(&spec.class)
        && cluster.storage_type.as_ref() == Some(&spec.storage_type)
        && cluster.storage_gib == Some(spec.storage_gib)
        && (spec.iops.is_none() || cluster.iops == spec.iops)
        && cluster.deletion_protection == spec.deletion_protection
        && cluster.backup_retention_days == spec.backup_retention_days
        && cluster.log_exports == spec.log_exports
}
