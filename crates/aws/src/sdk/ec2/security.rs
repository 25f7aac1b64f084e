use std::collections::BTreeSet;

use aws_sdk_ec2::types;
use aws_sdk_ec2::types::{
    IpPermission, IpRange, Ipv6Range, PrefixListId, ResourceType, UserIdGroupPair,
};

use super::filters::Names;
use super::{PAGE, tagged, tags};
use crate::model::{Peer, Rule, SecurityGroup};
use crate::sdk::Sdk;
use crate::sdk::convert::{each, next, text};
use crate::sdk::error::Answer;
use crate::{
    ApiError, AuthorizeSecurityGroupEgress, AuthorizeSecurityGroupIngress, CreateSecurityGroup,
    DeleteSecurityGroup, DescribeSecurityGroups, Operation, Page, RevokeSecurityGroupEgress,
    RevokeSecurityGroupIngress,
};

/// The protocol of a rule for all protocols, which has no ports.
const ALL: &str = "-1";

/// A permission is a protocol with ports and any number of peers; a rule has one.
fn rules(permissions: Option<Vec<IpPermission>>) -> BTreeSet<Rule> {
    permissions.unwrap_or_default().into_iter().flat_map(rules_of).collect()
}

fn rules_of(permission: IpPermission) -> Vec<Rule> {
    let protocol = text(permission.ip_protocol);
    let ports = permission.from_port.zip(permission.to_port).filter(|_| protocol != ALL);
    let networks =
        each(permission.ip_ranges, |range| (Peer::Network(text(range.cidr_ip)), range.description));
    let networks_v6 = each(permission.ipv6_ranges, |range| {
        (Peer::Network(text(range.cidr_ipv6)), range.description)
    });
    let groups = each(permission.user_id_group_pairs, |pair| {
        (Peer::Group(text(pair.group_id)), pair.description)
    });
    let lists = each(permission.prefix_list_ids, |list| {
        (Peer::PrefixList(text(list.prefix_list_id)), list.description)
    });
    let peers = [networks, networks_v6, groups, lists].into_iter().flatten();
    peers
        .map(|(peer, description)| Rule {
            protocol: protocol.clone(),
            ports,
            peer,
            description: text(description),
        })
        .collect()
}

fn permission(rule: Rule) -> IpPermission {
    let description = Some(rule.description).filter(|text| !text.is_empty());
    let permission = IpPermission::builder().ip_protocol(rule.protocol);
    let permission = permission
        .set_from_port(rule.ports.map(|ports| ports.0))
        .set_to_port(rule.ports.map(|ports| ports.1));
    match rule.peer {
        Peer::Network(network) if network.contains(':') => permission.ipv6_ranges(
            Ipv6Range::builder().cidr_ipv6(network).set_description(description).build(),
        ),
        Peer::Network(network) => permission
            .ip_ranges(IpRange::builder().cidr_ip(network).set_description(description).build()),
        Peer::Group(group) => permission.user_id_group_pairs(
            UserIdGroupPair::builder().group_id(group).set_description(description).build(),
        ),
        Peer::PrefixList(list) => permission.prefix_list_ids(
            PrefixListId::builder().prefix_list_id(list).set_description(description).build(),
        ),
    }
    .build()
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
        tags: tags(group.tags),
    }
}

impl Sdk {
    pub(in crate::sdk) async fn create_security_group(
        &self,
        call: CreateSecurityGroup,
    ) -> Result<String, ApiError> {
        let request = self.ec2.create_security_group().vpc_id(call.vpc).group_name(call.name);
        let request = request.description(call.description);
        let request = request.tag_specifications(tagged(ResourceType::SecurityGroup, call.tags));
        let answer = request.send().await.answer(Operation::CreateSecurityGroup)?;
        Ok(text(answer.group_id))
    }

    pub(in crate::sdk) async fn describe_security_groups(
        &self,
        call: DescribeSecurityGroups,
    ) -> Result<Page<SecurityGroup>, ApiError> {
        let operation = Operation::DescribeSecurityGroups;
        let names = Names { name: Some("group-name"), ..Names::of(operation, "group-id") };
        let Some(filters) = names.filters(call.select)? else { return Ok(Page::only(Vec::new())) };
        let request = self.ec2.describe_security_groups().set_filters(Some(filters));
        let request = request.max_results(PAGE).set_next_token(call.page);
        let answer = request.send().await.answer(operation)?;
        Ok(Page { items: each(answer.security_groups, group), next: next(answer.next_token) })
    }

    pub(in crate::sdk) async fn authorize_security_group_ingress(
        &self,
        call: AuthorizeSecurityGroupIngress,
    ) -> Result<(), ApiError> {
        let request = self.ec2.authorize_security_group_ingress().group_id(call.group);
        let request = request.set_ip_permissions(Some(permissions(call.rules)));
        request.send().await.answer(Operation::AuthorizeSecurityGroupIngress).map(|_| ())
    }

    pub(in crate::sdk) async fn authorize_security_group_egress(
        &self,
        call: AuthorizeSecurityGroupEgress,
    ) -> Result<(), ApiError> {
        let request = self.ec2.authorize_security_group_egress().group_id(call.group);
        let request = request.set_ip_permissions(Some(permissions(call.rules)));
        request.send().await.answer(Operation::AuthorizeSecurityGroupEgress).map(|_| ())
    }

    pub(in crate::sdk) async fn revoke_security_group_ingress(
        &self,
        call: RevokeSecurityGroupIngress,
    ) -> Result<(), ApiError> {
        let request = self.ec2.revoke_security_group_ingress().group_id(call.group);
        let request = request.set_ip_permissions(Some(permissions(call.rules)));
        request.send().await.answer(Operation::RevokeSecurityGroupIngress).map(|_| ())
    }

    pub(in crate::sdk) async fn revoke_security_group_egress(
        &self,
        call: RevokeSecurityGroupEgress,
    ) -> Result<(), ApiError> {
        let request = self.ec2.revoke_security_group_egress().group_id(call.group);
        let request = request.set_ip_permissions(Some(permissions(call.rules)));
        request.send().await.answer(Operation::RevokeSecurityGroupEgress).map(|_| ())
    }

    pub(in crate::sdk) async fn delete_security_group(
        &self,
        call: DeleteSecurityGroup,
    ) -> Result<(), ApiError> {
        let request = self.ec2.delete_security_group().group_id(call.group);
        request.send().await.answer(Operation::DeleteSecurityGroup).map(|_| ())
    }
}
