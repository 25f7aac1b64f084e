//! Elastic IP addresses.

pub(crate) mod simulated;

use crate::page::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    pub allocation: String,
    pub ip: String,
    /// The association, while something uses it.
    pub association: Option<String>,
    pub tags: Tags,
}

operations! {
    AllocateAddress { tags: Tags } -> Address;
    DescribeAddresses { select: Select } -> Vec<Address>;
    ReleaseAddress { allocation: String } -> ();
}

#[cfg(feature = "sdk")]
mod sdk {
    use super::*;
    use crate::kind::prelude::*;

    fn address(address: Element<'_>) -> Address {
        Address {
            allocation: address.text("allocationId"),
            ip: address.text("publicIp"),
            association: address.option("associationId").filter(|id| !id.is_empty()),
            tags: address.tags(),
        }
    }

    ec2_requests! {
        allocate_address(call: AllocateAddress) {
            "Domain": "vpc", "TagSpecification": tagged("elastic-ip", call.tags.clone()),
        // The answer has no tags.
        } => |answer| Address { tags: call.tags, ..address(answer) };
        all describe_addresses(DescribeAddresses)
            by Filters { vpc: None, ..Filters::by("allocation-id") }
            => |answer| answer.each("addressesSet", address);
        release_address(call: ReleaseAddress) { "AllocationId": call.allocation };
    }
}
