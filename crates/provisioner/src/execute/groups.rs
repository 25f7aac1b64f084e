use std::collections::BTreeSet;

use super::context::{At, Run};
use super::{refresh, tags};
use crate::caller::Fault;
use crate::topology::{DefaultSecurityGroup, Peer, Rule, SecurityGroup, SecurityGroupRules};
use skyward_aws::model;
use skyward_aws::{
    AuthorizeSecurityGroupEgress, AuthorizeSecurityGroupIngress, Class, CreateSecurityGroup,
    DescribeSecurityGroups, RevokeSecurityGroupEgress, RevokeSecurityGroupIngress, Select,
};

pub(super) async fn groups(
    run: &Run<'_>,
    select: Select,
) -> Result<Vec<model::SecurityGroup>, Fault> {
    run.caller.list(DescribeSecurityGroups { select, page: None }).await
}

/// A security group, empty. Its name is unique in its VPC.
pub(super) async fn group(at: &At<'_>, spec: &SecurityGroup) -> Result<(), Fault> {
    let run = at.run;
    let group = if let Some(group) = at.existing() {
        group
    } else {
        let (vpc, name) = (run.physical(&spec.vpc)?, spec.name.clone());
        let (description, tags) = (spec.description.clone(), at.tags());
        let call = CreateSecurityGroup { vpc: vpc.clone(), name, description, tags };
        match run.caller.change(call).await {
            Ok(group) => group,
            Err(fault) if fault.class() == Some(Class::Exists) => {
                named(at, &vpc, &spec.name).await?
            }
            Err(fault) => return Err(fault),
        }
    };
    run.remember(at.id(), &group);
    tags::update(at, &group).await
}

async fn named(at: &At<'_>, vpc: &str, name: &str) -> Result<String, Fault> {
    let look = async || {
        let all = groups(at.run, Select::Vpc(vpc.to_owned())).await?;
        let found = all.into_iter().find(|group| group.name == name);
        // AWS makes the default group with the VPC, which is ours.
        let tags = |group: &mut model::SecurityGroup| {
            if name == "default" { at.tags() } else { std::mem::take(&mut group.tags) }
        };
        Ok(found.map(|mut group| (tags(&mut group), group.id)).map(|(tags, id)| (id, tags)))
    };
    refresh::adopt(at, "security group", name, look).await
}

/// The group that AWS makes with a VPC, closed.
pub(super) async fn default(at: &At<'_>, spec: &DefaultSecurityGroup) -> Result<(), Fault> {
    let vpc = at.run.physical(&spec.vpc)?;
    let group = match at.existing() {
        Some(group) => group,
        None => named(at, &vpc, "default").await?,
    };
    at.run.remember(at.id(), &group);
    // The tag first: the policies in `infra` let change only what carries it.
    if at.existing().is_some() {
        tags::update(at, &group).await?;
    } else {
        tags::set(at, &group).await?;
    }
    set(at, &group, &spec.ingress, &spec.egress).await
}

/// The rules of a group, all of them.
pub(super) async fn rules(at: &At<'_>, spec: &SecurityGroupRules) -> Result<(), Fault> {
    let group = at.run.physical(&spec.group)?;
    at.run.remember(at.id(), &group);
    set(at, &group, &spec.ingress, &spec.egress).await
}

fn wire(run: &Run<'_>, rules: &BTreeSet<Rule>) -> Result<BTreeSet<model::Rule>, Fault> {
    rules
        .iter()
        .map(|rule| {
            Ok(model::Rule {
                protocol: rule.protocol.clone(),
                ports: rule.ports,
                peer: match &rule.peer {
                    Peer::Network(network) => model::Peer::Network(network.clone()),
                    Peer::Group(group) => model::Peer::Group(run.physical(group)?),
                    Peer::PrefixList(list) => model::Peer::PrefixList(list.clone()),
                },
                description: rule.description.clone(),
            })
        })
        .collect()
}

/// What AWS takes for the same rule, whatever its description says.
fn key(rule: &model::Rule) -> (&str, Option<(i32, i32)>, &model::Peer) {
    (&rule.protocol, rule.ports, &rule.peer)
}

/// Brings a group's rules to these. A look may be older than the group's last change: what was there already or is gone
/// already means to look again.
async fn set(
    at: &At<'_>,
    group: &str,
    ingress: &BTreeSet<Rule>,
    egress: &BTreeSet<Rule>,
) -> Result<(), Fault> {
    let (ingress, egress) = (wire(at.run, ingress)?, wire(at.run, egress)?);
    loop {
        let found = groups(at.run, Select::Ids(vec![group.to_owned()])).await?;
        if let Some(current) = found.first() {
            let done = direction(at, group, &current.ingress, &ingress, true).await?
                & direction(at, group, &current.egress, &egress, false).await?;
            if done {
                return Ok(());
            }
        }
        if refresh::is_late(at) {
            return Err(Fault::Failed(format!("the rules of {group} do not settle")));
        }
        refresh::soon(at).await?;
    }
}

/// Whether all changes of one direction were taken.
async fn direction(
    at: &At<'_>,
    group: &str,
    current: &BTreeSet<model::Rule>,
    desired: &BTreeSet<model::Rule>,
    is_ingress: bool,
) -> Result<bool, Fault> {
    let missing: BTreeSet<model::Rule> = desired.difference(current).cloned().collect();
    // Those with another description stand in the way of the right ones; the rest goes last, so that nothing is cut off.
    let (blocking, extra): (BTreeSet<model::Rule>, BTreeSet<model::Rule>) = current
        .difference(desired)
        .cloned()
        .partition(|rule| missing.iter().any(|other| key(other) == key(rule)));
    let mut done = true;
    for (rules, is_revoked) in [(blocking, true), (missing, false), (extra, true)] {
        if !rules.is_empty() {
            done &= settled(change(at, group, rules, is_ingress, is_revoked).await)?;
        }
    }
    Ok(done)
}

/// A rule that is there or gone already: the look before was too old, and the call changed nothing.
fn settled(result: Result<(), Fault>) -> Result<bool, Fault> {
    match result {
        Ok(()) => Ok(true),
        Err(fault) if matches!(fault.class(), Some(Class::Exists | Class::NotFound)) => Ok(false),
        Err(fault) => Err(fault),
    }
}

async fn change(
    at: &At<'_>,
    group: &str,
    rules: BTreeSet<model::Rule>,
    is_ingress: bool,
    is_revoked: bool,
) -> Result<(), Fault> {
    use crate::caller::Patience;
    let (caller, group) = (at.run.caller, group.to_owned());
    let patience = Patience { not_found: std::time::Duration::ZERO, ..Patience::CHANGE };
    match (is_ingress, is_revoked) {
        (true, true) => caller.send(RevokeSecurityGroupIngress { group, rules }, patience).await,
        (true, false) => {
            caller.send(AuthorizeSecurityGroupIngress { group, rules }, patience).await
        }
        (false, true) => caller.send(RevokeSecurityGroupEgress { group, rules }, patience).await,
        (false, false) => {
            caller.send(AuthorizeSecurityGroupEgress { group, rules }, patience).await
        }
    }
}

/// Revokes all rules of a group, so that nothing refers to others any more.
pub(super) async fn revoke_all(at: &At<'_>, group: &str) -> Result<(), Fault> {
    loop {
        let found = groups(at.run, Select::Ids(vec![group.to_owned()])).await?;
        let Some(current) = found.first() else { return Ok(()) };
        let none = BTreeSet::new();
        let done = direction(at, group, &current.ingress, &none, true).await?
            & direction(at, group, &current.egress, &none, false).await?;
        if done {
            return Ok(());
        }
        if refresh::is_late(at) {
            return Err(Fault::Failed(format!("the rules of {group} do not settle")));
        }
        refresh::soon(at).await?;
    }
}
