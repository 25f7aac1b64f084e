//! VPCs. Each has a main route table and a default security group from the beginning, and both go with it.

use std::net::Ipv4Addr;

use crate::kind::simulated::prelude::*;
use crate::kind::simulated::{route_table, security_group};

/// A VPC with its attributes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct VpcRecord {
    pub(crate) vpc: Vpc,
    dns_support: bool,
    dns_hostnames: bool,
}

/// A VPC or a subnet: pending.
pub(crate) const CREATE: Assumption = seconds("VPC or subnet: pending", 0.5, 2.0, Logs);
const READY: Event = Event::new("VPC ready", World::vpc_ready);
const QUOTA: DefaultQuota = DefaultQuota::new("VPCs", 5, "VpcLimitExceeded");

impl Kind for VpcRecord {
    const NAME: &'static str = "vpc";
    const MISSING: &'static str = "InvalidVpcID.NotFound";
    const TAGGED_AS: Option<&'static str> = Some("vpc");
    const EVENTS: &'static [Event] = &[READY];
    const ASSUMPTIONS: &'static [Assumption] = &[CREATE];
    const QUOTAS: &'static [DefaultQuota] = &[QUOTA];

    tags!(vpc.tags);

    fn keys(&self) -> Vec<String> {
        vec![format!("vpc={}", self.vpc.id)]
    }

    fn state(&self) -> String {
        self.vpc.state.clone()
    }

    fn tie(&self, _key: &str) -> Tie {
        // Its own key.
        Tie::Ignores
    }
}

impl World {
    pub(crate) fn create_vpc(&mut self, call: CreateVpc) -> Answer<Vpc> {
        if !prefix_length(&call.cidr).is_some_and(|bits| (16..=28).contains(&bits)) {
            return refuse("InvalidVpc.Range", format!("The CIDR '{}' is invalid.", call.cidr));
        }
        self.room(&QUOTA, self.count::<VpcRecord>())?;
        let id = self.id("vpc");
        let vpc = Vpc {
            id: id.clone(),
            cidr: call.cidr,
            state: "pending".into(),
            is_default: false,
            tags: call.tags,
        };
        route_table::main(self, &vpc);
        security_group::default(self, &vpc);
        let record = VpcRecord { vpc: vpc.clone(), dns_support: true, dns_hostnames: false };
        self.put(&id, record);
        self.after(CREATE, READY, &id);
        Ok(vpc)
    }

    pub(crate) fn vpc_ready(&mut self, id: &str) {
        let ready = |record: &mut VpcRecord| record.vpc.state = "available".into();
        self.update::<VpcRecord>(id, ready);
    }

    pages!(describe_vpcs(DescribeVpcs) of VpcRecord => |record| record.vpc.clone());

    pub(crate) fn describe_vpc_attribute(&mut self, call: DescribeVpcAttribute) -> Answer<bool> {
        let network = self.look::<VpcRecord>(&call.vpc)?;
        Ok(match call.attribute {
            VpcAttribute::DnsSupport => network.dns_support,
            VpcAttribute::DnsHostnames => network.dns_hostnames,
        })
    }

    pub(crate) fn modify_vpc_attribute(&mut self, call: ModifyVpcAttribute) -> Answer<()> {
        self.change::<VpcRecord>(&call.vpc, |network| match call.attribute {
            VpcAttribute::DnsSupport => network.dns_support = call.value,
            VpcAttribute::DnsHostnames => network.dns_hostnames = call.value,
        })
    }

    pub(crate) fn delete_vpc(&mut self, call: DeleteVpc) -> Answer<()> {
        self.find::<VpcRecord>(&call.vpc)?;
        let key = format!("vpc={}", call.vpc);
        if self.is_used(&key) {
            let message = format!("The vpc '{}' has dependencies and cannot be deleted.", call.vpc);
            return refuse("DependencyViolation", message);
        }
        self.remove_with(&key);
        self.delete::<VpcRecord>(&call.vpc)
    }
}

/// The first and the last address of a network.
fn range(network: &str) -> Option<(u32, u32)> {
    let (address, bits) = network.split_once('/')?;
    let (address, bits): (Ipv4Addr, u32) = (address.parse().ok()?, bits.parse().ok()?);
    let rest = u32::MAX.checked_shr(bits).unwrap_or(0);
    let first = u32::from(address) & !rest;
    (bits <= 32).then_some((first, first | rest))
}

/// The length of a network's prefix.
pub(crate) fn prefix_length(network: &str) -> Option<u32> {
    network.split_once('/')?.1.parse().ok()
}

/// Tells whether all of a network is in another.
pub(crate) fn contains(outer: &str, inner: &str) -> bool {
    let (Some(outer), Some(inner)) = (range(outer), range(inner)) else { return false };
    outer.0 <= inner.0 && inner.1 <= outer.1
}

/// Tells whether two networks have an address in common.
pub(crate) fn overlaps(one: &str, other: &str) -> bool {
    let (Some(one), Some(other)) = (range(one), range(other)) else { return false };
    one.0 <= other.1 && other.0 <= one.1
}
