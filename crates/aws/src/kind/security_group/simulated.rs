//! Security groups with their rules, and what the rules let through.

use crate::kind::simulated::prelude::*;
use crate::kind::simulated::vpc::{self, VpcRecord};

const QUOTA: DefaultQuota =
    DefaultQuota::new("security groups", 2500, "SecurityGroupLimitExceeded");
const RULES_QUOTA: DefaultQuota =
    DefaultQuota::new("rules of a security group", 60, "RulesPerSecurityGroupLimitExceeded");

impl Kind for SecurityGroup {
    const NAME: &'static str = "security-group";
    const MISSING: &'static str = "InvalidGroup.NotFound";
    const TAGGED_AS: Option<&'static str> = Some("sg");
    const QUOTAS: &'static [DefaultQuota] = &[QUOTA, RULES_QUOTA];

    tags!(tags);

    fn keys(&self) -> Vec<String> {
        let mut keys = vec![
            format!("vpc={}", self.vpc),
            format!("name={}", self.name),
            format!("named={}/{}", self.vpc, self.name),
        ];
        for rule in self.ingress.iter().chain(&self.egress) {
            if let Peer::Group(group) = &rule.peer
                && *group != self.id
            {
                keys.push(format!("security-group={group}"));
            }
        }
        keys
    }

    fn state(&self) -> String {
        self.name.clone()
    }

    fn tie(&self, key: &str) -> Tie {
        let is_default = self.name == "default" && key.starts_with("vpc=");
        if is_default { Tie::GoesWith } else { Tie::Blocks }
    }
}

/// Makes the default security group of a new VPC.
pub(crate) fn default(world: &mut World, vpc: &Vpc) {
    let id = world.id("sg");
    let group = SecurityGroup {
        id: id.clone(),
        vpc: vpc.id.clone(),
        name: "default".into(),
        description: "default VPC security group".into(),
        ingress: BTreeSet::from([all(Peer::Group(id.clone()))]),
        egress: BTreeSet::from([all(anywhere())]),
        tags: Tags::new(),
    };
    world.put(&id, group);
}

fn anywhere() -> Peer {
    Peer::Network("0.0.0.0/0".into())
}

/// The rule that lets everything through.
fn all(peer: Peer) -> Rule {
    Rule { protocol: "-1".into(), ports: None, peer, description: String::new() }
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

/// Tells whether two rules are the same rule: their descriptions do not count.
fn is_same(one: &Rule, other: &Rule) -> bool {
    (&one.protocol, one.ports, &one.peer) == (&other.protocol, other.ports, &other.peer)
}

impl World {
    pub(crate) fn create_security_group(&mut self, call: CreateSecurityGroup) -> Answer<String> {
        self.find::<VpcRecord>(&call.vpc)?;
        // "Cannot start with sg-" (`CreateSecurityGroup`, `GroupName`).
        if call.name.starts_with("sg-") {
            let message = format!("Group names may not be in the format sg-*: '{}'", call.name);
            return refuse("InvalidParameterValue", message);
        }
        if self.any::<SecurityGroup>(&format!("named={}/{}", call.vpc, call.name)) {
            let message =
                format!("The security group '{}' already exists for VPC '{}'", call.name, call.vpc);
            return refuse("InvalidGroup.Duplicate", message);
        }
        self.room(&QUOTA, self.count::<SecurityGroup>())?;
        let id = self.id("sg");
        let group = SecurityGroup {
            id: id.clone(),
            vpc: call.vpc,
            name: call.name,
            description: call.description,
            ingress: BTreeSet::new(),
            egress: BTreeSet::from([all(anywhere())]),
            tags: call.tags,
        };
        self.put(&id, group);
        Ok(id)
    }

    pages!(describe_security_groups(DescribeSecurityGroups) of SecurityGroup => Clone::clone);

    /// All rules of a call, or none of them.
    fn authorize(&mut self, id: &str, new: BTreeSet<Rule>, direction: Direction) -> Answer<()> {
        let mut group = self.find::<SecurityGroup>(id)?.clone();
        for rule in &new {
            if let Peer::Group(peer) = &rule.peer {
                let peer = self.find::<SecurityGroup>(peer)?;
                if peer.vpc != group.vpc {
                    let message =
                        "You have specified two resources that belong to different networks.";
                    return refuse(SecurityGroup::MISSING, message);
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
        self.room(&RULES_QUOTA, count)?;
        rules(&mut group, direction).extend(new);
        self.put(id, group);
        Ok(())
    }

    fn revoke(&mut self, id: &str, old: &BTreeSet<Rule>, direction: Direction) -> Answer<()> {
        let mut group = self.find::<SecurityGroup>(id)?.clone();
        for rule in old {
            let rules = rules(&mut group, direction);
            let before = rules.len();
            rules.retain(|other| !is_same(other, rule));
            if rules.len() == before {
                let message = "The specified rule does not exist in this security group.";
                return refuse("InvalidPermission.NotFound", message);
            }
        }
        self.put(id, group);
        Ok(())
    }

    pub(crate) fn authorize_security_group_ingress(
        &mut self,
        call: AuthorizeSecurityGroupIngress,
    ) -> Answer<()> {
        self.authorize(&call.group, call.rules, Direction::In)
    }

    pub(crate) fn authorize_security_group_egress(
        &mut self,
        call: AuthorizeSecurityGroupEgress,
    ) -> Answer<()> {
        self.authorize(&call.group, call.rules, Direction::Out)
    }

    pub(crate) fn revoke_security_group_ingress(
        &mut self,
        call: RevokeSecurityGroupIngress,
    ) -> Answer<()> {
        self.revoke(&call.group, &call.rules, Direction::In)
    }

    pub(crate) fn revoke_security_group_egress(
        &mut self,
        call: RevokeSecurityGroupEgress,
    ) -> Answer<()> {
        self.revoke(&call.group, &call.rules, Direction::Out)
    }

    pub(crate) fn delete_security_group(&mut self, call: DeleteSecurityGroup) -> Answer<()> {
        let group = self.find::<SecurityGroup>(&call.group)?;
        if group.name == "default" {
            let message = format!(
                "the specified group: \"{}\" name: \"default\" cannot be deleted by a user",
                call.group
            );
            return refuse("CannotDelete", message);
        }
        if self.is_used(&format!("security-group={}", call.group)) {
            return refuse(
                "DependencyViolation",
                format!("resource {} has a dependent object", call.group),
            );
        }
        self.delete::<SecurityGroup>(&call.group)
    }
}

/// Tells whether the groups of one let traffic out to, and those of the other let it in from, on a port.
pub(crate) fn is_open(
    world: &World,
    from: &BTreeSet<String>,
    to: &BTreeSet<String>,
    port: i32,
) -> bool {
    let meets = |rule: &Rule, peers: &BTreeSet<String>| match &rule.peer {
        Peer::Group(group) => peers.contains(group),
        Peer::Network(network) => {
            peers.iter().any(|peer| vpc::contains(network, network_of(world, peer)))
        }
        Peer::PrefixList(_) => false,
    };
    lets(world, from, Direction::Out, port, |rule| meets(rule, to))
        && lets(world, to, Direction::In, port, |rule| meets(rule, from))
}

/// The network in which the members of a group have their addresses.
fn network_of<'a>(world: &'a World, group: &str) -> &'a str {
    let group = world.get::<SecurityGroup>(group);
    let vpc = group.and_then(|group| world.get::<VpcRecord>(&group.vpc));
    vpc.map_or("", |record| &record.vpc.cidr)
}

/// Tells whether anyone in the internet is let in on a port.
pub(crate) fn is_public(world: &World, groups: &BTreeSet<String>, port: i32) -> bool {
    lets(world, groups, Direction::In, port, |rule| rule.peer == anywhere())
}

/// Tells whether the internet can be reached on a port.
pub(crate) fn reaches_internet(world: &World, groups: &BTreeSet<String>, port: i32) -> bool {
    lets(world, groups, Direction::Out, port, |rule| rule.peer == anywhere())
}

fn lets(
    world: &World,
    groups: &BTreeSet<String>,
    direction: Direction,
    port: i32,
    meets: impl Fn(&Rule) -> bool,
) -> bool {
    groups.iter().filter_map(|id| world.get::<SecurityGroup>(id)).any(|group| {
        let rules = match direction {
            Direction::In => &group.ingress,
            Direction::Out => &group.egress,
        };
        rules.iter().any(|rule| {
            let is_protocol = rule.protocol == "-1" || rule.protocol == "tcp";
            let is_port = rule.ports.is_none_or(|(first, last)| (first..=last).contains(&port));
            is_protocol && is_port && meets(rule)
        })
    })
}
