//! Subnets. Route tables are associated with them; network interfaces hold them.

use crate::kind::simulated::prelude::*;
use crate::kind::simulated::vpc::{self, VpcRecord};

const READY: Event = Event::new("subnet ready", World::subnet_ready);
const QUOTA: DefaultQuota = DefaultQuota::new("subnets of a VPC", 200, "SubnetLimitExceeded");

impl Kind for Subnet {
    const NAME: &'static str = "subnet";
    const MISSING: &'static str = "InvalidSubnetID.NotFound";
    const TAGGED_AS: Option<&'static str> = Some("subnet");
    const EVENTS: &'static [Event] = &[READY];
    const QUOTAS: &'static [DefaultQuota] = &[QUOTA];

    tags!(tags);

    fn keys(&self) -> Vec<String> {
        vec![format!("vpc={}", self.vpc)]
    }

    fn state(&self) -> String {
        self.state.clone()
    }
}

impl World {
    pub(crate) fn create_subnet(&mut self, call: CreateSubnet) -> Answer<Subnet> {
        let vpc = &self.find::<VpcRecord>(&call.vpc)?.vpc;
        if !self.zones(|_| true).contains(&call.zone) {
            let message =
                format!("Value ({}) for parameter availabilityZone is invalid.", call.zone);
            return refuse("InvalidParameterValue", message);
        }
        if !vpc::contains(&vpc.cidr, &call.cidr)
            || vpc::prefix_length(&call.cidr).is_none_or(|bits| bits > 28)
        {
            return refuse("InvalidSubnet.Range", format!("The CIDR '{}' is invalid.", call.cidr));
        }
        let key = format!("vpc={}", call.vpc);
        let count = self.with::<Subnet>(&key).count();
        self.room(&QUOTA, count)?;
        if self.with::<Subnet>(&key).any(|(_, other)| vpc::overlaps(&other.cidr, &call.cidr)) {
            let message = format!("The CIDR '{}' conflicts with another subnet", call.cidr);
            return refuse("InvalidSubnet.Conflict", message);
        }
        let subnet = Subnet {
            id: self.id("subnet"),
            vpc: call.vpc,
            cidr: call.cidr,
            zone: call.zone,
            public_addresses: false,
            state: "pending".into(),
            tags: call.tags,
        };
        self.put(&subnet.id, subnet.clone());
        self.after(vpc::CREATE, READY, &subnet.id);
        Ok(subnet)
    }

    pub(crate) fn subnet_ready(&mut self, id: &str) {
        let ready = |subnet: &mut Subnet| subnet.state = "available".into();
        self.update::<Subnet>(id, ready);
    }

    pages!(describe_subnets(DescribeSubnets) of Subnet => Clone::clone);

    pub(crate) fn modify_subnet_attribute(&mut self, call: ModifySubnetAttribute) -> Answer<()> {
        let change = |subnet: &mut Subnet| subnet.public_addresses = call.public_addresses;
        self.change::<Subnet>(&call.subnet, change)
    }

    pub(crate) fn delete_subnet(&mut self, call: DeleteSubnet) -> Answer<()> {
        self.find::<Subnet>(&call.subnet)?;
        let key = format!("subnet={}", call.subnet);
        if self.is_used(&key) {
            let message =
                format!("The subnet '{}' has dependencies and cannot be deleted.", call.subnet);
            return refuse("DependencyViolation", message);
        }
        let tables: Vec<String> = self.ids::<RouteTable>(&key, |_| true);
        for table in tables {
            self.update::<RouteTable>(&table, |table| {
                table.associations.retain(|other| other.subnet.as_ref() != Some(&call.subnet));
            });
        }
        self.delete::<Subnet>(&call.subnet)
    }
}
