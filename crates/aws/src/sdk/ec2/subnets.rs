use aws_sdk_ec2::types;
use aws_sdk_ec2::types::{AttributeBooleanValue, ResourceType};

use super::filters::Names;
use super::{PAGE, tagged, tags};
use crate::model::{NetworkInterface, Subnet};
use crate::sdk::Sdk;
use crate::sdk::convert::{each, name, next, text};
use crate::sdk::error::Answer;
use crate::{
    ApiError, CreateSubnet, DeleteSubnet, DescribeNetworkInterfaces, DescribeSubnets,
    ModifySubnetAttribute, Operation, Page,
};

fn subnet(subnet: types::Subnet) -> Subnet {
    Subnet {
        state: name(subnet.state.as_ref()),
        id: text(subnet.subnet_id),
        vpc: text(subnet.vpc_id),
        cidr: text(subnet.cidr_block),
        zone: text(subnet.availability_zone),
        public_addresses: subnet.map_public_ip_on_launch.unwrap_or_default(),
        tags: tags(subnet.tags),
    }
}

fn interface(interface: types::NetworkInterface) -> NetworkInterface {
    let groups = interface.groups.unwrap_or_default().into_iter();
    NetworkInterface {
        id: text(interface.network_interface_id),
        subnet: text(interface.subnet_id),
        description: text(interface.description),
        groups: groups.filter_map(|group| group.group_id).collect(),
    }
}

impl Sdk {
    pub(in crate::sdk) async fn create_subnet(
        &self,
        call: CreateSubnet,
    ) -> Result<Subnet, ApiError> {
        let request = self.ec2.create_subnet().vpc_id(call.vpc).cidr_block(call.cidr);
        let request = request.availability_zone(call.zone);
        let request = request.tag_specifications(tagged(ResourceType::Subnet, call.tags));
        let answer = request.send().await.answer(Operation::CreateSubnet)?;
        Ok(subnet(answer.subnet.unwrap_or_else(|| types::Subnet::builder().build())))
    }

    pub(in crate::sdk) async fn describe_subnets(
        &self,
        call: DescribeSubnets,
    ) -> Result<Page<Subnet>, ApiError> {
        let names = Names::of(Operation::DescribeSubnets, "subnet-id");
        let Some(filters) = names.filters(call.select)? else { return Ok(Page::only(Vec::new())) };
        let request = self.ec2.describe_subnets().set_filters(Some(filters));
        let request = request.max_results(PAGE).set_next_token(call.page);
        let answer = request.send().await.answer(Operation::DescribeSubnets)?;
        Ok(Page { items: each(answer.subnets, subnet), next: next(answer.next_token) })
    }

    pub(in crate::sdk) async fn modify_subnet_attribute(
        &self,
        call: ModifySubnetAttribute,
    ) -> Result<(), ApiError> {
        let value = AttributeBooleanValue::builder().value(call.public_addresses).build();
        let request = self.ec2.modify_subnet_attribute().subnet_id(call.subnet);
        let request = request.map_public_ip_on_launch(value);
        request.send().await.answer(Operation::ModifySubnetAttribute).map(|_| ())
    }

    pub(in crate::sdk) async fn delete_subnet(&self, call: DeleteSubnet) -> Result<(), ApiError> {
        let request = self.ec2.delete_subnet().subnet_id(call.subnet);
        request.send().await.answer(Operation::DeleteSubnet).map(|_| ())
    }

    pub(in crate::sdk) async fn describe_network_interfaces(
        &self,
        call: DescribeNetworkInterfaces,
    ) -> Result<Page<NetworkInterface>, ApiError> {
        let names = Names::of(Operation::DescribeNetworkInterfaces, "network-interface-id");
        let Some(filters) = names.filters(call.select)? else { return Ok(Page::only(Vec::new())) };
        let request = self.ec2.describe_network_interfaces().set_filters(Some(filters));
        let request = request.max_results(PAGE).set_next_token(call.page);
        let answer = request.send().await.answer(Operation::DescribeNetworkInterfaces)?;
        Ok(Page {
            items: each(answer.network_interfaces, interface),
            next: next(answer.next_token),
        })
    }
}
