use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::cidr;
use super::store::Thing;
use super::world::{Answer, World, find, refuse};
use skyward_aws::model::{Peer, Rule, SecurityGroup, Tags};
use skyward_aws::{
    AuthorizeSecurityGroupEgress, AuthorizeSecurityGroupIngress, CreateSecurityGroup,
    DeleteSecurityGroup, DescribeSecurityGroups, Page, RevokeSecurityGroupEgress,
    RevokeSecurityGroupIngress,
};

/// A security group.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Group(pub(super) SecurityGroup);

impl Thing for Group {
    fn tags(&self) -> &Tags {
        &self.0.tags
    }

    fn keys(&self) -> Vec<String> {
        let mut keys = vec![
            format!("vpc={}", self.0.vpc),
            format!("name={}", self.0.name),
            format!("named={}/{}", self.0.vpc, self.0.name),
        ];
        for rule in self.0.ingress.iter().chain(&self.0.egress) {
            if let Peer::Group(group) = &rule.peer {
                keys.push(format!("refers={group}"));
            }
        }
        keys
    }
}

#[derive(Debug, Clone, Copy)]
enum Direction {
    In,
    Out,
}

fn rules(group: &mut SecurityGroup, direction: Direction) -> &mut BTreeSet<Rule> {
    match direction {
        Direction::In => &mut group.ingress,
        Direction::Out => &mut group.egress,
    }
}

/// Whether two rules are the same rule: their descriptions do not count.
fn is_same(one: &Rule, other: &Rule) -> bool {
    (&one.protocol, one.ports, &one.peer) == (&other.protocol, other.ports, &other.peer)
}

const NO_GROUP: &str = "InvalidGroup.NotFound";

impl World {
    pub(super) fn create_security_group(&mut self, call: CreateSecurityGroup) -> Answer<String> {
        find(&self.state.vpcs, &call.vpc, self.view, "InvalidVpcID.NotFound")?;
        if self.state.groups.any(&format!("named={}/{}", call.vpc, call.name)) {
            let message =
                format!("The security group '{}' already exists for VPC '{}'", call.name, call.vpc);
            return refuse("InvalidGroup.Duplicate", message);
        }
        let count = self.state.groups.len();
        self.quota("security groups", count, "SecurityGroupLimitExceeded")?;
        let id = self.id("sg");
        // As every new group: out to anywhere.
        let out = Rule {
            protocol: "-1".into(),
            ports: None,
            peer: Peer::Network("0.0.0.0/0".into()),
            description: String::new(),
        };
        let group = SecurityGroup {
            id: id.clone(),
            vpc: call.vpc,
            name: call.name,
            description: call.description,
            ingress: BTreeSet::new(),
            egress: BTreeSet::from([out]),
            tags: call.tags,
        };
        self.state.groups.put(self.moment(), &id, Group(group));
        Ok(id)
    }

    pub(super) fn describe_security_groups(
        &mut self,
        call: DescribeSecurityGroups,
    ) -> Answer<Page<SecurityGroup>> {
        Ok(self.page(
            |state| &state.groups,
            &call.select,
            call.page.as_ref(),
            |group| group.0.clone(),
        ))
    }

    /// All rules of a call, or none of them.
    fn authorize(&mut self, id: &str, new: BTreeSet<Rule>, direction: Direction) -> Answer<()> {
        let mut group = find(&self.state.groups, id, self.view, NO_GROUP)?.0.clone();
        for rule in &new {
            if let Peer::Group(peer) = &rule.peer {
                let peer = find(&self.state.groups, peer, self.view, NO_GROUP)?;
                if peer.0.vpc != group.vpc {
                    let message =
                        "You have specified two resources that belong to different networks.";
                    return refuse(NO_GROUP, message);
                }
            }
            if rules(&mut group, direction).iter().any(|old| is_same(old, rule)) {
                let message = format!(
                    "the specified rule \"peer: {:?}, {:?}\" already exists",
                    rule.peer, rule.ports
                );
                return refuse("InvalidPermission.Duplicate", message);
            }
        }
        let count = (rules(&mut group, direction).len() + new.len()).saturating_sub(1);
        self.quota("rules of a security group", count, "RulesPerSecurityGroupLimitExceeded")?;
        rules(&mut group, direction).extend(new);
        self.state.groups.put(self.moment(), id, Group(group));
        Ok(())
    }

    fn revoke(&mut self, id: &str, old: &BTreeSet<Rule>, direction: Direction) -> Answer<()> {
        let mut group = find(&self.state.groups, id, self.view, NO_GROUP)?.0.clone();
        for rule in old {
            let rules = rules(&mut group, direction);
            let before = rules.len();
            rules.retain(|other| !is_same(other, rule));
            if rules.len() == before {
                let message = "The specified rule does not exist in this security group.";
                return refuse("InvalidPermission.NotFound", message);
            }
        }
        self.state.groups.put(self.moment(), id, Group(group));
        Ok(())
    }

    pub(super) fn authorize_security_group_ingress(
        &mut self,
        call: AuthorizeSecurityGroupIngress,
    ) -> Answer<()> {
        self.authorize(&call.group, call.rules, Direction::In)
    }

    pub(super) fn authorize_security_group_egress(
        &mut self,
        call: AuthorizeSecurityGroupEgress,
    ) -> Answer<()> {
        self.authorize(&call.group, call.rules, Direction::Out)
    }

    pub(super) fn revoke_security_group_ingress(
        &mut self,
        call: RevokeSecurityGroupIngress,
    ) -> Answer<()> {
        self.revoke(&call.group, &call.rules, Direction::In)
    }

    pub(super) fn revoke_security_group_egress(
        &mut self,
        call: RevokeSecurityGroupEgress,
    ) -> Answer<()> {
        self.revoke(&call.group, &call.rules, Direction::Out)
    }

    pub(super) fn delete_security_group(&mut self, call: DeleteSecurityGroup) -> Answer<()> {
        let group = find(&self.state.groups, &call.group, self.view, NO_GROUP)?;
        if group.0.name == "default" {
            let message = format!(
                "the specified group: \"{}\" name: \"default\" cannot be deleted by a user",
                call.group
            );
            return refuse("CannotDelete", message);
        }
        let refers = format!("refers={}", call.group);
        let is_used = self.state.interfaces.any(&format!("group={}", call.group))
            || self.state.groups.with(&refers).any(|(id, _)| *id != call.group);
        if is_used {
            return refuse(
                "DependencyViolation",
                format!("resource {} has a dependent object", call.group),
            );
        }
        self.state.groups.remove(self.moment(), &call.group);
        Ok(())
    }

    /// Whether the groups of one let traffic out to, and those of the other let it in from, on a port.
    pub(super) fn is_open(
        &self,
        from: &BTreeSet<String>,
        to: &BTreeSet<String>,
        port: i32,
    ) -> bool {
        let meets = |rule: &Rule, peers: &BTreeSet<String>| match &rule.peer {
            Peer::Group(group) => peers.contains(group),
            Peer::Network(network) => {
                peers.iter().any(|peer| cidr::contains(network, self.network_of(peer)))
            }
            Peer::PrefixList(_) => false,
        };
        self.lets(from, Direction::Out, port, |rule| meets(rule, to))
            && self.lets(to, Direction::In, port, |rule| meets(rule, from))
    }

    /// The network in which whoever is in a group has its addresses.
    fn network_of(&self, group: &str) -> &str {
        let group = self.state.groups.get(group);
        let vpc = group.and_then(|group| self.state.vpcs.get(&group.0.vpc));
        vpc.map_or("", |network| &network.vpc.cidr)
    }

    /// Whether anyone in the internet is let in on a port.
    pub(super) fn is_public(&self, groups: &BTreeSet<String>, port: i32) -> bool {
        self.lets(groups, Direction::In, port, |rule| {
            rule.peer == Peer::Network("0.0.0.0/0".into())
        })
    }

    /// Whether the internet can be reached on a port.
    pub(super) fn reaches_internet(&self, groups: &BTreeSet<String>, port: i32) -> bool {
        self.lets(groups, Direction::Out, port, |rule| {
            rule.peer == Peer::Network("0.0.0.0/0".into())
        })
    }

    fn lets(
        &self,
        groups: &BTreeSet<String>,
        direction: Direction,
        port: i32,
        meets: impl Fn(&Rule) -> bool,
    ) -> bool {
        groups.iter().filter_map(|id| self.state.groups.get(id)).any(|group| {
            let rules = match direction {
                Direction::In => &group.0.ingress,
                Direction::Out => &group.0.egress,
            };
            rules.iter().any(|rule| {
                let is_protocol = rule.protocol == "-1" || rule.protocol == "tcp";
                let is_port = rule.ports.is_none_or(|(first, last)| (first..=last).contains(&port));
                is_protocol && is_port && meets(rule)
            })
        })
    }
}
