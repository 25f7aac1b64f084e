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
    use aws_sdk_ec2::types;
    use aws_sdk_ec2::types::{IpPermission, IpRange, Ipv6Range, PrefixListId, UserIdGroupPair};

    use super::*;
    use crate::kind::prelude::*;

    /// The protocol of a rule for all protocols, which has no ports.
    const ALL: &str = "-1";

    /// The rules of permissions: a permission is a protocol with ports and any number of peers; a rule has one.
    fn rules(permissions: Option<Vec<IpPermission>>) -> BTreeSet<Rule> {
        permissions.unwrap_or_default().into_iter().flat_map(rules_of).collect()
    }

    fn rules_of(permission: IpPermission) -> Vec<Rule> {
        let protocol = text(permission.ip_protocol);
        let ports = permission.from_port.zip(permission.to_port).filter(|_| protocol != ALL);
        let networks = each(permission.ip_ranges, |range| {
            (Peer::Network(text(range.cidr_ip)), range.description)
        });
        let networks_v6 = each(permission.ipv6_ranges, |range| {
            (Peer::Network(text(range.cidr_ipv6)), range.description)
        });
        let groups = each(permission.user_id_group_pairs, |pair| {
            (Peer::Group(text(pair.group_id)), pair.description)
        });
        let lists = each(permission.prefix_list_ids, |list| {
            (Peer::PrefixList(text(list.prefix_list_id)), list.description)
        });
        let rule = |(peer, description)| {
            let (protocol, description) = (protocol.clone(), text(description));
            Rule { protocol, ports, peer, description }
        };
        [networks, networks_v6, groups, lists].into_iter().flatten().map(rule).collect()
    }

    fn permission(rule: Rule) -> IpPermission {
        let about = Some(rule.description).filter(|text| !text.is_empty());
        let permission = IpPermission::builder()
            .ip_protocol(rule.protocol)
            .set_from_port(rule.ports.map(|ports| ports.0))
            .set_to_port(rule.ports.map(|ports| ports.1));
        let permission = match rule.peer {
            Peer::Network(network) if network.contains(':') => permission.ipv6_ranges(
                Ipv6Range::builder().cidr_ipv6(network).set_description(about).build(),
            ),
            Peer::Network(network) => permission
                .ip_ranges(IpRange::builder().cidr_ip(network).set_description(about).build()),
            Peer::Group(group) => permission.user_id_group_pairs(
                UserIdGroupPair::builder().group_id(group).set_description(about).build(),
            ),
            Peer::PrefixList(list) => permission.prefix_list_ids(
                PrefixListId::builder().prefix_list_id(list).set_description(about).build(),
            ),
        };
        permission.build()
    }

    fn permissions(rules: BTreeSet<Rule>) -> Vec<IpPermission> {
        rules.into_iter().map(permission).collect()
    }

    fn group(group: types::SecurityGroup) -> SecurityGroup {
        SecurityGroup {
            id: text(group.group_id),
            vpc: text(group.vpc_id),
            name: text(group.group_name),
            description: text(group.description),
            ingress: rules(group.ip_permissions),
            egress: rules(group.ip_permissions_egress),
            tags: ec2::tags(group.tags),
        }
    }

    requests! { ec2
        create_security_group(call: CreateSecurityGroup) {
            vpc_id(call.vpc) group_name(call.name) description(call.description)
            tag_specifications(ec2::tagged(types::ResourceType::SecurityGroup, call.tags))
        } => |answer| text(answer.group_id);
        pages describe_security_groups.set_filters(DescribeSecurityGroups)
            by Filters { name: Some("group-name"), ..Filters::by("group-id") }
            => |answer| each(answer.security_groups, group);
        authorize_security_group_ingress(call: AuthorizeSecurityGroupIngress) {
            group_id(call.group) set_ip_permissions(Some(permissions(call.rules)))
        };
        authorize_security_group_egress(call: AuthorizeSecurityGroupEgress) {
            group_id(call.group) set_ip_permissions(Some(permissions(call.rules)))
        };
        revoke_security_group_ingress(call: RevokeSecurityGroupIngress) {
            group_id(call.group) set_ip_permissions(Some(permissions(call.rules)))
        };
        revoke_security_group_egress(call: RevokeSecurityGroupEgress) {
            group_id(call.group) set_ip_permissions(Some(permissions(call.rules)))
        };
        delete_security_group(call: DeleteSecurityGroup) { group_id(call.group) };
    }
}
