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
    use aws_sdk_ec2::types;

    use super::*;
    use crate::kind::prelude::*;

    fn interface(interface: types::NetworkInterface) -> NetworkInterface {
        let groups = interface.groups.unwrap_or_default().into_iter();
        NetworkInterface {
            id: text(interface.network_interface_id),
            subnet: text(interface.subnet_id),
            description: text(interface.description),
            groups: groups.filter_map(|group| group.group_id).collect(),
        }
    }

    requests! { ec2
        pages describe_network_interfaces.set_filters(DescribeNetworkInterfaces) by Filters::by("network-interface-id")
            => |answer| each(answer.network_interfaces, interface);
    }
}
