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

    query! { ec2
        allocate_address(call: AllocateAddress) {
            "Domain": "vpc", "TagSpecification": tagged("elastic-ip", call.tags.clone()),
        // The answer has no tags.
        } => |answer| Address { tags: call.tags, ..address(answer) };
        release_address(call: ReleaseAddress) { "AllocationId": call.allocation };
    }

    impl Sdk {
        /// This list comes whole.
        pub(crate) async fn describe_addresses(
            &self,
            call: DescribeAddresses,
        ) -> Result<Vec<Address>, ApiError> {
            let operation = Operation::DescribeAddresses;
            let by = Filters { vpc: None, ..Filters::by("allocation-id") };
            let Some(filters) = by.of(operation, call.select)? else { return Ok(Vec::new()) };
            let read = |answer: Element<'_>| Ok(answer.each("addressesSet", address));
            self.ec2.call(operation, structure! { "Filter": filters }, read).await
        }
    }
}
