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
    /// `available` where nothing uses it, `in-use`, …
    pub status: String,
    pub tags: Tags,
}

operations! {
    DescribeNetworkInterfaces { select: Select, page: Option<String> } -> Page<NetworkInterface>;
    DeleteNetworkInterface { interface: String } -> ();
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
            status: interface.text("status"),
            tags: interface.tags(),
        }
    }

    query! { ec2
        pages describe_network_interfaces(DescribeNetworkInterfaces)
            by Filters::by("network-interface-id")
            => |answer| answer.each("networkInterfaceSet", interface);
        delete_network_interface(call: DeleteNetworkInterface) {
            "NetworkInterfaceId": call.interface,
        };
    }
}
