//! Network interfaces, which hold subnets and security groups for those that own them.

pub(crate) mod simulated;

use crate::page::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkInterface {
    pub id: String,
    pub subnet: String,
    /// Such as `ELB app/skyward/…` or `Interface for NAT Gateway nat-…`.
    pub description: String,
    pub groups: BTreeSet<String>,
}

operations! {
    DescribeNetworkInterfaces { select: Select, page: Option<String> } -> Page<NetworkInterface>;
}

#[cfg(feature = "sdk")]
mod sdk {
    use super::*;
    use crate::kind::prelude::*;

    fn interface(interface: Element<'_>) -> NetworkInterface {
        let groups = interface.items("groupSet");
        NetworkInterface {
            id: interface.text("networkInterfaceId"),
            subnet: interface.text("subnetId"),
            description: interface.text("description"),
            groups: groups.filter_map(|group| group.option("groupId")).collect(),
        }
    }

    query! { ec2
        pages describe_network_interfaces(DescribeNetworkInterfaces)
            by Filters::by("network-interface-id")
            => |answer| answer.each("networkInterfaceSet", interface);
    }
}
