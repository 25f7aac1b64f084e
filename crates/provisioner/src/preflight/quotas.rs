use super::{Finding, found};
use crate::api::model::Quota;
use crate::api::{
    DescribeAccountAttributes, DescribeAutoScalingAccountLimits, DescribeElbAccountLimits,
    DescribeRdsAccountAttributes,
};
use crate::caller::Caller;
use crate::plan::Plan;
use crate::topology::Kind;

/// The quotas that a plan may not fit into: the service's name of it, and how many the plan makes.
fn needs(plan: &Plan) -> Vec<(&'static str, &'static str, usize)> {
    vec![
        ("vpc-max-elastic-ips", "elastic IP addresses", plan.makes(Kind::Address)),
        ("DBClusters", "DB clusters", plan.makes(Kind::DbCluster)),
        // The three instances of a cluster count as well.
        ("DBInstances", "DB instances", 3 * plan.makes(Kind::DbCluster)),
        ("DBSubnetGroups", "DB subnet groups", plan.makes(Kind::DbSubnetGroup)),
        ("application-load-balancers", "application load balancers", plan.makes(Kind::LoadBalancer)),
        ("target-groups", "target groups", plan.makes(Kind::TargetGroup)),
        ("auto-scaling-groups", "auto scaling groups", plan.makes(Kind::AutoScalingGroup)),
    ]
}

/// Whether the account has room for what is still to be made.
pub(super) async fn check(caller: &Caller<'_>, plan: &Plan) -> Vec<Finding> {
    let needs: Vec<_> = needs(plan).into_iter().filter(|(.., count)| *count > 0).collect();
    if needs.is_empty() {
        return Vec::new();
    }
    let (ec2, rds, elb, scaling) = tokio::join!(
        caller.read(DescribeAccountAttributes {}),
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
