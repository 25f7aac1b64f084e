//! Elastic IP addresses.

use crate::kind::simulated::prelude::*;
use crate::random::mix;

/// An elastic IP address, and the NAT gateway that uses it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct AddressRecord {
    pub(crate) address: Address,
    pub(crate) user: Option<String>,
}

const QUOTA: DefaultQuota = DefaultQuota::new("elastic IP addresses", 5, "AddressLimitExceeded");

impl Kind for AddressRecord {
    const NAME: &'static str = "address";
    const MISSING: &'static str = "InvalidAllocationID.NotFound";
    const TAGGED_AS: Option<&'static str> = Some("eipalloc");
    const QUOTAS: &'static [DefaultQuota] = &[QUOTA];

    tags!(address.tags);

    fn state(&self) -> String {
        self.user.clone().unwrap_or_default()
    }
}

impl World {
    pub(crate) fn allocate_address(&mut self, call: AllocateAddress) -> Answer<Address> {
        self.room(&QUOTA, self.count::<AddressRecord>())?;
        let allocation = self.id("eipalloc");
        let number = mix(self.random.next());
        let ip = format!("3.{}.{}.{}", 64 + number % 64, (number >> 8) % 256, (number >> 16) % 256);
        let address = Address { allocation, ip, association: None, tags: call.tags };
        let record = AddressRecord { address: address.clone(), user: None };
        self.put(&address.allocation, record);
        Ok(address)
    }

    pub(crate) fn describe_addresses(&mut self, call: DescribeAddresses) -> Answer<Vec<Address>> {
        Ok(self.list(&call.select, |record: &AddressRecord| record.address.clone()))
    }

    pub(crate) fn describe_account_attributes(
        &mut self,
        _: DescribeAccountAttributes,
    ) -> Answer<Vec<Quota>> {
        let names = ["max-elastic-ips", "vpc-max-elastic-ips"];
        Ok(names.map(|name| self.quota_as(name, &QUOTA, None)).into())
    }

    pub(crate) fn release_address(&mut self, call: ReleaseAddress) -> Answer<()> {
        let record = self.find::<AddressRecord>(&call.allocation)?;
        if record.user.is_some() {
            let message = format!("Address {} is in use.", record.address.ip);
            return refuse("InvalidIPAddress.InUse", message);
        }
        self.delete::<AddressRecord>(&call.allocation)
    }
}
