//! The quota that instances count against: the vCPUs of all that run in the account, by the family of their type.

use skyward_aws::{DescribeInstanceTypes, DescribeInstances, GetServiceQuota};

use super::AutoScalingGroup;
use crate::resource::prelude::*;

/// A quota of running on-demand instances, in vCPUs.
struct InstanceQuota {
    /// Its code in Service Quotas.
    code: &'static str,
    /// The instances that it is for.
    name: &'static str,
    /// The series of their types, separated by blanks.
    series: &'static str,
}

const fn quota(code: &'static str, name: &'static str, series: &'static str) -> InstanceQuota {
    InstanceQuota { code, name, series }
}

/// Source: "On-Demand Instance quotas" in the user guide of EC2, and the codes of Service Quotas.
const QUOTAS: [InstanceQuota; 6] = [
    quota("L-1216C47A", "Standard", "a c d h i im is m r t z"),
    quota("L-DB2E81BA", "G and VT", "g gr vt"),
    quota("L-417A185B", "P", "p"),
    quota("L-74FC7D96", "F", "f"),
    quota("L-7295265B", "X", "x"),
    quota("L-1945791B", "Inf", "inf"),
];

/// The quota of an instance type, where it is known.
fn of(instance_type: &str) -> Option<&'static InstanceQuota> {
    let letters = instance_type.split(|letter: char| !letter.is_ascii_lowercase()).next()?;
    QUOTAS.iter().find(|quota| quota.series.split(' ').any(|series| series == letters))
}

/// Finds out whether the account may run as many instances as there must be. What AWS does not say is not known, and no finding.
pub(super) async fn check(
    group: &AutoScalingGroup,
    reader: &Reader<'_>,
    aws: &Aws,
) -> Vec<Finding> {
    let kind = &aws.instance_type;
    let Some(quota) = of(kind) else { return Vec::new() };
    let caller = reader.caller;
    let (most, types, running) = tokio::join!(
        caller.find(GetServiceQuota { service: "ec2".into(), quota: quota.code.into() }),
        caller.find(DescribeInstanceTypes { instance_type: kind.clone() }),
        caller.list(DescribeInstances { select: Select::All, page: None }),
    );
    let most = match most {
        Ok(Some(most)) => most,
        Err(error) if error.class() == Some(Class::Denied) => return vec![Finding::of(&error)],
        Ok(None) | Err(_) => return Vec::new(),
    };
    let types = types.ok().flatten().unwrap_or_default();
    let Some(each) = types.first().map(|one| one.vcpus).filter(|each| *each > 0) else {
        return Vec::new();
    };
    let needed = each * i64::from(group.min);
    let used = used_by_others(&running.unwrap_or_default(), quota, reader.names.stack());
    if needed + used <= most {
        return Vec::new();
    }
    let (count, name, code) = (group.min, quota.name, quota.code);
    let used = if used > 0 { format!(", {used} of them used") } else { String::new() };
    vec![Finding::new(
        format!(
            "{count} × {kind} take {needed} vCPUs, and the account may have {most} of running On-Demand {name} instances{used}"
        ),
        format!(
            "raise that quota ({code}) in Service Quotas; or set fewer [aws] instances, or a smaller instance_type"
        ),
    )]
}

/// The vCPUs of the instances that run and are not the stack's.
fn used_by_others(running: &[model::Instance], quota: &InstanceQuota, stack: &str) -> i64 {
    let counts = |one: &&model::Instance| {
        ["pending", "running"].contains(&one.state.as_str())
            && one.is_on_demand
            && of(&one.instance_type).is_some_and(|other| other.code == quota.code)
            && one.tags.get(STACK_TAG).is_none_or(|other| other != stack)
    };
    running.iter().filter(counts).filter_map(|one| one.vcpus).sum()
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn a_quota_is_that_of_the_series() {
        for (kind, code) in [
            ("t3.micro", Some("L-1216C47A")),
            ("im4gn.large", Some("L-1216C47A")),
            ("inf2.xlarge", Some("L-1945791B")),
            ("g5.xlarge", Some("L-DB2E81BA")),
            ("x2iedn.xlarge", Some("L-7295265B")),
            ("mac2.metal", None),
        ] {
            assert_eq!(of(kind).map(|quota| quota.code), code, "{kind}");
        }
    }
}
