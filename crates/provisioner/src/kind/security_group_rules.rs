//! All rules of one security group: from everyone to the load balancer, from there to the instances, from there to the database,
//! and from the instances to where `egress` says, for their packages. A rule that is not here is a rule too many.

use std::convert::Infallible;

use skyward_aws::{
    AuthorizeSecurityGroupEgress, AuthorizeSecurityGroupIngress, DescribeSecurityGroups,
    RevokeSecurityGroupEgress, RevokeSecurityGroupIngress,
};

use super::{AutoScalingGroup, DbCluster, LoadBalancer, SecurityGroup, security_group};
use crate::resource::prelude::*;
use crate::workload::database_port;

/// The network of all addresses.
pub(crate) const ANYWHERE: &str = "0.0.0.0/0";

/// The rules of a group, all of them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SecurityGroupRules {
    pub(crate) group: Id,
    /// The rules for traffic to the group.
    pub ingress: BTreeSet<Rule>,
    /// The rules for traffic from the group.
    pub egress: BTreeSet<Rule>,
}

/// One rule of a security group.
pub type Rule = model::Rule<Id>;
/// The other side of a rule.
pub type Peer = model::Peer<Id>;

fn tcp(port: i32, peer: Peer, description: &str) -> Rule {
    ports((port, port), peer, description)
}

fn ports(ports: (i32, i32), peer: Peer, description: &str) -> Rule {
    let (protocol, description) = ("tcp".into(), description.into());
    Rule { protocol, ports: Some(ports), peer, description }
}

/// The instances' ways out.
fn ways_out(aws: &Aws) -> impl Iterator<Item = Rule> {
    aws.ways_out().map(|(network, first, last)| {
        let what = match (network, first, last) {
            (ANYWHERE, 80, 80) => "packages",
            (ANYWHERE, 443, 443) => "packages and the AWS API",
            _ => "[aws] egress",
        };
        ports((first.into(), last.into()), Peer::Network(network.to_owned()), what)
    })
}

/// The rules as they were found.
pub(crate) fn found(
    rules: &BTreeSet<model::Rule>,
    observation: &Observation<'_>,
) -> BTreeSet<Rule> {
    let id = |group: &String| Ok::<_, Infallible>(security_group::id_of(observation, group));
    let rule = |rule: &model::Rule| {
        let Ok(rule) = rule.try_map(id);
        rule
    };
    rules.iter().map(rule).collect()
}

/// A rule in a template, without its peer.
pub(crate) fn template(rule: &Rule) -> Value {
    let mut properties = json!({ "IpProtocol": rule.protocol, "Description": rule.description });
    if let Some((first, last)) = rule.ports {
        properties["FromPort"] = json!(first);
        properties["ToPort"] = json!(last);
    }
    properties
}

/// The groups that rules refer to.
pub(crate) fn peers<'a>(rules: impl IntoIterator<Item = &'a Rule>) -> impl Iterator<Item = &'a Id> {
    rules.into_iter().filter_map(|rule| match &rule.peer {
        Peer::Group(group) => Some(group),
        _ => None,
    })
}

/// The part of a rule by which AWS takes two for the same, whatever their descriptions say.
fn key(rule: &model::Rule) -> (&str, Option<(i32, i32)>, &model::Peer) {
    (&rule.protocol, rule.ports, &rule.peer)
}

/// Brings a group's rules to these.
pub(crate) async fn set(
    step: &StepContext<'_>,
    group: &str,
    ingress: &BTreeSet<Rule>,
    egress: &BTreeSet<Rule>,
) -> Result<(), CallError> {
    let to_aws = |rules: &BTreeSet<Rule>| -> Result<BTreeSet<model::Rule>, CallError> {
        rules.iter().map(|rule| rule.try_map(|group| step.run.physical(group))).collect()
    };
    let (ingress, egress) = (to_aws(ingress)?, to_aws(egress)?);
    while !settle(step, group, &ingress, &egress, true).await? {}
    Ok(())
}

/// Makes the changes that a look at the group shows; true once nothing is left to change. A look may be older than the group's
/// last change: what exists already or is gone already means to look again.
async fn settle(
    step: &StepContext<'_>,
    group: &str,
    ingress: &BTreeSet<model::Rule>,
    egress: &BTreeSet<model::Rule>,
    must_exist: bool,
) -> Result<bool, CallError> {
    let call = DescribeSecurityGroups { select: Select::Ids(vec![group.to_owned()]), page: None };
    let found = step.run.caller.list(call).await?;
    if let Some(current) = found.first() {
        let done = direction(step, group, (&current.ingress, ingress), true).await?
            & direction(step, group, (&current.egress, egress), false).await?;
        if done {
            return Ok(true);
        }
    } else if !must_exist {
        return Ok(true);
    }
    if step.is_late() {
        return Err(CallError::Failed(format!("the rules of {group} do not settle")));
    }
    step.look_again().await?;
    Ok(false)
}

/// Changes one direction; true where all changes were taken.
async fn direction(
    step: &StepContext<'_>,
    group: &str,
    (current, desired): (&BTreeSet<model::Rule>, &BTreeSet<model::Rule>),
    is_ingress: bool,
) -> Result<bool, CallError> {
    let missing: BTreeSet<model::Rule> = desired.difference(current).cloned().collect();
    // Those with another description block the right ones; the rest goes last, so that nothing is cut off.
    let (blocking, extra): (BTreeSet<model::Rule>, BTreeSet<model::Rule>) = current
        .difference(desired)
        .cloned()
        .partition(|rule| missing.iter().any(|other| key(other) == key(rule)));
    let mut done = true;
    for (rules, is_revoked) in [(blocking, true), (missing, false), (extra, true)] {
        if !rules.is_empty() {
            done &= settled(change(step, group, rules, is_ingress, is_revoked).await)?;
        }
    }
    Ok(done)
}

/// A rule that exists or is gone already: the look before was too old, and the call changed nothing.
fn settled(result: Result<(), CallError>) -> Result<bool, CallError> {
    match result {
        Ok(()) => Ok(true),
        Err(error) if matches!(error.class(), Some(Class::Exists | Class::NotFound)) => Ok(false),
        Err(error) => Err(error),
    }
}

async fn change(
    step: &StepContext<'_>,
    group: &str,
    rules: BTreeSet<model::Rule>,
    is_ingress: bool,
    is_revoked: bool,
) -> Result<(), CallError> {
    let (caller, group) = (step.run.caller, group.to_owned());
    let policy = RetryPolicy { not_found: Duration::ZERO, ..RetryPolicy::CHANGE };
    match (is_ingress, is_revoked) {
        (true, true) => caller.send(RevokeSecurityGroupIngress { group, rules }, policy).await,
        (true, false) => caller.send(AuthorizeSecurityGroupIngress { group, rules }, policy).await,
        (false, true) => caller.send(RevokeSecurityGroupEgress { group, rules }, policy).await,
        (false, false) => caller.send(AuthorizeSecurityGroupEgress { group, rules }, policy).await,
    }
}

impl Resource for SecurityGroupRules {
    const ID: &'static str = "security-group-rules";
    const NAME: &'static str = "security group rules";
    const HAS_TAGS: bool = false;
    const CREATE_REASON: Option<&'static str> = Some("AWS makes it open");
    const GONE_FIRST: &'static [Kind] =
        &[Kind::of::<LoadBalancer>(), Kind::of::<AutoScalingGroup>(), Kind::of::<DbCluster>()];
    const GRANTS: &'static [Grants] = grants! {
        Apply [NETWORK_OWN]: AuthorizeSecurityGroupIngress, AuthorizeSecurityGroupEgress;
        ApplyAndDestroy [NETWORK_OWN]: RevokeSecurityGroupIngress, RevokeSecurityGroupEgress;
    };

    type Answer = Vec<model::SecurityGroup>;

    fn desired(stack: &Stack<'_>) -> Vec<Wanted<Self>> {
        let group = |part: &str| Peer::Group(Id::new(format!("security-group/{part}")));
        let anyone = || Peer::Network(ANYWHERE.into());
        let database = database_port(stack.aws);
        // The port of the traffic, and where it is another, that of the health checks.
        let mut ports = vec![(i32::from(stack.workload.port(stack.aws)), "HTTP")];
        ports.extend(stack.workload.check().port.map(|port| (port.into(), "health checks")));
        let each_port = |end: &str, part: &str| -> Vec<Rule> {
            let rule =
                |(port, what): &(i32, &str)| tcp(*port, group(part), &format!("{what} {end}"));
            ports.iter().map(rule).collect()
        };
        let mut open = vec![tcp(80, anyone(), "HTTP from anyone")];
        if stack.aws.certificate.is_some() {
            open.push(tcp(443, anyone(), "HTTPS from anyone"));
        }
        let wanted = |part: &str, ingress: Vec<Rule>, egress: Vec<Rule>| {
            let spec = Self {
                group: format!("security-group/{part}").into(),
                ingress: ingress.into_iter().collect(),
                egress: egress.into_iter().collect(),
            };
            Wanted::new(format!("rules/{part}"), spec).needing(security_group::ids())
        };
        vec![
            wanted("load-balancer", open, each_port("to the instances", "cms")),
            wanted(
                "cms",
                each_port("from the load balancer", "load-balancer"),
                ways_out(stack.aws)
                    .chain([tcp(database, group("database"), "the database")])
                    .collect(),
            ),
            wanted("database", vec![tcp(database, group("cms"), "from the instances")], Vec::new()),
        ]
    }

    fn refs(&self) -> Vec<&Id> {
        peers(self.ingress.iter().chain(&self.egress)).chain([&self.group]).collect()
    }

    async fn read(reader: &Reader<'_>) -> Self::Answer {
        security_group::read(reader).await
    }

    fn find(answer: &Self::Answer, observation: &mut Observation<'_>) {
        for group in answer {
            if !observation.is_kept::<SecurityGroup>(&group.id) {
                continue;
            }
            let id = observation.id::<SecurityGroup>(&group.id);
            let part = id.as_str().trim_start_matches("security-group/").to_owned();
            let (ingress, egress) =
                (found(&group.ingress, observation), found(&group.egress, observation));
            let spec = Self { group: id, ingress, egress };
            observation.keep(Found::new(format!("rules/{part}"), &group.id, spec, &Tags::new()));
        }
    }

    fn goes_along(&self, _: &dyn Fn(&Id) -> bool, exists: &dyn Fn(&Id) -> bool) -> bool {
        // Its group is deleted with it, and has no rules: there is nothing to revoke.
        self.ingress.is_empty() && self.egress.is_empty() && exists(&self.group)
    }

    async fn ensure(&self, step: &StepContext<'_>) -> Result<(), CallError> {
        let group = step.run.physical(&self.group)?;
        step.run.remember(step.id(), &group);
        set(step, &group, &self.ingress, &self.egress).await
    }

    /// Revokes all rules, so that nothing refers to other groups any more.
    async fn delete(step: &StepContext<'_>, group: &str) -> Result<(), CallError> {
        let none = BTreeSet::new();
        while !settle(step, group, &none, &none, false).await? {}
        Ok(())
    }

    /// They are added with the group that they belong to.
    fn template(&self, _: &Id, _: &mut Template<'_>) {}
}
