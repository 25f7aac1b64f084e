//! The problems that can be known before anything is made: all of them at once, each with what to do about it.

use futures_util::future::join_all;
use skyward_aws::model::Quota;
use skyward_aws::{
    DescribeAccountAttributes, DescribeAutoScalingAccountLimits, DescribeAvailabilityZones,
    DescribeElbAccountLimits, DescribeRdsAccountAttributes,
};
use skyward_config::Aws;

use crate::caller::Caller;
use crate::plan::{Change, Plan};
pub use crate::resource::Finding;
use crate::resource::{
    Action, Kind, NameLimit, Observed, QuotaUse, Reader, Topology, ZoneOffer, hidden,
};
use crate::stack::Names;

/// Finds what would make a plan fail. Asks only for what the plan needs.
pub(crate) async fn check(
    (kinds, names): (&[Kind], &Names),
    caller: &Caller<'_>,
    aws: &Aws,
    topology: &Topology,
    observed: &Observed,
    plan: &Plan,
) -> Vec<Finding> {
    let mut findings: Vec<Finding> = foreign(topology, observed);
    findings.extend(name_limits(topology));
    let reader = Reader::new(caller, names);
    let checks = plan.changes.iter().filter(|change| change.action != Action::Delete);
    let checks = join_all(checks.map(async |change: &Change| match topology.get(&change.id) {
        Some(desired) => {
            desired.spec.inner().check(&reader, aws, (change.action, &change.differences)).await
        }
        None => Vec::new(),
    }));
    let (checks, quotas) = tokio::join!(checks, quotas(kinds, &reader, topology, plan));
    findings.extend(checks.into_iter().flatten());
    findings.extend(quotas);
    findings.dedup();
    findings
}

/// Names of the stack's resources that someone else's have.
fn foreign(topology: &Topology, observed: &Observed) -> Vec<Finding> {
    let stack = &topology.stack;
    let wanted = observed.foreign.iter().filter_map(|foreign| {
        let resource = topology.get(&foreign.id)?;
        let (kind, name) = (resource.spec.kind(), &foreign.name);
        if foreign.is_hidden {
            let (problem, next) = hidden(&kind.to_string(), name);
            return Some(Finding::new(problem, next));
        }
        // What may have data in it is nobody's advice to delete.
        let delete = if kind.rules().data.is_some() {
            String::new()
        } else {
            format!(" or delete that {kind};")
        };
        Some(Finding::new(
            format!("the {kind} {name} is there and carries no tag skyward:stack={stack}: it is not touched"),
            format!("choose another [aws] name;{delete} or tag it skyward:stack={stack} to hand it over"),
        ))
    });
    wanted.collect()
}

/// Names that are too long for AWS: beginnings that it refuses are refused in the configuration. The stack's name is short enough for all
/// but a bucket in a region with a long name.
fn name_limits(topology: &Topology) -> Vec<Finding> {
    let mut findings = Vec::new();
    for resource in &topology.resources {
        let Some(NameLimit { name, longest }) = resource.spec.inner().name_limit() else {
            continue;
        };
        let (kind, length) = (resource.spec.kind(), name.len());
        if length > longest {
            findings.push(Finding::new(
                format!("{name} is {length} characters long, and a {kind} takes {longest}"),
                "shorten [aws] name",
            ));
        }
    }
    findings
}

/// The quotas that a plan may not fit into, each with how many it needs, by the kinds that it creates.
fn needs(
    kinds: &[Kind],
    topology: &Topology,
    plan: &Plan,
) -> Vec<(Kind, &'static QuotaUse, usize)> {
    let mut needs = Vec::new();
    for kind in kinds {
        let made = plan.makes(*kind);
        for quota in kind.rules().quotas.iter().filter(|_| made > 0) {
            let all = topology.resources.iter().filter(|one| one.spec.kind() == *kind).count();
            let count = if quota.counts_all { all } else { made };
            needs.push((*kind, quota, count * quota.each));
        }
    }
    needs
}

/// Finds out whether the account has room for what is still to be created.
async fn quotas(
    kinds: &[Kind],
    reader: &Reader<'_>,
    topology: &Topology,
    plan: &Plan,
) -> Vec<Finding> {
    let needs = needs(kinds, topology, plan);
    if needs.is_empty() {
        return Vec::new();
    }
    let used = join_all(needs.iter().map(|(kind, ..)| (kind.functions().used_by_others)(reader)));
    let (ec2, rds, elb, scaling, used) = tokio::join!(
        reader.find(DescribeAccountAttributes {}),
        reader.find(DescribeRdsAccountAttributes {}),
        reader.find(DescribeElbAccountLimits {}),
        reader.find(DescribeAutoScalingAccountLimits {}),
        used,
    );
    let quotas = [ec2, rds, elb, scaling];
    let quotas: Vec<&Quota> =
        quotas.iter().filter_map(|answer| answer.as_ref().as_ref()).flatten().collect();
    let mut findings: Vec<Finding> = errors(reader);
    for ((_, use_of, count), others) in needs.into_iter().zip(used) {
        let Some(quota) = quotas.iter().find(|quota| quota.name == use_of.quota) else { continue };
        let used = others.or(quota.used);
        let left = quota.max - used.unwrap_or(0);
        if i64::try_from(count).unwrap_or(i64::MAX) > left {
            let used = used.map(|used| format!(", {used} of them used")).unwrap_or_default();
            let (what, name) = (use_of.what, use_of.quota);
            findings.push(Finding::new(
                format!("{count} {what} are needed, and the account may have {}{used}", quota.max),
                format!("raise that quota ({name}) in Service Quotas"),
            ));
        }
    }
    findings
}

/// A call that may not be made is one finding among others.
fn errors(reader: &Reader<'_>) -> Vec<Finding> {
    reader.take_errors().iter().map(Finding::of).collect()
}

/// Chooses the three zones of a stack that has none yet: the configured ones, or the first that have all that is needed.
pub(crate) async fn zones(
    (kinds, names): (&[Kind], &Names),
    caller: &Caller<'_>,
    aws: &Aws,
) -> Result<[String; 3], Vec<Finding>> {
    let reader = Reader::new(caller, names);
    let (zones, offers) = tokio::join!(
        reader.find(DescribeAvailabilityZones {}),
        join_all(kinds.iter().map(|kind| (kind.functions().offered_in)(&reader, aws))),
    );
    let findings = errors(&reader);
    if !findings.is_empty() {
        return Err(findings);
    }
    let zones = zones.as_ref().as_ref().map(Vec::as_slice).unwrap_or_default();
    let offers: Vec<ZoneOffer> = offers.into_iter().flatten().collect();
    let lacks = |zone: &str| -> Option<String> {
        match zones.iter().find(|one| one.name == zone) {
            None => return Some(format!("is no zone of {} for this account", aws.region)),
            Some(one) if one.state != "available" => return Some(format!("is {}", one.state)),
            Some(_) => {}
        }
        let offer = offers.iter().find(|offer| !offer.zones.contains(zone));
        offer.map(|offer| offer.lack.clone())
    };
    if !aws.zones.is_empty() {
        return configured(aws, lacks);
    }
    let mut names: Vec<&str> = zones.iter().map(|zone| zone.name.as_str()).collect();
    names.sort_unstable();
    let good: Vec<&str> = names.iter().filter(|zone| lacks(zone).is_none()).copied().collect();
    if let [a, b, c, ..] = good.as_slice() {
        return Ok([a, b, c].map(|zone| (*zone).to_owned()));
    }
    let why: Vec<String> =
        names.iter().filter_map(|zone| Some(format!("{zone} {}", lacks(zone)?))).collect();
    let (problem, next) = if names.len() < 3 {
        let problem =
            format!("three zones are needed, and {} offers {}", aws.region, names.join(" and "));
        (problem, "choose another region")
    } else {
        let problem = format!(
            "three zones are needed, and {} of {} have all that is: {}",
            good.len(),
            aws.region,
            why.join("; ")
        );
        (problem, "choose another region, [aws] instance_type or database_class")
    };
    Err(vec![Finding::new(problem, next)])
}

fn configured(
    aws: &Aws,
    lacks: impl Fn(&str) -> Option<String>,
) -> Result<[String; 3], Vec<Finding>> {
    let Ok(zones) = <[String; 3]>::try_from(aws.zones.clone()) else {
        let problem = format!("[aws] zones are {} of the 3 that are needed", aws.zones.len());
        return Err(vec![Finding::new(problem, "name three zones, or none")]);
    };
    let findings: Vec<Finding> = zones
        .iter()
        .filter_map(|zone| {
            let next = "choose another zone in [aws] zones, or leave them out";
            Some(Finding::new(format!("[aws] zones: {zone} {}", lacks(zone)?), next))
        })
        .collect();
    if findings.is_empty() { Ok(zones) } else { Err(findings) }
}
