//! RDS's offer: the zones in which a database can be ordered, the limits of its storage, and the prices.

use skyward_aws::DescribeOrderableDBInstanceOptions;
use skyward_aws::model::OrderableDatabase;

use super::{DbCluster, engine, storage};
use crate::resource::prelude::*;

/// A month of a secret.
pub(super) const SECRET: Amount = Amount::exactly(400_000);

fn options(aws: &Aws) -> DescribeOrderableDBInstanceOptions {
    let (engine, class) = (engine(aws).to_owned(), aws.database_class.clone());
    DescribeOrderableDBInstanceOptions { engine, class, page: None }
}

/// The zones in which the database can be ordered.
pub(super) async fn zones(reader: &Reader<'_>, aws: &Aws) -> Option<ZoneOffer> {
    let options = reader.list(options(aws)).await;
    let fitting = options
        .iter()
        .filter(|option| option.supports_clusters && option.storage_type == storage(aws));
    let class = &aws.database_class;
    Some(ZoneOffer {
        zones: fitting.flat_map(|option| option.zones.clone()).collect(),
        lack: format!(
            "does not offer {class} for Multi-AZ DB clusters with this engine and storage"
        ),
    })
}

/// Finds out whether the database can be ordered as the plan has it, where the plan orders something.
pub(super) async fn check(
    cluster: &DbCluster,
    reader: &Reader<'_>,
    aws: &Aws,
    (action, differences): (Action, &[Difference]),
) -> Vec<Finding> {
    let is_ordered =
        |field: &str| ["class", "iops"].contains(&field) || field.starts_with("storage");
    let is_new = matches!(action, Action::Create | Action::Replace);
    if !is_new && !differences.iter().any(|one| is_ordered(&one.field)) {
        return Vec::new();
    }
    let mut findings: Vec<Finding> =
        differences.iter().filter(|_| !is_new).filter_map(shrinks).collect();
    match reader.caller.list(options(aws)).await {
        Ok(options) => findings.extend(fits(aws, cluster, &options)),
        Err(error) => findings.push(Finding::of(&error)),
    }
    findings
}

/// RDS refuses less storage than there is (`ModifyDBCluster`, `AllocatedStorage`).
fn shrinks(difference: &Difference) -> Option<Finding> {
    let (is, shall) = (difference.observed.as_i64()?, difference.desired.as_i64()?);
    (difference.field == "storage_gib" && shall < is).then(|| {
        Finding::new(
            format!(
                "[aws] database_storage_gib: the database has {is} GiB, which cannot become {shall}"
            ),
            format!("set [aws] database_storage_gib to {is} or more"),
        )
    })
}

fn fits(aws: &Aws, cluster: &DbCluster, options: &[OrderableDatabase]) -> Vec<Finding> {
    let (class, storage) = (&cluster.class, &cluster.storage_type);
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
        clusters.iter().filter(|option| option.storage_type == *storage).collect();
    if fitting.is_empty() {
        let types: BTreeSet<&str> = clusters.iter().map(|one| one.storage_type.as_str()).collect();
        let types = types.into_iter().collect::<Vec<_>>().join(", ");
        return vec![Finding::new(
            format!("{class} takes no {storage} storage here, but {types}"),
            "change [aws] database_storage",
        )];
    }
    let mut findings = Vec::new();
    let is_within = |value: i32, least: Option<i32>, most: Option<i32>| {
        value >= least.unwrap_or(value) && value <= most.unwrap_or(value)
    };
    let size = cluster.storage_gib;
    if !fitting.iter().any(|one| is_within(size, one.min_storage_gib, one.max_storage_gib)) {
        let (least, most) = (show(fitting[0].min_storage_gib), show(fitting[0].max_storage_gib));
        findings.push(Finding::new(
            format!("{class} with {storage} takes {least} to {most} GiB, not {size}"),
            "change [aws] database_storage_gib",
        ));
    }
    if let Some(iops) = cluster.iops
        && !fitting.iter().any(|one| is_within(iops, one.min_iops, one.max_iops))
    {
        let (least, most) = (show(fitting[0].min_iops), show(fitting[0].max_iops));
        findings.push(Finding::new(
            format!(
                "{class} with {storage} takes {least} to {most} operations a second, not {iops}"
            ),
            "change [aws] database_iops",
        ));
    }
    findings
}

fn show(bound: Option<i32>) -> String {
    bound.map_or_else(|| "any".to_owned(), |bound| bound.to_string())
}

/// An hour of a Multi-AZ DB cluster of this class, all three instances.
pub(super) fn price(class: &str) -> Option<Amount> {
    let (size, large) = match class.strip_prefix("db.")?.split_once('.')? {
        ("m5d", size) => (size, Amount::between(534_000, 630_000)),
        _ => return None,
    };
    let times = match size {
        "large" => 1,
        "xlarge" => 2,
        "2xlarge" => 4,
        "4xlarge" => 8,
        "8xlarge" => 16,
        "12xlarge" => 24,
        "16xlarge" => 32,
        "24xlarge" => 48,
        _ => return None,
    };
    Some(large.times(times))
}

/// A month of one GiB on one instance.
pub(super) fn storage_price(kind: &str) -> Option<Amount> {
    match kind {
        "gp3" => Some(Amount::exactly(115_000)),
        "io1" => Some(Amount::exactly(125_000)),
        _ => None,
    }
}

/// The operations a second that a storage of this size includes, and a month's price of each further one on one instance.
/// gp3's are RDS's own: more from 400 GiB on.
pub(super) fn operations_price(kind: &str, size_gib: i64) -> (i64, Option<Amount>) {
    match kind {
        "gp3" if size_gib >= 400 => (12_000, Some(Amount::exactly(20_000))),
        "gp3" => (3_000, Some(Amount::exactly(20_000))),
        "io1" => (0, Some(Amount::exactly(100_000))),
        _ => (0, None),
    }
}
