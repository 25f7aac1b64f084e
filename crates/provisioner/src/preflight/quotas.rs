use super::{Finding, found};
use crate::caller::{Caller, Fault};
use crate::plan::Plan;
use crate::topology::{Kind, STACK_TAG, Topology};
use skyward_aws::model::{Address, Quota};
use skyward_aws::{
    DescribeAccountAttributes, DescribeAddresses, DescribeAutoScalingAccountLimits,
    DescribeElbAccountLimits, DescribeRdsAccountAttributes, Select,
};

/// What EC2 calls the quota of elastic IP addresses.
const ADDRESSES: &str = "vpc-max-elastic-ips";

/// The quotas that a plan may not fit into: the service's name of it, and how many the plan makes.
fn needs(plan: &Plan, topology: &Topology) -> Vec<(&'static str, &'static str, usize)> {
    // Those that the stack has do not count as used: another apply may make them at this moment.
    let addresses = match plan.makes(Kind::Address) {
        0 => 0,
        _ => topology.resources.iter().filter(|one| one.spec.kind() == Kind::Address).count(),
    };
    vec![
        (ADDRESSES, "elastic IP addresses", addresses),
        ("DBClusters", "DB clusters", plan.makes(Kind::DbCluster)),
        // The three instances of a cluster count as well.
        ("DBInstances", "DB instances", 3 * plan.makes(Kind::DbCluster)),
        ("DBSubnetGroups", "DB subnet groups", plan.makes(Kind::DbSubnetGroup)),
        (
            "application-load-balancers",
            "application load balancers",
            plan.makes(Kind::LoadBalancer),
        ),
        ("target-groups", "target groups", plan.makes(Kind::TargetGroup)),
        ("auto-scaling-groups", "auto scaling groups", plan.makes(Kind::AutoScalingGroup)),
    ]
}

/// EC2 says how many addresses there may be, and leaves the count of those that others use to us.
async fn addresses(caller: &Caller<'_>, stack: &str) -> Result<Vec<Quota>, Fault> {
    let (quotas, addresses) = tokio::try_join!(
        caller.read(DescribeAccountAttributes {}),
        caller.read(DescribeAddresses { select: Select::All }),
    )?;
    let is_anothers =
        |address: &&Address| address.tags.get(STACK_TAG).is_none_or(|tag| tag != stack);
    let used = i64::try_from(addresses.iter().filter(is_anothers).count()).ok();
    let with_use = |quota: Quota| Quota { used, ..quota };
    Ok(quotas.into_iter().filter(|quota| quota.name == ADDRESSES).map(with_use).collect())
}

/// Whether the account has room for what is still to be made.
pub(super) async fn check(caller: &Caller<'_>, topology: &Topology, plan: &Plan) -> Vec<Finding> {
    let needs: Vec<_> =
        needs(plan, topology).into_iter().filter(|(.., count)| *count > 0).collect();
    if needs.is_empty() {
        return Vec::new();
    }
    let (ec2, rds, elb, scaling) = tokio::join!(
        addresses(caller, &topology.stack),
        caller.read(DescribeRdsAccountAttributes {}),
        caller.read(DescribeElbAccountLimits {}),
        caller.read(DescribeAutoScalingAccountLimits {}),
    );
    let mut findings = Vec::new();
    let mut quotas: Vec<Quota> = Vec::new();
    for answer in [ec2, rds, elb, scaling] {
        quotas.extend(found(&mut findings, answer).unwrap_or_default());
    }
    for (name, what, count) in needs {
        let Some(quota) = quotas.iter().find(|quota| quota.name == name) else { continue };
        let left = quota.max - quota.used.unwrap_or(0);
        if i64::try_from(count).unwrap_or(i64::MAX) > left {
            let used = quota.used.map(|used| format!(", {used} of them used")).unwrap_or_default();
            findings.push(Finding::new(
                format!("{count} {what} are needed, and the account may have {}{used}", quota.max),
                format!("raise that quota ({name}) in Service Quotas"),
            ));
        }
    }
    findings
}
