//! Subnets.

pub(crate) mod simulated;

use crate::page::prelude::*;

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

    requests! { ec2
        create_subnet(call: CreateSubnet) {
            vpc_id(call.vpc) cidr_block(call.cidr) availability_zone(call.zone)
            tag_specifications(ec2::tagged(types::ResourceType::Subnet, call.tags))
        } => |answer| made(Operation::CreateSubnet, answer.subnet, subnet)?;
        pages describe_subnets.set_filters(DescribeSubnets) by Filters::by("subnet-id")
            => |answer| { each(answer.subnets, subnet) };
        modify_subnet_attribute(call: ModifySubnetAttribute) {
            subnet_id(call.subnet) map_public_ip_on_launch(ec2::switch(call.public_addresses))
        };
        delete_subnet(call: DeleteSubnet) { subnet_id(call.subnet) };
    }
}
