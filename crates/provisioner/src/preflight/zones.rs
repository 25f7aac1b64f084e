use skyward_config::Aws;

use super::{Finding, database, found};
use crate::caller::Caller;
use skyward_aws::{DescribeAvailabilityZones, DescribeInstanceTypeOfferings};

/// The three zones of a stack that has none yet: the configured ones, or the first that have all that is needed.
pub(crate) async fn zones(caller: &Caller<'_>, aws: &Aws) -> Result<[String; 3], Vec<Finding>> {
    let offerings = DescribeInstanceTypeOfferings { instance_type: aws.instance_type.clone() };
    let (zones, offered, orderable) = tokio::join!(
        caller.read(DescribeAvailabilityZones {}),
        caller.read(offerings),
        database::zones(caller, aws),
    );
    let mut findings = Vec::new();
    let zones = found(&mut findings, zones).unwrap_or_default();
    let offered = found(&mut findings, offered).unwrap_or_default();
    let orderable = found(&mut findings, orderable).unwrap_or_default();
    if !findings.is_empty() {
        return Err(findings);
    }
    let lacks = |zone: &str| -> Option<String> {
        match zones.iter().find(|one| one.name == zone) {
            None => return Some(format!("is no zone of {} for this account", aws.region)),
            Some(one) if one.state != "available" => return Some(format!("is {}", one.state)),
            Some(_) => {}
        }
        if !offered.iter().any(|one| one == zone) {
            return Some(format!("does not offer {}", aws.instance_type));
        }
        let class = &aws.database_class;
        (!orderable.iter().any(|one| one == zone)).then(|| {
            format!("does not offer {class} for Multi-AZ DB clusters with this engine and storage")
        })
    };
    if !aws.zones.is_empty() {
        return configured(aws, lacks);
    }
    let mut names: Vec<&String> = zones.iter().map(|zone| &zone.name).collect();
    names.sort();
    let good: Vec<String> =
        names.iter().filter(|zone| lacks(zone).is_none()).map(|zone| (*zone).clone()).collect();
    if let [a, b, c, ..] = good.as_slice() {
        return Ok([a.clone(), b.clone(), c.clone()]);
    }
    let why: Vec<String> =
        names.iter().filter_map(|zone| Some(format!("{zone} {}", lacks(zone)?))).collect();
    Err(vec![Finding::new(
        format!(
            "three zones are needed, and {} of {} have all that is: {}",
            good.len(),
            aws.region,
            why.join("; ")
        ),
        "choose another region, [aws] instance_type or database_class",
    )])
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
