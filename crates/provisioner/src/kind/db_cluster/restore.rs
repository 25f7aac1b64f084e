//! A new database from a snapshot, with what of it RDS takes no other values for.
//!
//! Sources: the reference of `RestoreDBClusterFromSnapshot`, which takes neither a user nor a size of the storage, nor that the password
//! is managed; a cluster that is restored has the password of then, in no secret, until `ModifyDBCluster` asks for one (aws-cdk issue
//! 21730). Such changes are made once the cluster is available, as the Terraform provider does it.

use skyward_aws::{DescribeDBClusterSnapshots, RestoreDBClusterFromSnapshot};

use super::DbCluster;
use crate::resource::prelude::*;
use crate::stack::RESTORED_TAG;

/// A configuration names a snapshot.
pub(super) fn is_asked(aws: &Aws) -> bool {
    aws.restore_from.is_some()
}

fn listing(name: Option<&str>) -> DescribeDBClusterSnapshots {
    DescribeDBClusterSnapshots { name: name.map(str::to_owned), page: None }
}

/// Makes the cluster from its snapshot.
pub(super) async fn create(
    cluster: &DbCluster,
    step: &StepContext<'_>,
    snapshot: &str,
) -> Result<(), CallError> {
    let caller = step.run.caller;
    let mut cluster = cluster.to_aws(step)?;
    (cluster.user, cluster.database, cluster.storage_gib) = (None, None, None);
    cluster.tags.insert(RESTORED_TAG.to_owned(), snapshot.to_owned());
    // Without one, the cluster has RDS's default, which may be another than the snapshot's.
    let found = caller.find(listing(Some(snapshot))).await?;
    let found = found.and_then(|page| page.items.into_iter().next());
    cluster.engine_version = found.map(|found| found.engine_version).unwrap_or_default();
    let snapshot = snapshot.to_owned();
    caller.change(RestoreDBClusterFromSnapshot { cluster, snapshot }).await
}

/// Finds out whether the snapshot can become this database, where one is made; one that is there stays what it is.
pub(super) async fn check(
    cluster: &DbCluster,
    reader: &Reader<'_>,
    (action, differences): (Action, &[Difference]),
) -> Vec<Finding> {
    let Some(snapshot) = &cluster.restored_from else { return Vec::new() };
    if differences.iter().any(|one| one.field == "restored_from") {
        return vec![Finding::new(
            format!(
                "[aws] restore_from: the database {} is there, and was not made from {snapshot}; a snapshot only becomes a new one",
                cluster.name
            ),
            "leave restore_from out; or use another [aws] name; or `destroy` first, which asks and leaves a snapshot",
        )];
    }
    if !matches!(action, Action::Create | Action::Replace) {
        return Vec::new();
    }
    match reader.caller.find(listing(Some(snapshot))).await {
        Ok(found) => match found.and_then(|page| page.items.into_iter().next()) {
            Some(found) => unfit(cluster, &found, reader.names).into_iter().collect(),
            None => vec![absent(reader, snapshot).await],
        },
        Err(error) => vec![Finding::of(&error)],
    }
}

/// There is no such snapshot: those that there are.
async fn absent(reader: &Reader<'_>, snapshot: &str) -> Finding {
    let all = reader.caller.list(listing(None)).await.unwrap_or_default();
    let names: Vec<&str> = all.iter().map(|one| one.name.as_str()).collect();
    let next = if names.is_empty() {
        "leave restore_from out: the account has no snapshots of DB clusters here".to_owned()
    } else {
        format!("name one that is there: {}", names.join(", "))
    };
    let region = reader.names.region();
    Finding::new(format!("[aws] restore_from: {region} has no snapshot {snapshot}"), next)
}

/// The reason for which a snapshot cannot become this database.
fn unfit(cluster: &DbCluster, found: &model::DbClusterSnapshot, names: &Names) -> Option<Finding> {
    let name = &found.name;
    let because = |problem: String, next: String| {
        Some(Finding::new(format!("[aws] restore_from: the snapshot {name} {problem}"), next))
    };
    if found.status != "available" {
        let next = "wait until it is available, and run it again";
        return because(format!("is {}", found.status), next.into());
    }
    if found.engine != cluster.engine {
        return because(
            format!("is one of {}, and the database is {}", found.engine, cluster.engine),
            "name another snapshot, or change [aws] database_engine".into(),
        );
    }
    if !found.encrypted {
        let problem = "is not encrypted, and what is made from it would not be either";
        return because(problem.into(), "name the snapshot of a database that is encrypted".into());
    }
    let is_own =
        |key: &String| !key.starts_with("arn:") || key.split(':').nth(4) == Some(names.account());
    if let Some(key) = found.key.as_ref().filter(|key| !is_own(key)) {
        return because(
            format!("is encrypted with the key {key}, which is another account's"),
            format!(
                "copy it with a key of this account: aws rds copy-db-cluster-snapshot --source-db-cluster-snapshot-identifier {name} --kms-key-id alias/aws/rds --target-db-cluster-snapshot-identifier NAME"
            ),
        );
    }
    if found.storage_gib > cluster.storage_gib {
        let (has, wanted) = (found.storage_gib, cluster.storage_gib);
        return because(
            format!("has {has} GiB, which cannot become {wanted}"),
            format!("set [aws] database_storage_gib to {has} or more"),
        );
    }
    None
}
