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
    use super::*;
    use crate::kind::prelude::*;

    fn subnet(subnet: Element<'_>) -> Subnet {
        Subnet {
            id: subnet.text("subnetId"),
            vpc: subnet.text("vpcId"),
            cidr: subnet.text("cidrBlock"),
            zone: subnet.text("availabilityZone"),
            public_addresses: subnet.parsed("mapPublicIpOnLaunch").unwrap_or_default(),
            state: subnet.text("state"),
            tags: subnet.tags(),
        }
    }

    query! { ec2
        create_subnet(call: CreateSubnet) {
            "VpcId": call.vpc, "CidrBlock": call.cidr, "AvailabilityZone": call.zone,
            "TagSpecification": tagged("subnet", call.tags),
        } => |answer| answer.made("subnet", subnet)?;
        pages describe_subnets(DescribeSubnets) by Filters::by("subnet-id")
            => |answer| answer.each("subnetSet", subnet);
        modify_subnet_attribute(call: ModifySubnetAttribute) {
            "SubnetId": call.subnet, "MapPublicIpOnLaunch.Value": call.public_addresses,
        };
        delete_subnet(call: DeleteSubnet) { "SubnetId": call.subnet };
    }
}
