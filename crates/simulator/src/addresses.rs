use serde::{Deserialize, Serialize};

use super::assumptions as assumed;
use super::interfaces::NewInterface;
use super::random::mix;
use super::store::Thing;
use super::world::{Answer, Event, World, find, refuse};
use skyward_aws::model::{Address, NatGateway, Tags};
use skyward_aws::{
    AllocateAddress, CreateNatGateway, DeleteNatGateway, DescribeAddresses, DescribeNatGateways,
    Operation, Page, ReleaseAddress,
};

/// An elastic IP address, and which NAT gateway uses it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct ElasticIp {
    pub(super) address: Address,
    pub(super) user: Option<String>,
}

impl Thing for ElasticIp {
    fn tags(&self) -> &Tags {
        &self.address.tags
    }

    fn keys(&self) -> Vec<String> {
        Vec::new()
    }
}

/// A NAT gateway, and why it is going to fail.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Nat {
    pub(super) gateway: NatGateway,
    pub(super) zone: String,
    fate: Option<String>,
}

impl Nat {
    /// Not failed, and not deleted: it has its address and its network interface.
    pub(super) fn is_alive(&self) -> bool {
        !matches!(self.gateway.state.as_str(), "failed" | "deleted")
    }
}

impl Thing for Nat {
    fn tags(&self) -> &Tags {
        &self.gateway.tags
    }

    fn keys(&self) -> Vec<String> {
        vec![
            format!("vpc={}", self.gateway.vpc),
            format!("subnet={}", self.gateway.subnet),
            format!("zone={}", self.zone),
        ]
    }
}

const NO_ADDRESS: &str = "InvalidAllocationID.NotFound";
const NO_NAT: &str = "NatGatewayNotFound";

impl World {
    pub(super) fn allocate_address(&mut self, call: AllocateAddress) -> Answer<Address> {
        let count = self.state.addresses.len();
        self.quota("elastic IP addresses", count, "AddressLimitExceeded")?;
        let allocation = self.id("eipalloc");
        let number = mix(self.random.next());
        let ip = format!("3.{}.{}.{}", 64 + number % 64, (number >> 8) % 256, (number >> 16) % 256);
        let address = Address { allocation, ip, association: None, tags: call.tags };
        let record = ElasticIp { address: address.clone(), user: None };
        self.state.addresses.put(self.moment(), &address.allocation, record);
        Ok(address)
    }

    pub(super) fn describe_addresses(&mut self, call: DescribeAddresses) -> Answer<Vec<Address>> {
        let all = self.state.addresses.page(&call.select, self.view, None, usize::MAX);
        Ok(all.items.into_iter().map(|record| record.address.clone()).collect())
    }

    pub(super) fn release_address(&mut self, call: ReleaseAddress) -> Answer<()> {
        let record = find(&self.state.addresses, &call.allocation, self.view, NO_ADDRESS)?;
        if record.user.is_some() {
            let message = format!("Address {} is in use.", record.address.ip);
            return refuse("InvalidIPAddress.InUse", message);
        }
        self.state.addresses.remove(self.moment(), &call.allocation);
        Ok(())
    }

    /// What it is told of a gateway or an address that is not fit: an error at once, or a NAT gateway that fails a while
    /// later. AWS's documentation knows both.
    pub(super) fn create_nat_gateway(&mut self, call: CreateNatGateway) -> Answer<NatGateway> {
        let request = format!("{} {} {:?}", call.subnet, call.allocation, call.tags);
        if let Some(id) = self.earlier(Operation::CreateNatGateway, &call.client_token, &request)? {
            return Ok(self.nat_again(id, call));
        }
        let subnet =
            find(&self.state.subnets, &call.subnet, self.view, "InvalidSubnetID.NotFound")?;
        let (vpc, zone) = (subnet.vpc.clone(), subnet.zone.clone());
        let address = find(&self.state.addresses, &call.allocation, self.view, NO_ADDRESS)?;
        let (ip, user) = (address.address.ip.clone(), address.user.clone());
        let in_zone = self.state.nats.with(&format!("zone={zone}"));
        let count = in_zone.filter(|(_, nat)| nat.is_alive()).count();
        self.quota("NAT gateways of a zone", count, "NatGatewayLimitExceeded")?;
        if user.is_some() {
            let message = format!("{} is already associated", call.allocation);
            return refuse("Resource.AlreadyAssociated", message);
        }
        let mut fate = self.nat_fails.then(|| "InternalError: the NAT gateway failed".to_owned());
        if !self.state.gateways.any(&format!("vpc={vpc}")) {
            let message = format!("Network {vpc} has no Internet gateway attached");
            if self.random.chance(0.5) {
                return refuse("Gateway.NotAttached", message);
            }
            fate = Some(format!("Gateway.NotAttached: {message}"));
        }
        let id = self.id("nat");
        self.nats_made += 1;
        let gateway = NatGateway {
            id: id.clone(),
            vpc: vpc.clone(),
            subnet: call.subnet.clone(),
            allocation: Some(call.allocation.clone()),
            public_ip: Some(ip),
            state: "pending".into(),
            failure: None,
            created: Some(self.timestamp()),
            tags: call.tags,
        };
        let lasts = if fate.is_some() { assumed::NAT_FAIL } else { assumed::NAT_CREATE };
        let nat = Nat { gateway: gateway.clone(), zone, fate };
        let moment = self.moment();
        self.state.nats.put(moment, &id, nat);
        let association = self.id("eipassoc");
        self.state.addresses.update(moment, &call.allocation, |record| {
            record.user = Some(id.clone());
            record.address.association = Some(association);
        });
        self.add_interface(NewInterface {
            owner: &id,
            subnet: &call.subnet,
            vpc: &vpc,
            description: format!("Interface for NAT Gateway {id}"),
            groups: &[],
            is_mapped: true,
        });
        self.remember(Operation::CreateNatGateway, &call.client_token, request, &id);
        self.after(lasts, Event::NatSettles(id));
        Ok(gateway)
    }

    /// The same call again: the same NAT gateway, as it is now, also where it is dead.
    fn nat_again(&self, id: String, call: CreateNatGateway) -> NatGateway {
        self.state.nats.get(&id).map_or_else(
            || NatGateway {
                id,
                vpc: String::new(),
                subnet: call.subnet,
                allocation: None,
                public_ip: None,
                state: "deleted".into(),
                failure: None,
                created: None,
                tags: call.tags,
            },
            |nat| nat.gateway.clone(),
        )
    }

    pub(super) fn nat_settles(&mut self, id: &str) {
        let Some(nat) = self.state.nats.get(id) else { return };
        if nat.gateway.state != "pending" {
            return;
        }
        let moment = self.moment();
        let Some(fate) = nat.fate.clone() else {
            self.state.nats.update(moment, id, |nat| nat.gateway.state = "available".into());
            return;
        };
        self.free_address_of(id);
        self.remove_interfaces_of(id);
        self.state.nats.update(moment, id, |nat| {
            nat.gateway.state = "failed".into();
            nat.gateway.failure = Some(fate);
        });
        self.after(assumed::NAT_VISIBLE, Event::NatForgotten(id.to_owned()));
    }

    fn free_address_of(&mut self, nat: &str) {
        let allocation = self.state.nats.get(nat).and_then(|nat| nat.gateway.allocation.clone());
        let Some(allocation) = allocation else { return };
        let moment = self.moment();
        self.state.addresses.update(moment, &allocation, |record| {
            if record.user.as_deref() == Some(nat) {
                record.user = None;
                record.address.association = None;
            }
        });
    }

    pub(super) fn describe_nat_gateways(
        &mut self,
        call: DescribeNatGateways,
    ) -> Answer<Page<NatGateway>> {
        Ok(self.page(
            |state| &state.nats,
            &call.select,
            call.page.as_ref(),
            |nat| nat.gateway.clone(),
        ))
    }

    pub(super) fn delete_nat_gateway(&mut self, call: DeleteNatGateway) -> Answer<()> {
        let nat = find(&self.state.nats, &call.gateway, self.view, NO_NAT)?;
        match nat.gateway.state.as_str() {
            "deleting" => return Ok(()),
            "deleted" => return refuse(NO_NAT, format!("{} is deleted", call.gateway)),
            _ => {}
        }
        let delete = |nat: &mut Nat| nat.gateway.state = "deleting".into();
        self.state.nats.update(self.moment(), &call.gateway, delete);
        self.after(assumed::NAT_DELETE, Event::NatGone(call.gateway));
        Ok(())
    }

    pub(super) fn nat_gone(&mut self, id: &str) {
        self.free_address_of(id);
        self.remove_interfaces_of(id);
        self.state.nats.update(self.moment(), id, |nat| nat.gateway.state = "deleted".into());
        self.after(assumed::NAT_VISIBLE, Event::NatForgotten(id.to_owned()));
    }

    pub(super) fn nat_forgotten(&mut self, id: &str) {
        self.state.nats.remove(self.moment(), id);
    }
}
