use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use anyhow::{Context, Result, ensure};

use super::build::{Builder, LETTERS, each};
use super::{
    Address, DefaultSecurityGroup, FlowLog, Id, InternetGateway, NatGateway, Peer, Route,
    RouteTable, Rule, SecurityGroup, SecurityGroupRules, Spec, Subnet, Vpc, VpcEndpoint,
};

/// The subnets of a VPC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Networks {
    /// One a zone, for the load balancer and the NAT gateways.
    pub public: [String; 3],
    /// One a zone, for the instances and the database.
    pub internal: [String; 3],
}

/// Cuts a VPC's network into sixteenths: the first three are public, those from the fifth on internal, and the others are
/// left for what may come.
///
/// # Errors
/// The network is not one of IPv4, or its sixteenth is smaller than the 16 addresses that AWS asks of a subnet.
pub fn networks(network: &str) -> Result<Networks> {
    let (address, bits) =
        network.split_once('/').with_context(|| format!("{network} is not a network"))?;
    let address: Ipv4Addr =
        address.parse().with_context(|| format!("{network} is not a network"))?;
    let bits: u32 = bits.parse().with_context(|| format!("{network} is not a network"))?;
    ensure!((16..=24).contains(&bits), "{network}: a VPC here has 16 to 24 bits");
    let size = 1_u32 << (32 - bits - 4);
    let part =
        |index: u32| format!("{}/{}", Ipv4Addr::from(u32::from(address) + index * size), bits + 4);
    Ok(Networks { public: [0, 1, 2].map(part), internal: [4, 5, 6].map(part) })
}

/// Everywhere.
const ANYWHERE: &str = "0.0.0.0/0";

/// The VPC, its subnets, ways in and out, and who may talk to whom.
pub(super) fn add(builder: &mut Builder<'_>) {
    let vpc = || Id::from("vpc");
    let network = builder.aws.network.clone();
    builder.add(
        "vpc",
        Spec::Vpc(Vpc { network, dns_support: true, dns_hostnames: true }),
        [] as [Id; 0],
    );
    let closed =
        DefaultSecurityGroup { vpc: vpc(), ingress: BTreeSet::new(), egress: BTreeSet::new() };
    builder.add("security-group/default", Spec::DefaultSecurityGroup(closed), ["vpc"]);
    subnets(builder);
    builder.add(
        "internet-gateway",
        Spec::InternetGateway(InternetGateway { vpc: Some(vpc()) }),
        ["vpc"],
    );
    nat_gateways(builder);
    public_routes(builder);
    internal_routes(builder);
    let tables: BTreeSet<Id> = each("route-table/internal").into();
    let service = format!("com.amazonaws.{}.s3", builder.aws.region);
    let endpoint = VpcEndpoint { vpc: vpc(), service, route_tables: tables.clone() };
    builder.add("vpc-endpoint/s3", Spec::VpcEndpoint(endpoint), with_vpc(tables));
    security_groups(builder);
    if builder.aws.logs {
        let log = FlowLog { vpc: vpc(), bucket: "bucket/logs".into(), traffic: "ALL".into() };
        builder.add("flow-log", Spec::FlowLog(log), ["vpc", "bucket/logs"]);
    }
}

fn with_vpc(mut needs: BTreeSet<Id>) -> BTreeSet<Id> {
    needs.insert("vpc".into());
    needs
}

fn subnets(builder: &mut Builder<'_>) {
    for part in ["public", "internal"] {
        for (index, letter) in LETTERS.iter().enumerate() {
            let networks = if part == "public" {
                &builder.networks.public
            } else {
                &builder.networks.internal
            };
            let (network, zone) = (networks[index].clone(), builder.place.zones[index].clone());
            let subnet = Subnet { vpc: "vpc".into(), network, zone, public_addresses: false };
            builder.add(&format!("subnet/{part}-{letter}"), Spec::Subnet(subnet), ["vpc"]);
        }
    }
}

/// The letters of the zones that have a NAT gateway.
fn nat_letters(builder: &Builder<'_>) -> &'static [&'static str] {
    if builder.aws.single_nat_gateway { &LETTERS[..1] } else { &LETTERS }
}

fn nat_gateways(builder: &mut Builder<'_>) {
    for letter in nat_letters(builder) {
        let (address, subnet) = (format!("address/{letter}"), format!("subnet/public-{letter}"));
        builder.add(&address, Spec::Address(Address {}), [] as [Id; 0]);
        let nat =
            NatGateway { subnet: subnet.as_str().into(), address: Some(address.as_str().into()) };
        // Without an attached gateway it fails for good: Gateway.NotAttached.
        let needs = [address, subnet, "internet-gateway".to_owned()];
        builder.add(&format!("nat-gateway/{letter}"), Spec::NatGateway(nat), needs);
    }
}

fn public_routes(builder: &mut Builder<'_>) {
    let subnets: BTreeSet<Id> = each("subnet/public").into();
    let table = RouteTable { vpc: "vpc".into(), subnets: subnets.clone() };
    builder.add("route-table/public", Spec::RouteTable(table), with_vpc(subnets));
    let target: Id = "internet-gateway".into();
    let route = Route { table: "route-table/public".into(), destination: ANYWHERE.into(), target };
    builder.add("route/public", Spec::Route(route), ["route-table/public", "internet-gateway"]);
}

fn internal_routes(builder: &mut Builder<'_>) {
    for (index, letter) in LETTERS.iter().enumerate() {
        let (table, subnet) =
            (format!("route-table/internal-{letter}"), format!("subnet/internal-{letter}"));
        let spec =
            RouteTable { vpc: "vpc".into(), subnets: BTreeSet::from([subnet.as_str().into()]) };
        builder.add(&table, Spec::RouteTable(spec), ["vpc".to_owned(), subnet]);
        let letters = nat_letters(builder);
        let target = format!("nat-gateway/{}", letters[index % letters.len()]);
        let route = Route {
            table: table.as_str().into(),
            destination: ANYWHERE.into(),
            target: target.as_str().into(),
        };
        builder.add(&format!("route/internal-{letter}"), Spec::Route(route), [table, target]);
    }
}

/// The port that the database listens on.
fn database_port(builder: &Builder<'_>) -> i32 {
    match builder.aws.database_engine {
        skyward_config::DatabaseEngine::Mysql => 3306,
        skyward_config::DatabaseEngine::Postgres => 5432,
    }
}

/// Everyone → load balancer → CMS → database, and the CMS out to the internet for its packages.
fn security_groups(builder: &mut Builder<'_>) {
    for (part, description) in [
        ("load-balancer", "Skyward: the load balancer, open to the internet"),
        ("cms", "Skyward: the instances, open to the load balancer"),
        ("database", "Skyward: the database, open to the instances"),
    ] {
        let name = builder.names.security_group(part);
        let group = SecurityGroup { vpc: "vpc".into(), name, description: description.into() };
        builder.add(&format!("security-group/{part}"), Spec::SecurityGroup(group), ["vpc"]);
    }
    let group = |part: &str| Peer::Group(Id::new(format!("security-group/{part}")));
    let anyone = || Peer::Network(ANYWHERE.into());
    let rule = |port: i32, peer: Peer, description: &str| Rule {
        protocol: "tcp".into(),
        ports: Some((port, port)),
        peer,
        description: description.into(),
    };
    let database = database_port(builder);
    let mut open = BTreeSet::from([rule(80, anyone(), "HTTP from anyone")]);
    if builder.aws.certificate.is_some() {
        open.insert(rule(443, anyone(), "HTTPS from anyone"));
    }
    let rules = [
        ("load-balancer", open, BTreeSet::from([rule(80, group("cms"), "HTTP to the instances")])),
        (
            "cms",
            BTreeSet::from([rule(80, group("load-balancer"), "HTTP from the load balancer")]),
            BTreeSet::from([
                rule(80, anyone(), "packages"),
                rule(443, anyone(), "packages and the AWS API"),
                rule(database, group("database"), "the database"),
            ]),
        ),
        (
            "database",
            BTreeSet::from([rule(database, group("cms"), "from the instances")]),
            BTreeSet::new(),
        ),
    ];
    let groups = ["load-balancer", "cms", "database"].map(|part| format!("security-group/{part}"));
    for (part, ingress, egress) in rules {
        let group = format!("security-group/{part}").as_str().into();
        let spec = SecurityGroupRules { group, ingress, egress };
        builder.add(&format!("rules/{part}"), Spec::SecurityGroupRules(spec), groups.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_is_cut_into_sixteenths() {
        let cut = networks("10.20.0.0/16").unwrap();
        assert_eq!(cut.public, ["10.20.0.0/20", "10.20.16.0/20", "10.20.32.0/20"]);
        assert_eq!(cut.internal, ["10.20.64.0/20", "10.20.80.0/20", "10.20.96.0/20"]);
        assert_eq!(networks("192.168.7.0/24").unwrap().internal[2], "192.168.7.96/28");
        for wrong in ["10.0.0.0", "10.0.0.0/8", "10.0.0.0/25", "fd00::/16", "x/16"] {
            assert!(networks(wrong).is_err(), "{wrong}");
        }
    }
}
