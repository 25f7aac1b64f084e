//! Subnets.

use serde::{Deserialize, Serialize};

use super::Tags;
use crate::page::{Page, Select};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subnet {
    pub id: String,
    pub vpc: String,
    pub cidr: String,
    pub zone: String,
    pub public_addresses: bool,
    /// `pending` or `available`.
    pub state: String,
    pub tags: Tags,
}

operations! {
    CreateSubnet { vpc: String, cidr: String, zone: String, tags: Tags } -> Subnet;
    DescribeSubnets { select: Select, page: Option<String> } -> Page<Subnet>;
    ModifySubnetAttribute { subnet: String, public_addresses: bool } -> ();
    DeleteSubnet { subnet: String } -> ();
}

#[cfg(feature = "sdk")]
mod sdk {
    use aws_sdk_ec2::types;

    use super::*;
    use crate::kind::prelude::*;

    fn subnet(subnet: types::Subnet) -> Subnet {
        Subnet {
            state: name(subnet.state.as_ref()),
            id: text(subnet.subnet_id),
            vpc: text(subnet.vpc_id),
            cidr: text(subnet.cidr_block),
            zone: text(subnet.availability_zone),
            public_addresses: subnet.map_public_ip_on_launch.unwrap_or_default(),
            tags: ec2::tags(subnet.tags),
        }
    }

    call!(
        ec2.create_subnet,
        |call: CreateSubnet, request| request
            .vpc_id(call.vpc)
            .cidr_block(call.cidr)
            .availability_zone(call.zone)
            .tag_specifications(ec2::tagged(types::ResourceType::Subnet, call.tags)),
        |answer| subnet(answer.subnet.unwrap_or_else(|| types::Subnet::builder().build()))
    );

    pages!(ec2.describe_subnets.set_filters, DescribeSubnets, Filters::by("subnet-id"), |answer| {
        each(answer.subnets, subnet)
    });

    call!(ec2.modify_subnet_attribute, |call: ModifySubnetAttribute, request| {
        let value = types::AttributeBooleanValue::builder().value(call.public_addresses).build();
        request.subnet_id(call.subnet).map_public_ip_on_launch(value)
    });

    call!(ec2.delete_subnet, |call: DeleteSubnet, request| request.subnet_id(call.subnet));
}
