use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::sleep;

use super::stack::{Stack, rule};
use super::{simulate, tags};
use serde_json::Value;
use skyward_aws::model::*;
use skyward_aws::simulated::{Account, Faults};
use skyward_aws::*;

/// Any of several.
fn any<'a, T>(random: &Random, things: &'a [T]) -> &'a T {
    &things[usize::try_from(random.next() % things.len() as u64).unwrap()]
}

/// Any call of those that make and break networks, about things that may be there or not.
fn request(random: &Random, ids: &[String]) -> Request {
    let id = |prefix: &str| {
        let of_kind: Vec<&String> = ids.iter().filter(|id| id.starts_with(prefix)).collect();
        if of_kind.is_empty() { format!("{prefix}-0") } else { (*any(random, &of_kind)).clone() }
    };
    let (vpc, subnet, gateway, table) = (id("vpc"), id("subnet"), id("igw"), id("rtb"));
    let (nat, allocation, group, other) = (id("nat"), id("eipalloc"), id("sg"), id("sg"));
    let (targets, balancer) = (
        id("arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup"),
        id("arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer"),
    );
    let (part, token) = (random.next() % 250, random.next() % 4);
    let (cidr, client_token, tags) = (format!("10.0.{part}.0/24"), format!("{token}"), tags("s"));
    let destination = "0.0.0.0/0".to_owned();
    match random.next() % 24 {
        0 => CreateVpc { cidr: "10.0.0.0/16".into(), tags }.into_request(),
        1 => CreateSubnet { vpc, cidr, zone: "eu-central-1a".into(), tags }.into_request(),
        2 => CreateInternetGateway { tags }.into_request(),
        3 => AttachInternetGateway { gateway, vpc }.into_request(),
        4 => DetachInternetGateway { gateway, vpc }.into_request(),
        5 => AllocateAddress { tags }.into_request(),
        6 => CreateNatGateway { subnet, allocation, client_token, tags }.into_request(),
        7 => DeleteNatGateway { gateway: nat }.into_request(),
        8 => ReleaseAddress { allocation }.into_request(),
        9 => CreateRouteTable { vpc, client_token, tags }.into_request(),
        10 => AssociateRouteTable { table, subnet }.into_request(),
        11 => {
            CreateRoute { table, destination, target: RouteTarget::NatGateway(nat) }.into_request()
        }
        12 => DeleteRoute { table, destination }.into_request(),
        13 => DeleteRouteTable { table }.into_request(),
        14 => DeleteSubnet { subnet }.into_request(),
        15 => DeleteVpc { vpc }.into_request(),
        16 => DeleteInternetGateway { gateway }.into_request(),
        17 => DeleteSecurityGroup { group }.into_request(),
        18 => {
            let rules = BTreeSet::from([rule(80, Peer::Group(other))]);
            AuthorizeSecurityGroupIngress { group, rules }.into_request()
        }
        19 => {
            let rules = BTreeSet::from([rule(80, Peer::Group(other))]);
            RevokeSecurityGroupIngress { group, rules }.into_request()
        }
        20 => DeleteLoadBalancer { load_balancer: balancer }.into_request(),
        21 => DeleteTargetGroup { target_group: targets }.into_request(),
        22 => DeleteAutoScalingGroup { name: "s-cms".into(), force: token == 0 }.into_request(),
        _ => {
            let (name, description) = (format!("group-{token}"), "a group".into());
            CreateSecurityGroup { vpc, name, description, tags }.into_request()
        }
    }
}

/// The records of a kind in a saved account.
fn records<'a>(state: &'a Value, kind: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    state["resources"][kind].as_object().expect("every kind is saved").iter()
}

/// The texts of a list.
fn texts(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str)
}

/// References to something that does not exist.
fn dangling(account: &Account) -> Vec<String> {
    let state = account.state();
    let has = |kind: &str, id: &Value| state["resources"][kind].get(id.as_str().unwrap()).is_some();
    let mut found = Vec::new();
    let mut expect = |is_there: bool, what: &str, id: &str| {
        if !is_there {
            found.push(format!("{what} of {id}"));
        }
    };
    for kind in ["subnet", "route-table", "security-group"] {
        for (id, record) in records(&state, kind) {
            expect(has("vpc", &record["vpc"]), "the VPC", id);
        }
    }
    for (id, gateway) in records(&state, "internet-gateway") {
        expect(gateway["vpc"].is_null() || has("vpc", &gateway["vpc"]), "the VPC", id);
    }
    for (id, table) in records(&state, "route-table") {
        for association in table["associations"].as_array().unwrap() {
            let subnet = &association["subnet"];
            expect(subnet.is_null() || has("subnet", subnet), "a subnet", id);
        }
    }
    for (id, group) in records(&state, "security-group") {
        for direction in ["ingress", "egress"] {
            for rule in group[direction].as_array().unwrap() {
                let peer = &rule["peer"]["group"];
                expect(peer.is_null() || has("security-group", peer), "a peer", id);
            }
        }
    }
    let is_alive =
        |nat: &Value| !["failed", "deleted"].contains(&nat["gateway"]["state"].as_str().unwrap());
    for (id, nat) in records(&state, "nat-gateway").filter(|(_, nat)| is_alive(nat)) {
        expect(has("subnet", &nat["gateway"]["subnet"]), "the subnet", id);
        let allocation = nat["gateway"]["allocation"].as_str().unwrap();
        let user = &state["resources"]["address"][allocation]["user"];
        expect(user.as_str() == Some(id), "the address", id);
    }
    for (id, address) in records(&state, "address") {
        let nat = address["user"].as_str().map(|nat| &state["resources"]["nat-gateway"][nat]);
        expect(nat.is_none_or(|nat| nat.is_object() && is_alive(nat)), "the user", id);
    }
    for (id, interface) in records(&state, "network-interface") {
        let shown = &interface["shown"];
        expect(has("subnet", &shown["subnet"]), "the subnet", id);
        let mut groups = texts(&shown["groups"]);
        expect(groups.all(|group| has("security-group", &group.into())), "a group", id);
    }
    for (id, port) in records(&state, "listener") {
        expect(has("load-balancer", &port["listener"]["load_balancer"]), "the load balancer", id);
        let target = &port["listener"]["action"]["forward"];
        expect(target.is_null() || has("target-group", target), "the target group", id);
    }
    found
}

#[test]
fn nothing_ever_refers_to_what_is_not_there() {
    let mut successes = BTreeSet::new();
    for seed in 0..40 {
        simulate(async {
            let account = Account::new(seed);
            account.configure(|settings| settings.has_limits = false);
            let stack = Stack::new(&account);
            account.directly(CreateAutoScalingGroup { group: stack.scaling() }).unwrap();
            let faults = Faults { internal_error: 0.05, lag: 0.2, ..Faults::default() };
            let client = account.client().with_faults(faults);
            let random = Random::new(seed);
            for _ in 0..300 {
                let ids: Vec<String> =
                    account.inventory().into_iter().map(|item| item.id).collect();
                let request = request(&random, &ids);
                let operation = request.operation();
                if client.call(request).await.is_ok() {
                    successes.insert(operation);
                }
                sleep(Duration::from_secs(random.next() % 20)).await;
                assert_eq!(dangling(&account), [] as [String; 0], "seed {seed}, after {operation}");
            }
        });
    }
    assert_eq!(successes.len(), 24, "each of the calls worked at some time: {successes:?}");
}
