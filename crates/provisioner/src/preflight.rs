//! What can be known to fail before anything is made: all of it at once, each with what to do about it.

mod database;
mod quotas;
mod zones;

use serde::Serialize;
use skyward_config::Aws;

use crate::caller::{Caller, Fault};
use crate::observe::Observed;
use crate::plan::{Action, Plan};
use crate::topology::{Kind, Topology, image_parameter};
use skyward_aws::{Class, GetParameter};
pub(crate) use zones::zones;

/// Something that stands in the way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What is wrong: which value, name, call or quota.
    pub problem: String,
    /// What to do about it.
    pub next: String,
}

impl Finding {
    pub(crate) fn new(problem: impl Into<String>, next: impl Into<String>) -> Self {
        Self { problem: problem.into(), next: next.into() }
    }

    /// Of a call that was not answered.
    pub(crate) fn of(fault: &Fault) -> Self {
        Self::new(fault.to_string(), fault.next_step())
    }
}

/// What a fault of the preflight itself means: a call that may not be made is one finding among others.
fn found<T>(findings: &mut Vec<Finding>, result: Result<T, Fault>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(fault) => {
            findings.push(Finding::of(&fault));
            None
        }
    }
}

/// What stands in the way of a plan. Asks only for what the plan needs.
pub(crate) async fn check(
    caller: &Caller<'_>,
    aws: &Aws,
    topology: &Topology,
    observed: &Observed,
    plan: &Plan,
) -> Vec<Finding> {
    let mut findings: Vec<Finding> = foreign(topology, observed);
    findings.extend(names(topology));
    let touches_template = plan
        .changes
        .iter()
        .any(|change| change.kind == Kind::LaunchTemplate && change.action != Action::Delete);
    let image = async {
        if !touches_template {
            return Vec::new();
        }
        image(caller, aws).await
    };
    let (image, database, quotas) = tokio::join!(
        image,
        database::check(caller, aws, topology, plan),
        quotas::check(caller, topology, plan)
    );
    findings.extend(image);
    findings.extend(database);
    findings.extend(quotas);
    findings.dedup();
    findings
}

/// What has the name of one of ours and is someone else's.
fn foreign(topology: &Topology, observed: &Observed) -> Vec<Finding> {
    let wanted = observed.foreign.iter().filter_map(|foreign| {
        let resource = topology.get(&foreign.id)?;
        let (kind, name) = (resource.spec.kind(), &foreign.name);
        Some(Finding::new(
            format!("the {kind} {name} is there and carries no tag skyward:stack={}: it is not touched", topology.stack),
            format!("choose another [aws] name; or delete that {kind}; or tag it skyward:stack={} to hand it over", topology.stack),
        ))
    });
    wanted.collect()
}

/// Names that AWS will not take. The stack's name is short enough for all but a bucket in a region with a long name.
fn names(topology: &Topology) -> Vec<Finding> {
    let mut findings = Vec::new();
    for resource in &topology.resources {
        let (name, most) = match &resource.spec {
            crate::topology::Spec::Bucket(bucket) => (&bucket.name, 63),
            crate::topology::Spec::LoadBalancer(balancer) => (&balancer.name, 32),
            crate::topology::Spec::TargetGroup(group) => (&group.name, 32),
            crate::topology::Spec::Role(role) => (&role.name, 64),
            crate::topology::Spec::DbCluster(cluster) => (&cluster.name, 63),
            _ => continue,
        };
        if name.len() > most {
            findings.push(Finding::new(
                format!(
                    "{name} is {} characters long, and a {} takes {most}",
                    name.len(),
                    resource.spec.kind()
                ),
                "shorten [aws] name",
            ));
        }
        if resource.spec.kind() == Kind::LoadBalancer && name.starts_with("internal-") {
            findings.push(Finding::new(
                format!("{name}: a load balancer's name does not begin with internal-"),
                "choose another [aws] name",
            ));
        }
    }
    findings
}

async fn image(caller: &Caller<'_>, aws: &Aws) -> Vec<Finding> {
    let name = image_parameter(&aws.instance_type);
    match caller.read(GetParameter { name: name.to_owned() }).await {
        Ok(_) => Vec::new(),
        Err(fault) if fault.class() == Some(Class::NotFound) => vec![Finding::new(
            format!("{} has no image {name}", aws.region),
            "choose another region, or an instance type of another architecture",
        )],
        Err(fault) => vec![Finding::of(&fault)],
    }
}
