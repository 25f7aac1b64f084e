use std::collections::BTreeSet;

use skyward_config::{Aws, DatabaseEngine, DatabaseStorage};

use super::Finding;
use crate::caller::{Caller, Fault};
use crate::plan::{Action, Plan};
use crate::topology::{DbCluster, Kind, Spec, Topology};
use skyward_aws::DescribeOrderableDBInstanceOptions;
use skyward_aws::model::OrderableDatabase;

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

async fn options(caller: &Caller<'_>, aws: &Aws) -> Result<Vec<OrderableDatabase>, Fault> {
    let (engine, class) = (engine(aws).to_owned(), aws.database_class.clone());
    caller.list(DescribeOrderableDBInstanceOptions { engine, class, page: None }).await
}

/// The zones in which the database can be ordered.
pub(super) async fn zones(caller: &Caller<'_>, aws: &Aws) -> Result<BTreeSet<String>, Fault> {
    let options = options(caller, aws).await?;
    let fitting = options
        .into_iter()
        .filter(|option| option.supports_clusters && option.storage_type == storage(aws));
    Ok(fitting.flat_map(|option| option.zones).collect())
}

/// Whether the database can be ordered as the plan has it.
pub(super) async fn check(
    caller: &Caller<'_>,
    aws: &Aws,
    topology: &Topology,
    plan: &Plan,
) -> Vec<Finding> {
    let is_asked = plan.changes.iter().any(|change| {
        let is_ordered = change.differences.iter().any(|one| {
            one.field == "class" || one.field == "iops" || one.field.starts_with("storage")
        });
        change.kind == Kind::DbCluster
            && (matches!(change.action, Action::Create | Action::Replace) || is_ordered)
    });
    let cluster = topology.resources.iter().find_map(|resource| match &resource.spec {
        Spec::DbCluster(cluster) => Some(cluster),
        _ => None,
    });
    let Some(cluster) = cluster.filter(|_| is_asked) else { return Vec::new() };
    match options(caller, aws).await {
        Ok(options) => fits(aws, cluster, &options),
        Err(fault) => vec![Finding::of(&fault)],
    }
}

fn fits(aws: &Aws, cluster: &DbCluster, options: &[OrderableDatabase]) -> Vec<Finding> {
    let class = &cluster.class;
    let clusters: Vec<&OrderableDatabase> =
        options.iter().filter(|option| option.supports_clusters).collect();
    if clusters.is_empty() {
        return vec![Finding::new(
            format!(
                "{} has no Multi-AZ DB clusters of {class} with {}",
                aws.region, cluster.engine
            ),
            "choose another [aws] database_class (db.m5d.large, db.c6gd.medium …) or region",
        )];
    }
    let fitting: Vec<&&OrderableDatabase> =
        clusters.iter().filter(|option| option.storage_type == cluster.storage_type).collect();
    if fitting.is_empty() {
        let types: BTreeSet<&str> = clusters.iter().map(|one| one.storage_type.as_str()).collect();
        let types: Vec<&str> = types.into_iter().collect();
        return vec![Finding::new(
            format!(
                "{class} takes no {} storage here, but {}",
                cluster.storage_type,
                types.join(", ")
            ),
            "change [aws] database_storage",
        )];
    }
    let mut findings = Vec::new();
    let is_within = |value: i32, least: Option<i32>, most: Option<i32>| {
        value >= least.unwrap_or(value) && value <= most.unwrap_or(value)
    };
    let size = cluster.storage_gib;
    if !fitting.iter().any(|one| is_within(size, one.min_storage_gib, one.max_storage_gib)) {
        let (least, most) = (fitting[0].min_storage_gib, fitting[0].max_storage_gib);
        findings.push(Finding::new(
            format!(
                "{class} with {} takes {} to {} GiB, not {size}",
                cluster.storage_type,
                show(least),
                show(most)
            ),
            "change [aws] database_storage_gib",
        ));
    }
    if let Some(iops) = cluster.iops
        && !fitting.iter().any(|one| is_within(iops, one.min_iops, one.max_iops))
    {
        let (least, most) = (fitting[0].min_iops, fitting[0].max_iops);
        findings.push(Finding::new(
            format!(
                "{class} with {} takes {} to {} operations a second, not {iops}",
                cluster.storage_type,
                show(least),
                show(most)
            ),
            "change [aws] database_iops",
        ));
    }
    findings
}

fn show(bound: Option<i32>) -> String {
    bound.map_or_else(|| "any".to_owned(), |bound| bound.to_string())
}
