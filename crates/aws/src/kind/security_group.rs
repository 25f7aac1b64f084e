//! Security groups with their rules.

pub(crate) mod simulated;

use crate::page::prelude::*;

/// The peer that a rule of a security group lets through; groups are told by `G`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Peer<G = String> {
    /// A network.
    Network(String),
    /// The members of a security group.
    Group(G),
    /// The networks of a prefix list.
    PrefixList(String),
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Rule<G = String> {
    /// `tcp`, `udp`, `icmp`, or `-1` for all.
    pub protocol: String,
    /// First and last port; none for all protocols.
    pub ports: Option<(i32, i32)>,
    pub peer: Peer<G>,
    pub description: String,
}

impl<G> Rule<G> {
    /// The same rule with groups that are told otherwise.
    ///
    /// # Errors
    /// The group cannot be told so.
    pub fn try_map<H, E>(&self, tell: impl FnOnce(&G) -> Result<H, E>) -> Result<Rule<H>, E> {
        let peer = match &self.peer {
            Peer::Network(network) => Peer::Network(network.clone()),
            Peer::Group(group) => Peer::Group(tell(group)?),
            Peer::PrefixList(list) => Peer::PrefixList(list.clone()),
        };
        let (protocol, description) = (self.protocol.clone(), self.description.clone());
        Ok(Rule { protocol, ports: self.ports, peer, description })
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecurityGroup {
    pub id: String,
    pub vpc: String,
    pub name: String,
    pub description: String,
    pub ingress: BTreeSet<Rule>,
    pub egress: BTreeSet<Rule>,
    pub tags: Tags,
}

operations! {
    CreateSecurityGroup { vpc: String, name: String, description: String, tags: Tags } -> String;
    DescribeSecurityGroups { select: Select, page: Option<String> } -> Page<SecurityGroup>;
    AuthorizeSecurityGroupIngress { group: String, rules: BTreeSet<Rule> } -> ();
    AuthorizeSecurityGroupEgress { group: String, rules: BTreeSet<Rule> } -> ();
    RevokeSecurityGroupIngress { group: String, rules: BTreeSet<Rule> } -> ();
    RevokeSecurityGroupEgress { group: String, rules: BTreeSet<Rule> } -> ();
    DeleteSecurityGroup { group: String } -> ();
}

#[cfg(feature = "sdk")]
mod sdk {
    use super::*;
    use crate::kind::prelude::*;

    /// The protocol of a rule for all protocols, which has no ports.
    const ALL: &str = "-1";

    /// The lists of peers in a permission, with the names of their members.
    const PEERS: [(&str, &str); 4] = [
        ("ipRanges", "cidrIp"),
        ("ipv6Ranges", "cidrIpv6"),
        ("groups", "groupId"),
        ("prefixListIds", "prefixListId"),
    ];

    /// The rules of a permission, which is a protocol with ports and any number of peers; a rule has one.
    fn rules(permission: Element<'_>) -> Vec<Rule> {
        let protocol = permission.text("ipProtocol");
        let ports = permission.parsed("fromPort").zip(permission.parsed("toPort"));
        let ports = ports.filter(|_| protocol != ALL);
        let rule = |(list, name): (&str, &str)| {
            permission.each(list, |found| Rule {
                protocol: protocol.clone(),
                ports,
                peer: match list {
                    "groups" => Peer::Group(found.text(name)),
                    "prefixListIds" => Peer::PrefixList(found.text(name)),
                    _ => Peer::Network(found.text(name)),
                },
                description: found.text("description"),
            })
        };
        PEERS.into_iter().flat_map(rule).collect()
    }

    fn permission(rule: Rule) -> Parameter {
        let (list, name, peer) = match rule.peer {
            Peer::Network(network) if network.contains(':') => ("Ipv6Ranges", "CidrIpv6", network),
            Peer::Network(network) => ("IpRanges", "CidrIp", network),
            Peer::Group(group) => ("Groups", "GroupId", group),
            Peer::PrefixList(id) => ("PrefixListIds", "PrefixListId", id),
        };
        let about = Some(rule.description).filter(|text| !text.is_empty());
        let peer = vec![(name, peer.into()), ("Description", about.into())];
        Parameter::Structure(vec![
            ("IpProtocol", rule.protocol.into()),
            ("FromPort", rule.ports.map(|ports| ports.0).into()),
            ("ToPort", rule.ports.map(|ports| ports.1).into()),
            (list, Parameter::List(vec![Parameter::Structure(peer)])),
        ])
    }

    fn permissions(group: String, rules: BTreeSet<Rule>) -> Parameter {
        let permissions: Vec<_> = rules.into_iter().map(permission).collect();
        structure! { "GroupId": group, "IpPermissions": permissions }
    }

    fn group(group: Element<'_>) -> SecurityGroup {
        SecurityGroup {
            id: group.text("groupId"),
            vpc: group.text("vpcId"),
            name: group.text("groupName"),
            description: group.text("groupDescription"),
            ingress: group.items("ipPermissions").flat_map(rules).collect(),
            egress: group.items("ipPermissionsEgress").flat_map(rules).collect(),
            tags: group.tags(),
        }
    }

    query! { ec2
        create_security_group(call: CreateSecurityGroup) {
            "VpcId": call.vpc, "GroupName": call.name, "GroupDescription": call.description,
            "TagSpecification": tagged("security-group", call.tags),
        } => |answer| answer.text("groupId");
        pages describe_security_groups(DescribeSecurityGroups)
            by Filters { name: Some("group-name"), ..Filters::by("group-id") }
            => |answer| answer.each("securityGroupInfo", group);
        authorize_security_group_ingress(call: AuthorizeSecurityGroupIngress)
            (permissions(call.group, call.rules));
        authorize_security_group_egress(call: AuthorizeSecurityGroupEgress)
            (permissions(call.group, call.rules));
        revoke_security_group_ingress(call: RevokeSecurityGroupIngress)
            (permissions(call.group, call.rules));
        revoke_security_group_egress(call: RevokeSecurityGroupEgress)
            (permissions(call.group, call.rules));
        delete_security_group(call: DeleteSecurityGroup) { "GroupId": call.group };
    }
}
