use skyward_aws::model::{Address, InternetGateway, NatGateway, Subnet, Vpc};

use super::raw::Raw;

/// Which VPC is the stack's, of several with its tag: the one with the most in it, else the one with the first id. Everyone
/// who looks chooses alike.
pub(crate) fn vpc<'a>(vpcs: &'a [Vpc], subnets: &[Subnet]) -> Option<&'a Vpc> {
    let inside = |vpc: &Vpc| subnets.iter().filter(|subnet| subnet.vpc == vpc.id).count();
    vpcs.iter().min_by_key(|vpc| (std::cmp::Reverse(inside(vpc)), vpc.id.clone()))
}

/// Which internet gateway: the one that is attached to the VPC, else the first that is attached to none.
pub(crate) fn gateway<'a>(
    gateways: &'a [InternetGateway],
    vpc: Option<&str>,
) -> Option<&'a InternetGateway> {
    let attached = |gateway: &InternetGateway| vpc.is_some() && gateway.vpc.as_deref() == vpc;
    gateways
        .iter()
        .filter(|gateway| attached(gateway) || gateway.vpc.is_none())
        .min_by_key(|gateway| (!attached(gateway), gateway.id.clone()))
}

/// Which address, of several with the same id: the one in use, else the first.
pub(crate) fn address<'a>(addresses: impl IntoIterator<Item = &'a Address>) -> Option<&'a Address> {
    addresses
        .into_iter()
        .min_by_key(|address| (address.association.is_none(), address.allocation.clone()))
}

/// Which NAT gateway: the one that works or will, in the kept VPC.
pub(super) fn nat<'a>(nats: &[&'a NatGateway], vpc: Option<&str>) -> Option<&'a NatGateway> {
    let rank = |nat: &NatGateway| (nat.state != "available", nat.id.clone());
    nats.iter()
        .copied()
        .filter(|nat| Some(nat.vpc.as_str()) == vpc && is_alive(nat))
        .min_by_key(|nat| rank(nat))
}

/// Whether a NAT gateway is one at all: one that has failed or is deleted stays visible for an hour.
pub(crate) fn is_alive(nat: &NatGateway) -> bool {
    matches!(nat.state.as_str(), "pending" | "available")
}

/// The VPC of the stack.
pub(super) fn kept_vpc(raw: &Raw) -> Option<&Vpc> {
    vpc(&raw.vpcs, &raw.subnets)
}
