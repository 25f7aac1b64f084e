use aws_sdk_ec2::types;
use aws_sdk_ec2::types::{DomainType, ResourceType};

use super::filters::Names;
use super::{tagged, tags};
use crate::model::Address;
use crate::sdk::Sdk;
use crate::sdk::convert::{each, text};
use crate::sdk::error::Answer;
use crate::{AllocateAddress, ApiError, DescribeAddresses, Operation, ReleaseAddress};

fn address(address: types::Address) -> Address {
    Address {
        allocation: text(address.allocation_id),
        ip: text(address.public_ip),
        association: address.association_id.filter(|id| !id.is_empty()),
        tags: tags(address.tags),
    }
}

impl Sdk {
    pub(in crate::sdk) async fn allocate_address(
        &self,
        call: AllocateAddress,
    ) -> Result<Address, ApiError> {
        let request = self.ec2.allocate_address().domain(DomainType::Vpc);
        let request =
            request.tag_specifications(tagged(ResourceType::ElasticIp, call.tags.clone()));
        let answer = request.send().await.answer(Operation::AllocateAddress)?;
        Ok(Address {
            allocation: text(answer.allocation_id),
            ip: text(answer.public_ip),
            association: None,
            // The answer has none.
            tags: call.tags,
        })
    }

    pub(in crate::sdk) async fn describe_addresses(
        &self,
        call: DescribeAddresses,
    ) -> Result<Vec<Address>, ApiError> {
        let operation = Operation::DescribeAddresses;
        let names = Names { operation, id: "allocation-id", vpc: None, name: None };
        let Some(filters) = names.filters(call.select)? else { return Ok(Vec::new()) };
        let request = self.ec2.describe_addresses().set_filters(Some(filters));
        Ok(each(request.send().await.answer(operation)?.addresses, address))
    }

    pub(in crate::sdk) async fn release_address(
        &self,
        call: ReleaseAddress,
    ) -> Result<(), ApiError> {
        let request = self.ec2.release_address().allocation_id(call.allocation);
        request.send().await.answer(Operation::ReleaseAddress).map(|_| ())
    }
}
