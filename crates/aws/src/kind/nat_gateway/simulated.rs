//! NAT gateways. Each takes an address and holds a network interface in its subnet until it is gone or has failed.

use crate::kind::simulated::address::AddressRecord;
use crate::kind::simulated::network_interface::{self, NewInterface};
use crate::kind::simulated::prelude::*;

/// A NAT gateway, and why it is going to fail.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct NatGatewayRecord {
    pub(crate) gateway: NatGateway,
    zone: String,
    fate: Option<String>,
}

impl NatGatewayRecord {
    /// Tells whether it has its address and its network interface: it has not failed and is not deleted.
    fn is_alive(&self) -> bool {
        !matches!(self.gateway.state.as_str(), "failed" | "deleted")
    }
}

const CREATE: Assumption = seconds("NAT gateway: pending until available", 85.0, 125.0, Logs);
const FAIL: Assumption = seconds("NAT gateway: pending until failed", 5.0, 30.0, Unverified);
const DELETE: Assumption = seconds("NAT gateway: deleting until deleted", 37.0, 79.0, Logs);
const VISIBLE: Assumption =
    seconds("NAT gateway: visible after its end", 3600.0, 3600.0, Documents);
const SETTLES: Event = Event::new("NAT gateway settles", World::nat_settles);
const GONE: Event = Event::new("NAT gateway gone", World::nat_gone);
const FORGOTTEN: Event = Event::new("NAT gateway forgotten", World::forget::<NatGatewayRecord>);
const QUOTA: DefaultQuota =
    DefaultQuota::new("NAT gateways of a zone", 5, "NatGatewayLimitExceeded");

impl Kind for NatGatewayRecord {
    const NAME: &'static str = "nat-gateway";
    const MISSING: &'static str = "NatGatewayNotFound";
    const TAGGED_AS: Option<&'static str> = Some("nat");
    const EVENTS: &'static [Event] = &[SETTLES, GONE, FORGOTTEN];
    const ASSUMPTIONS: &'static [Assumption] = &[CREATE, FAIL, DELETE, VISIBLE];
    const QUOTAS: &'static [DefaultQuota] = &[QUOTA];
    const RULES: &'static [Behaviour] = &[(
        "A NAT gateway without an attached internet gateway: an error at once, or `failed` later, as often",
        Unverified,
    )];

    tags!(gateway.tags);

    fn keys(&self) -> Vec<String> {
        vec![
            format!("vpc={}", self.gateway.vpc),
            format!("subnet={}", self.gateway.subnet),
            format!("zone={}", self.zone),
        ]
    }

    fn state(&self) -> String {
        self.gateway.state.clone()
    }

    fn is_hidden(&self) -> bool {
        !self.is_alive()
    }

    fn tie(&self, _key: &str) -> Tie {
        if self.is_alive() { Tie::Blocks } else { Tie::Ignores }
    }
}

impl World {
    /// Makes a NAT gateway. Where the VPC has no internet gateway, that is an error at once, or a NAT gateway that fails a
    /// while later: AWS's documentation knows both.
    pub(crate) fn create_nat_gateway(&mut self, call: CreateNatGateway) -> Answer<NatGateway> {
        let request = format!("{} {} {:?}", call.subnet, call.allocation, call.tags);
        if let Some(id) = self.earlier(Operation::CreateNatGateway, &call.client_token, &request)? {
            return Ok(self.nat_again(id, call));
        }
        let subnet = self.find::<Subnet>(&call.subnet)?;
        let (vpc, zone) = (subnet.vpc.clone(), subnet.zone.clone());
        let address = self.find::<AddressRecord>(&call.allocation)?;
        let (ip, user) = (address.address.ip.clone(), address.user.clone());
        let in_zone = self.with::<NatGatewayRecord>(&format!("zone={zone}"));
        let count = in_zone.filter(|(_, nat)| nat.is_alive()).count();
        self.room(&QUOTA, count)?;
        if user.is_some() {
            let message = format!("{} is already associated", call.allocation);
            return refuse("Resource.AlreadyAssociated", message);
        }
        let number = self.nat_gateways_made.get() + 1;
        let mut fate = self
            .accidents
            .nat_fails
            .contains(&number)
            .then(|| "InternalError: the NAT gateway failed".to_owned());
        if !self.any::<InternetGateway>(&format!("vpc={vpc}")) {
            let message = format!("Network {vpc} has no Internet gateway attached");
            if self.random.chance(0.5) {
                return refuse("Gateway.NotAttached", message);
            }
            fate = Some(format!("Gateway.NotAttached: {message}"));
        }
        let id = self.id("nat");
        self.nat_gateways_made.set(number);
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
        let lasts = if fate.is_some() { FAIL } else { CREATE };
        let record = NatGatewayRecord { gateway: gateway.clone(), zone, fate };
        self.put(&id, record);
        let association = self.id("eipassoc");
        self.update::<AddressRecord>(&call.allocation, |record| {
            record.user = Some(id.clone());
            record.address.association = Some(association);
        });
        network_interface::add(
            self,
            NewInterface {
                owner: &id,
                subnet: &call.subnet,
                vpc: &vpc,
                description: format!("Interface for NAT Gateway {id}"),
                groups: &BTreeSet::new(),
                is_mapped: true,
            },
        );
        self.remember(Operation::CreateNatGateway, &call.client_token, request, &id);
        self.after(lasts, SETTLES, &id);
        Ok(gateway)
    }

    /// The same call again: the same NAT gateway, as it is now, also where it is dead.
    fn nat_again(&self, id: String, call: CreateNatGateway) -> NatGateway {
        self.get::<NatGatewayRecord>(&id).map_or_else(
            || NatGateway {
                id,
                subnet: call.subnet,
                state: "deleted".into(),
                tags: call.tags,
                ..Default::default()
            },
            |nat| nat.gateway.clone(),
        )
    }

    pub(crate) fn nat_settles(&mut self, id: &str) {
        let Some(nat) = self.get::<NatGatewayRecord>(id) else { return };
        if nat.gateway.state != "pending" {
            return;
        }
        let Some(fate) = nat.fate.clone() else {
            self.update::<NatGatewayRecord>(id, |nat| nat.gateway.state = "available".into());
            return;
        };
        self.free_address_of(id);
        network_interface::remove_all_of(self, id);
        self.update::<NatGatewayRecord>(id, |nat| {
            nat.gateway.state = "failed".into();
            nat.gateway.failure = Some(fate);
        });
        self.after(VISIBLE, FORGOTTEN, id);
    }

    fn free_address_of(&mut self, nat: &str) {
        let allocation =
            self.get::<NatGatewayRecord>(nat).and_then(|nat| nat.gateway.allocation.clone());
        let Some(allocation) = allocation else { return };
        self.update::<AddressRecord>(&allocation, |record| {
            if record.user.as_deref() == Some(nat) {
                record.user = None;
                record.address.association = None;
            }
        });
    }

    pages!(describe_nat_gateways(DescribeNatGateways) of NatGatewayRecord => |nat| nat.gateway.clone());

    pub(crate) fn delete_nat_gateway(&mut self, call: DeleteNatGateway) -> Answer<()> {
        let nat = self.find::<NatGatewayRecord>(&call.gateway)?;
        match nat.gateway.state.as_str() {
            "deleting" => return Ok(()),
            "deleted" => {
                return refuse(NatGatewayRecord::MISSING, format!("{} is deleted", call.gateway));
            }
            _ => {}
        }
        let delete = |nat: &mut NatGatewayRecord| nat.gateway.state = "deleting".into();
        self.update::<NatGatewayRecord>(&call.gateway, delete);
        self.after(DELETE, GONE, &call.gateway);
        Ok(())
    }

    pub(crate) fn nat_gone(&mut self, id: &str) {
        self.free_address_of(id);
        network_interface::remove_all_of(self, id);
        self.update::<NatGatewayRecord>(id, |nat| nat.gateway.state = "deleted".into());
        self.after(VISIBLE, FORGOTTEN, id);
    }
}
