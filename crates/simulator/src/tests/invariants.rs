use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::sleep;

use super::stack::{Stack, rule};
use super::{simulate, tags};
use crate::addresses::Nat;
use crate::random::Random;
use crate::{Account, Faults};
use skyward_aws::model::*;
use skyward_aws::*;

/// Any of several.
fn any<'a, T>(random: &mut Random, things: &'a [T]) -> &'a T {
    &things[usize::try_from(random.next() % things.len() as u64).unwrap()]
}

/// Any call of those that make and break networks, about things that may be there or not.
fn request(random: &mut Random, ids: &[String]) -> Request {
    let mut id = |prefix: &str| {
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

/// What refers to something that is not there.
fn dangling(account: &Account) -> Vec<String> {
    let world = account.world();
    let state = &world.state;
    let mut found = Vec::new();
    let mut expect = |is_there: bool, what: &str, id: &str| {
        if !is_there {
            found.push(format!("{what} of {id}"));
        }
    };
    for (id, subnet) in state.subnets.all() {
        expect(state.vpcs.get(&subnet.vpc).is_some(), "the VPC", id);
    }
    for (id, gateway) in state.gateways.all() {
        expect(gateway.vpc.iter().all(|vpc| state.vpcs.get(vpc).is_some()), "the VPC", id);
    }
    for (id, table) in state.tables.all() {
        expect(state.vpcs.get(&table.0.vpc).is_some(), "the VPC", id);
        let mut subnets =
            table.0.associations.iter().filter_map(|association| association.subnet.as_ref());
        expect(subnets.all(|subnet| state.subnets.get(subnet).is_some()), "a subnet", id);
    }
    for (id, group) in state.groups.all() {
        expect(state.vpcs.get(&group.0.vpc).is_some(), "the VPC", id);
        for rule in group.0.ingress.iter().chain(&group.0.egress) {
            if let Peer::Group(peer) = &rule.peer {
                expect(state.groups.get(peer).is_some(), "a peer", id);
            }
        }
    }
    for (id, nat) in state.nats.all().filter(|(_, nat)| nat.is_alive()) {
        expect(state.subnets.get(&nat.gateway.subnet).is_some(), "the subnet", id);
        let address =
            nat.gateway.allocation.as_ref().and_then(|allocation| state.addresses.get(allocation));
        expect(address.is_some_and(|address| address.user.as_ref() == Some(id)), "the address", id);
    }
    for (id, address) in state.addresses.all() {
        let mut nats = address.user.iter();
        expect(nats.all(|nat| state.nats.get(nat).is_some_and(Nat::is_alive)), "the user", id);
    }
    for (id, interface) in state.interfaces.all() {
        expect(state.subnets.get(&interface.shown.subnet).is_some(), "the subnet", id);
        expect(
            interface.shown.groups.iter().all(|group| state.groups.get(group).is_some()),
            "a group",
            id,
        );
    }
    for (id, port) in state.listeners.all() {
        expect(
            state.balancers.get(&port.listener.load_balancer).is_some(),
            "the load balancer",
            id,
        );
        if let ListenerAction::Forward(target) = &port.listener.action {
            expect(state.target_groups.get(target).is_some(), "the target group", id);
        }
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
            let mut random = Random::new(seed);
            for _ in 0..300 {
                let ids: Vec<String> =
                    account.inventory().into_iter().map(|item| item.id).collect();
                let request = request(&mut random, &ids);
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
