use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::assumptions as assumed;
use super::cidr;
use super::groups::Group;
use super::routes::Table;
use super::store::Thing;
use super::world::{Answer, Event, World, find, refuse};
use skyward_aws::model::{
    InternetGateway, Peer, Route, RouteTable, RouteTableAssociation, RouteTarget, Rule,
    SecurityGroup, Subnet, Tags, Vpc, VpcAttribute,
};
use skyward_aws::{
    AttachInternetGateway, CreateInternetGateway, CreateSubnet, CreateVpc, DeleteInternetGateway,
    DeleteSubnet, DeleteVpc, DescribeInternetGateways, DescribeSubnets, DescribeVpcAttribute,
    DescribeVpcs, DetachInternetGateway, ModifySubnetAttribute, ModifyVpcAttribute, Page,
};

/// A VPC with its attributes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Network {
    pub(super) vpc: Vpc,
    dns_support: bool,
    dns_hostnames: bool,
}

impl Thing for Network {
    fn tags(&self) -> &Tags {
        &self.vpc.tags
    }

    fn keys(&self) -> Vec<String> {
        vec![format!("vpc={}", self.vpc.id)]
    }
}

impl Thing for Subnet {
    fn tags(&self) -> &Tags {
        &self.tags
    }

    fn keys(&self) -> Vec<String> {
        vec![format!("vpc={}", self.vpc)]
    }
}

impl Thing for InternetGateway {
    fn tags(&self) -> &Tags {
        &self.tags
    }

    fn keys(&self) -> Vec<String> {
        self.vpc.iter().map(|vpc| format!("vpc={vpc}")).collect()
    }
}

const NO_VPC: &str = "InvalidVpcID.NotFound";
const NO_SUBNET: &str = "InvalidSubnetID.NotFound";
const NO_GATEWAY: &str = "InvalidInternetGatewayID.NotFound";

impl World {
    pub(super) fn create_vpc(&mut self, call: CreateVpc) -> Answer<Vpc> {
        if !cidr::bits(&call.cidr).is_some_and(|bits| (16..=28).contains(&bits)) {
            return refuse("InvalidVpc.Range", format!("The CIDR '{}' is invalid.", call.cidr));
        }
        self.quota("VPCs", self.state.vpcs.len(), "VpcLimitExceeded")?;
        let id = self.id("vpc");
        let vpc = Vpc {
            id: id.clone(),
            cidr: call.cidr,
            state: "pending".into(),
            is_default: false,
            tags: call.tags,
        };
        self.main_table(&vpc);
        self.default_group(&vpc);
        let network = Network { vpc: vpc.clone(), dns_support: true, dns_hostnames: false };
        self.state.vpcs.put(self.moment(), &id, network);
        self.after(assumed::VPC_CREATE, Event::VpcReady(id));
        Ok(vpc)
    }

    fn main_table(&mut self, vpc: &Vpc) {
        let id = self.id("rtb");
        let main = RouteTableAssociation { id: self.id("rtbassoc"), subnet: None };
        let table = RouteTable {
            id: id.clone(),
            vpc: vpc.id.clone(),
            is_main: true,
            routes: vec![local_route(&vpc.cidr)],
            associations: vec![main],
            tags: Tags::new(),
        };
        self.state.tables.put(self.moment(), &id, Table(table));
    }

    fn default_group(&mut self, vpc: &Vpc) {
        let id = self.id("sg");
        let all =
            |peer| Rule { protocol: "-1".into(), ports: None, peer, description: String::new() };
        let group = SecurityGroup {
            id: id.clone(),
            vpc: vpc.id.clone(),
            name: "default".into(),
            description: "default VPC security group".into(),
            ingress: BTreeSet::from([all(Peer::Group(id.clone()))]),
            egress: BTreeSet::from([all(Peer::Network("0.0.0.0/0".into()))]),
            tags: Tags::new(),
        };
        self.state.groups.put(self.moment(), &id, Group(group));
    }

    pub(super) fn vpc_ready(&mut self, id: &str) {
        let ready = |network: &mut Network| network.vpc.state = "available".into();
        self.state.vpcs.update(self.moment(), id, ready);
    }

    pub(super) fn describe_vpcs(&mut self, call: DescribeVpcs) -> Answer<Page<Vpc>> {
        Ok(self.page(
            |state| &state.vpcs,
            &call.select,
            call.page.as_ref(),
            |network| network.vpc.clone(),
        ))
    }

    pub(super) fn describe_vpc_attribute(&mut self, call: DescribeVpcAttribute) -> Answer<bool> {
        find(&self.state.vpcs, &call.vpc, self.view, NO_VPC)?;
        let network = self.state.vpcs.seen(&call.vpc, self.view).expect("it is known");
        Ok(match call.attribute {
            VpcAttribute::DnsSupport => network.dns_support,
            VpcAttribute::DnsHostnames => network.dns_hostnames,
        })
    }

    pub(super) fn modify_vpc_attribute(&mut self, call: ModifyVpcAttribute) -> Answer<()> {
        find(&self.state.vpcs, &call.vpc, self.view, NO_VPC)?;
        self.state.vpcs.update(self.moment(), &call.vpc, |network| match call.attribute {
            VpcAttribute::DnsSupport => network.dns_support = call.value,
            VpcAttribute::DnsHostnames => network.dns_hostnames = call.value,
        });
        Ok(())
    }

    /// Its main route table and default security group go with it; everything else must be gone.
    pub(super) fn delete_vpc(&mut self, call: DeleteVpc) -> Answer<()> {
        find(&self.state.vpcs, &call.vpc, self.view, NO_VPC)?;
        let key = format!("vpc={}", call.vpc);
        let state = &self.state;
        let main: Vec<String> = ids(state.tables.with(&key), |table| table.0.is_main);
        let default: Vec<String> = ids(state.groups.with(&key), |group| group.0.name == "default");
        let is_used = state.subnets.any(&key)
            || state.gateways.any(&key)
            || state.interfaces.any(&key)
            || state.endpoints.any(&key)
            || state.nats.with(&key).any(|(_, nat)| nat.is_alive())
            || state.tables.with(&key).count() > main.len()
            || state.groups.with(&key).count() > default.len();
        if is_used {
            let message = format!("The vpc '{}' has dependencies and cannot be deleted.", call.vpc);
            return refuse("DependencyViolation", message);
        }
        let moment = self.moment();
        for table in main {
            self.state.tables.remove(moment, &table);
        }
        for group in default {
            self.state.groups.remove(moment, &group);
        }
        self.state.vpcs.remove(moment, &call.vpc);
        self.remove_flow_logs_of(&call.vpc);
        Ok(())
    }

    pub(super) fn create_subnet(&mut self, call: CreateSubnet) -> Answer<Subnet> {
        let vpc = &find(&self.state.vpcs, &call.vpc, self.view, NO_VPC)?.vpc;
        if !self.zone_names().contains(&call.zone) {
            let message =
                format!("Value ({}) for parameter availabilityZone is invalid.", call.zone);
            return refuse("InvalidParameterValue", message);
        }
        if !cidr::contains(&vpc.cidr, &call.cidr)
            || cidr::bits(&call.cidr).is_none_or(|bits| bits > 28)
        {
            return refuse("InvalidSubnet.Range", format!("The CIDR '{}' is invalid.", call.cidr));
        }
        let key = format!("vpc={}", call.vpc);
        let count = self.state.subnets.with(&key).count();
        self.quota("subnets of a VPC", count, "SubnetLimitExceeded")?;
        if self.state.subnets.with(&key).any(|(_, other)| cidr::overlaps(&other.cidr, &call.cidr)) {
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
        self.state.subnets.put(self.moment(), &subnet.id, subnet.clone());
        self.after(assumed::VPC_CREATE, Event::SubnetReady(subnet.id.clone()));
        Ok(subnet)
    }

    pub(super) fn subnet_ready(&mut self, id: &str) {
        let ready = |subnet: &mut Subnet| subnet.state = "available".into();
        self.state.subnets.update(self.moment(), id, ready);
    }

    pub(super) fn describe_subnets(&mut self, call: DescribeSubnets) -> Answer<Page<Subnet>> {
        Ok(self.page(|state| &state.subnets, &call.select, call.page.as_ref(), Clone::clone))
    }

    pub(super) fn modify_subnet_attribute(&mut self, call: ModifySubnetAttribute) -> Answer<()> {
        find(&self.state.subnets, &call.subnet, self.view, NO_SUBNET)?;
        let change = |subnet: &mut Subnet| subnet.public_addresses = call.public_addresses;
        self.state.subnets.update(self.moment(), &call.subnet, change);
        Ok(())
    }

    pub(super) fn delete_subnet(&mut self, call: DeleteSubnet) -> Answer<()> {
        find(&self.state.subnets, &call.subnet, self.view, NO_SUBNET)?;
        let key = format!("subnet={}", call.subnet);
        if self.state.interfaces.any(&key) {
            let message =
                format!("The subnet '{}' has dependencies and cannot be deleted.", call.subnet);
            return refuse("DependencyViolation", message);
        }
        let moment = self.moment();
        let tables: Vec<String> = ids(self.state.tables.with(&key), |_| true);
        for table in tables {
            self.state.tables.update(moment, &table, |table| {
                table.0.associations.retain(|other| other.subnet.as_ref() != Some(&call.subnet));
            });
        }
        self.state.subnets.remove(moment, &call.subnet);
        Ok(())
    }

    pub(super) fn create_internet_gateway(
        &mut self,
        call: CreateInternetGateway,
    ) -> Answer<InternetGateway> {
        let count = self.state.gateways.len();
        self.quota("internet gateways", count, "InternetGatewayLimitExceeded")?;
        let gateway = InternetGateway { id: self.id("igw"), vpc: None, tags: call.tags };
        self.state.gateways.put(self.moment(), &gateway.id, gateway.clone());
        Ok(gateway)
    }

    pub(super) fn describe_internet_gateways(
        &mut self,
        call: DescribeInternetGateways,
    ) -> Answer<Page<InternetGateway>> {
        Ok(self.page(|state| &state.gateways, &call.select, call.page.as_ref(), Clone::clone))
    }

    pub(super) fn attach_internet_gateway(&mut self, call: AttachInternetGateway) -> Answer<()> {
        let gateway = find(&self.state.gateways, &call.gateway, self.view, NO_GATEWAY)?;
        find(&self.state.vpcs, &call.vpc, self.view, NO_VPC)?;
        if let Some(vpc) = &gateway.vpc {
            let message = format!("resource {} is already attached to network {vpc}", call.gateway);
            return refuse("Resource.AlreadyAssociated", message);
        }
        if self.state.gateways.any(&format!("vpc={}", call.vpc)) {
            let message = format!("Network {} already has an internet gateway attached", call.vpc);
            return refuse("InvalidParameterValue", message);
        }
        let attach = |gateway: &mut InternetGateway| gateway.vpc = Some(call.vpc);
        self.state.gateways.update(self.moment(), &call.gateway, attach);
        Ok(())
    }

    pub(super) fn detach_internet_gateway(&mut self, call: DetachInternetGateway) -> Answer<()> {
        let gateway = find(&self.state.gateways, &call.gateway, self.view, NO_GATEWAY)?;
        if gateway.vpc.as_ref() != Some(&call.vpc) {
            let message =
                format!("resource {} is not attached to network {}", call.gateway, call.vpc);
            return refuse("Gateway.NotAttached", message);
        }
        let mut interfaces = self.state.interfaces.with(&format!("vpc={}", call.vpc));
        if interfaces.any(|(_, interface)| interface.is_mapped) {
            let message = format!(
                "Network {} has some mapped public address(es). Please unmap those public \
                 address(es) before detaching the gateway.",
                call.vpc
            );
            return refuse("DependencyViolation", message);
        }
        drop(interfaces);
        self.state.gateways.update(self.moment(), &call.gateway, |gateway| gateway.vpc = None);
        Ok(())
    }

    pub(super) fn delete_internet_gateway(&mut self, call: DeleteInternetGateway) -> Answer<()> {
        let gateway = find(&self.state.gateways, &call.gateway, self.view, NO_GATEWAY)?;
        if gateway.vpc.is_some() {
            let message = format!(
                "The internetGateway '{}' has dependencies and cannot be deleted.",
                call.gateway
            );
            return refuse("DependencyViolation", message);
        }
        self.state.gateways.remove(self.moment(), &call.gateway);
        Ok(())
    }
}

/// The route within a VPC, that every table has.
pub(super) fn local_route(cidr: &str) -> Route {
    Route {
        destination: cidr.to_owned(),
        target: RouteTarget::Other("local".into()),
        is_blackhole: false,
    }
}

/// The ids of those that match.
pub(super) fn ids<'a, T: 'a>(
    things: impl Iterator<Item = (&'a String, &'a T)>,
    matches: impl Fn(&T) -> bool,
) -> Vec<String> {
    things.filter(|(_, thing)| matches(thing)).map(|(id, _)| id.clone()).collect()
}
