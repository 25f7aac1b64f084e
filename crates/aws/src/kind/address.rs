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
    use aws_sdk_ec2::types;

    use super::*;
    use crate::kind::prelude::*;

    fn address(address: types::Address) -> Address {
        Address {
            allocation: text(address.allocation_id),
            ip: text(address.public_ip),
            association: address.association_id.filter(|id| !id.is_empty()),
            tags: ec2::tags(address.tags),
        }
    }

    requests! { ec2
        allocate_address(call: AllocateAddress) {
            domain(types::DomainType::Vpc)
            tag_specifications(ec2::tagged(types::ResourceType::ElasticIp, call.tags.clone()))
        } => |answer| Address {
            allocation: text(answer.allocation_id),
            ip: text(answer.public_ip),
            association: None,
            // The answer has none.
            tags: call.tags,
        };
        release_address(call: ReleaseAddress) { allocation_id(call.allocation) };
    }

    impl Sdk {
        pub(crate) async fn describe_addresses(
            &self,
            call: DescribeAddresses,
        ) -> Result<Vec<Address>, ApiError> {
            let operation = Operation::DescribeAddresses;
            let by = Filters { vpc: None, ..Filters::by("allocation-id") };
            let Some(filters) = by.of(operation, call.select)? else { return Ok(Vec::new()) };
            let request = self.ec2.describe_addresses().set_filters(Some(filters));
            Ok(each(request.send().await.answer(operation)?.addresses, address))
        }
    }
}
