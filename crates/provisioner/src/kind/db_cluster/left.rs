//! The things that a database leaves: its snapshots, and the log groups that RDS has made for it.

use skyward_aws::{
    DeleteDBClusterSnapshot, DeleteLogGroup, DescribeDBClusterSnapshots, DescribeLogGroups,
};

use crate::resource::prelude::*;

/// A month of one GiB of a snapshot, once its database is gone: before, as much as the database's storage is free.
const SNAPSHOT_GIB: Amount = Amount::exactly(95_000);
/// A month of one GB of logs.
const LOGGED_GB: i64 = 30_000;
/// The bytes of a GB, as CloudWatch Logs counts them.
const GB: i64 = 1_000_000_000;

/// The log groups of the database.
pub(super) const LOG_GROUP: Scope = Scope::new(
    (38, "LogGroup"),
    Area::Data,
    |stack| vec![stack.arn("logs", &format!("log-group:{}*", prefix(&stack.names)))],
    Condition::Always,
);

/// The beginning of the names of the log groups that RDS makes for a cluster ("Publishing database logs to Amazon CloudWatch Logs").
fn prefix(names: &Names) -> String {
    format!("/aws/rds/cluster/{}/", names.database())
}

/// Asks for the snapshots of the stack's database, by its tag, and for its logs.
pub(super) async fn find(reader: &Reader<'_>) -> Vec<Leftover> {
    let names = reader.names;
    let (snapshots, groups) = tokio::join!(
        reader.list(DescribeDBClusterSnapshots { name: None, page: None }),
        reader.list(DescribeLogGroups { prefix: prefix(names), page: None }),
    );
    let (name, stack) = (names.database(), names.stack());
    let is_ours = |one: &&model::DbClusterSnapshot| {
        one.cluster == name && one.tags.get(STACK_TAG).is_some_and(|other| other == stack)
    };
    let snapshot = |one: &model::DbClusterSnapshot| {
        let what = format!("snapshot {} of {} GiB", one.name, one.storage_gib);
        let monthly = SNAPSHOT_GIB.times(one.storage_gib.into());
        Leftover::kept(what, monthly, DeleteDBClusterSnapshot { name: one.name.clone() })
    };
    let group = |one: &model::LogGroup| {
        let kept = one.retention_days.map_or_else(
            || ", which never expires".to_owned(),
            |days| format!(", kept for {days} days"),
        );
        let what = format!("log group {}{kept}", one.name);
        let monthly = Amount::exactly(one.stored_bytes.saturating_mul(LOGGED_GB) / GB);
        Leftover::kept(what, monthly, DeleteLogGroup { name: one.name.clone() })
    };
    let snapshots = snapshots.iter().filter(is_ours).map(snapshot);
    snapshots.chain(groups.iter().map(group)).collect()
}
