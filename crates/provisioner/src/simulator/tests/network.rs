use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::stack::{Stack, anyone, rule};
use super::{client, code, simulate, tags};
use crate::api::model::*;
use crate::api::*;
use crate::simulator::{Account, Client, Faults};

fn vpc() -> CreateVpc {
    CreateVpc { cidr: "10.0.0.0/16".into(), tags: tags("s") }
}

fn subnet(vpc: &str, cidr: &str) -> CreateSubnet {
    CreateSubnet {
        vpc: vpc.to_owned(),
        cidr: cidr.into(),
        zone: "eu-central-1a".into(),
        tags: tags("s"),
    }
}

#[test]
fn a_vpc_is_pending_and_then_available() {
    simulate(async {
        let client = client(&Account::new(1));
        let made = send(&client, vpc()).await.unwrap();
        assert_eq!(made.state, "pending");
        sleep(Duration::from_secs(2)).await;
        let look = DescribeVpcs { select: Select::Ids(vec![made.id]), page: None };
        assert_eq!(send(&client, look).await.unwrap().items[0].state, "available");
    });
}

#[test]
fn the_sixth_vpc_is_over_the_quota_unless_it_is_raised() {
    simulate(async {
        let account = Account::new(1);
        let client = client(&account);
        for _ in 0..5 {
            send(&client, vpc()).await.unwrap();
            send(&client, AllocateAddress { tags: tags("s") }).await.unwrap();
        }
        assert_eq!(code(&client, vpc()).await, "VpcLimitExceeded");
        assert_eq!(
            code(&client, AllocateAddress { tags: tags("s") }).await,
            "AddressLimitExceeded"
        );
        account.configure(|settings| *settings = settings.clone().with_quotas_times(2));
        send(&client, vpc()).await.unwrap();
    });
}

#[test]
fn subnets_stay_in_their_vpc_and_apart() {
    simulate(async {
        let client = client(&Account::new(1));
        let vpc = send(&client, vpc()).await.unwrap().id;
        send(&client, subnet(&vpc, "10.0.0.0/20")).await.unwrap();
        assert_eq!(code(&client, subnet(&vpc, "10.0.15.0/24")).await, "InvalidSubnet.Conflict");
        assert_eq!(code(&client, subnet(&vpc, "10.1.0.0/24")).await, "InvalidSubnet.Range");
        let elsewhere =
            CreateSubnet { zone: "eu-central-1z".into(), ..subnet(&vpc, "10.0.16.0/20") };
        assert_eq!(code(&client, elsewhere).await, "InvalidParameterValue");
    });
}

#[test]
fn a_vpc_goes_last() {
    simulate(async {
        let stack = Stack::new(&Account::new(1));
        let client = client(&stack.account);
        let delete = DeleteVpc { vpc: stack.vpc.clone() };
        assert_eq!(code(&client, delete.clone()).await, "DependencyViolation");
        let empty = send(&client, vpc()).await.unwrap().id;
        assert_eq!(
            stack.account.inventory().iter().filter(|item| item.state == "default").count(),
            2
        );
        send(&client, DeleteVpc { vpc: empty }).await.unwrap();
        let left = stack.account.inventory();
        assert_eq!(
            left.iter().filter(|item| item.state == "default" || item.state == "main").count(),
            2
        );
        assert_eq!(code(&client, DeleteVpc { vpc: "vpc-0".into() }).await, "InvalidVpcID.NotFound");
    });
}

#[test]
fn an_internet_gateway_is_attached_once_and_stays_while_addresses_are_mapped() {
    simulate(async {
        let stack = Stack::new(&Account::new(1));
        let client = client(&stack.account);
        let (gateway, vpc) = (stack.gateway.clone(), stack.vpc.clone());
        let attach = AttachInternetGateway { gateway: gateway.clone(), vpc: vpc.clone() };
        assert_eq!(code(&client, attach).await, "Resource.AlreadyAssociated");
        let delete = DeleteInternetGateway { gateway: gateway.clone() };
        assert_eq!(code(&client, delete).await, "DependencyViolation");
        let detach = DetachInternetGateway { gateway, vpc };
        let error = send(&client, detach.clone()).await.unwrap_err();
        assert_eq!(error.class(), Class::NotYet);
        assert!(error.message.contains("mapped public address"), "{error}");
        let release = ReleaseAddress { allocation: stack.allocation.clone() };
        assert_eq!(code(&client, release.clone()).await, "InvalidIPAddress.InUse");
        let subnet = DeleteSubnet { subnet: stack.public[0].clone() };
        assert_eq!(code(&client, subnet.clone()).await, "DependencyViolation");
        send(&client, DeleteNatGateway { gateway: stack.nat.clone() }).await.unwrap();
        let balancer = DeleteLoadBalancer { load_balancer: stack.balancer.arn.clone() };
        send(&client, balancer).await.unwrap();
        sleep(Duration::from_secs(79)).await;
        send(&client, detach.clone()).await.unwrap();
        assert_eq!(code(&client, detach).await, "Gateway.NotAttached");
        send(&client, release).await.unwrap();
        send(&client, subnet).await.unwrap();
    });
}

async fn nat(client: &Client, subnet: &str, token: &str) -> Result<NatGateway, ApiError> {
    let allocation = send(client, AllocateAddress { tags: tags("s") }).await.unwrap().allocation;
    let call = CreateNatGateway {
        subnet: subnet.to_owned(),
        allocation,
        client_token: token.into(),
        tags: tags("s"),
    };
    send(client, call).await
}

async fn state(client: &Client, nat: &str) -> (String, Option<String>) {
    let look = DescribeNatGateways { select: Select::Ids(vec![nat.to_owned()]), page: None };
    let mut found = send(client, look).await.unwrap().items;
    found.pop().map_or(("gone".into(), None), |nat| (nat.state, nat.failure))
}

#[test]
fn a_nat_gateway_takes_its_time_and_stays_visible_for_an_hour() {
    simulate(async {
        let stack = Stack::new(&Account::new(1));
        let client = client(&stack.account);
        let begin = Instant::now();
        let made = nat(&client, &stack.public[1], "t").await.unwrap();
        assert_eq!(made.state, "pending");
        while state(&client, &made.id).await.0 == "pending" {
            sleep(Duration::from_secs(1)).await;
        }
        assert_eq!(state(&client, &made.id).await.0, "available");
        let lasted = begin.elapsed().as_secs();
        assert!((85..128).contains(&lasted), "{lasted}");
        let delete = DeleteNatGateway { gateway: made.id.clone() };
        send(&client, delete.clone()).await.unwrap();
        assert_eq!(state(&client, &made.id).await.0, "deleting");
        send(&client, delete.clone()).await.unwrap();
        sleep(Duration::from_secs(80)).await;
        assert_eq!(state(&client, &made.id).await.0, "deleted");
        assert_eq!(code(&client, delete).await, "NatGatewayNotFound");
        sleep(Duration::from_secs(3600)).await;
        assert_eq!(state(&client, &made.id).await.0, "gone");
    });
}

#[test]
fn a_token_names_what_it_made_also_when_that_is_dead() {
    simulate(async {
        let stack = Stack::new(&Account::new(1));
        let client = client(&stack.account);
        let call = CreateNatGateway {
            subnet: stack.public[0].clone(),
            allocation: stack.allocation.clone(),
            client_token: "nat".into(),
            tags: tags("s"),
        };
        assert_eq!(send(&client, call.clone()).await.unwrap().id, stack.nat);
        let other = CreateNatGateway { subnet: stack.public[1].clone(), ..call.clone() };
        assert_eq!(code(&client, other).await, "IdempotentParameterMismatch");
        send(&client, DeleteNatGateway { gateway: stack.nat.clone() }).await.unwrap();
        sleep(Duration::from_secs(80)).await;
        let again = send(&client, call.clone()).await.unwrap();
        assert_eq!((again.id, again.state.as_str()), (stack.nat.clone(), "deleted"));
        let new = CreateNatGateway { client_token: "nat-2".into(), ..call };
        assert_eq!(send(&client, new).await.unwrap().state, "pending");
        let table = CreateRouteTable {
            vpc: stack.vpc.clone(),
            client_token: "table".into(),
            tags: tags("s"),
        };
        let first = send(&client, table.clone()).await.unwrap();
        assert_eq!(send(&client, table).await.unwrap(), first);
    });
}

#[test]
fn a_nat_gateway_fails_on_demand_and_gives_its_address_back() {
    simulate(async {
        let stack = Stack::new(&Account::new(1));
        let faults = Faults { nat_fails: BTreeSet::from([2]), lag: 0.0, ..Faults::default() };
        let client = stack.account.client().with_faults(faults);
        let good = nat(&client, &stack.public[1], "1").await.unwrap();
        let bad = nat(&client, &stack.public[2], "2").await.unwrap();
        sleep(Duration::from_secs(125)).await;
        assert_eq!(state(&client, &good.id).await.0, "available");
        let (state, failure) = state(&client, &bad.id).await;
        assert_eq!(state, "failed");
        assert!(failure.is_some());
        let allocation = bad.allocation.unwrap();
        send(&client, ReleaseAddress { allocation }).await.unwrap();
        let route = CreateRoute {
            table: stack.internal_table.clone(),
            destination: "1.0.0.0/8".into(),
            target: RouteTarget::NatGateway(bad.id),
        };
        assert_eq!(code(&client, route).await, "InvalidNatGatewayID.NotFound");
    });
}

#[test]
fn a_nat_gateway_without_an_internet_gateway_fails_at_once_or_later() {
    simulate(async {
        let account = Account::new(1);
        let client = client(&account);
        let vpc = send(&client, vpc()).await.unwrap().id;
        let subnet = send(&client, subnet(&vpc, "10.0.0.0/24")).await.unwrap().id;
        let mut outcomes = BTreeSet::new();
        for number in 0..5 {
            outcomes.insert(match nat(&client, &subnet, &number.to_string()).await {
                Err(error) => error.code,
                Ok(nat) => {
                    sleep(Duration::from_secs(30)).await;
                    state(&client, &nat.id).await.0
                }
            });
        }
        let expected = ["Gateway.NotAttached", "failed"].map(ToOwned::to_owned);
        assert_eq!(outcomes, BTreeSet::from(expected));
    });
}

#[test]
fn a_subnet_has_one_route_table_and_a_table_in_use_stays() {
    simulate(async {
        let stack = Stack::new(&Account::new(1));
        let client = client(&stack.account);
        let again = AssociateRouteTable {
            table: stack.public_table.clone(),
            subnet: stack.internal[0].clone(),
        };
        assert_eq!(code(&client, again.clone()).await, "Resource.AlreadyAssociated");
        let delete = DeleteRouteTable { table: stack.internal_table.clone() };
        assert_eq!(code(&client, delete.clone()).await, "DependencyViolation");
        let look = DescribeRouteTables {
            select: Select::Ids(vec![stack.internal_table.clone()]),
            page: None,
        };
        let table = send(&client, look).await.unwrap().items.remove(0);
        let (first, others) = table.associations.split_first().unwrap();
        let replace = ReplaceRouteTableAssociation {
            association: first.id.clone(),
            table: stack.public_table.clone(),
        };
        send(&client, replace.clone()).await.unwrap();
        assert_eq!(code(&client, replace).await, "InvalidAssociationID.NotFound");
        for association in others {
            let call = DisassociateRouteTable { association: association.id.clone() };
            send(&client, call).await.unwrap();
        }
        send(&client, delete).await.unwrap();
        let again = AssociateRouteTable { subnet: stack.internal[1].clone(), ..again };
        send(&client, again).await.unwrap();
    });
}

#[test]
fn routes_are_one_for_each_destination_and_show_where_they_lead_nowhere() {
    simulate(async {
        let stack = Stack::new(&Account::new(1));
        let client = client(&stack.account);
        sleep(Duration::from_secs(125)).await;
        let route = |table: &str| CreateRoute {
            table: table.to_owned(),
            destination: "0.0.0.0/0".into(),
            target: RouteTarget::NatGateway(stack.nat.clone()),
        };
        assert_eq!(code(&client, route(&stack.internal_table)).await, "RouteAlreadyExists");
        let delete =
            DeleteRoute { table: stack.public_table.clone(), destination: "9.0.0.0/8".into() };
        assert_eq!(code(&client, delete).await, "InvalidRoute.NotFound");
        let look = || DescribeRouteTables {
            select: Select::Ids(vec![stack.internal_table.clone()]),
            page: None,
        };
        let is_blackhole = async || {
            let table = send(&client, look()).await.unwrap().items.remove(0);
            table.routes.iter().find(|route| route.destination == "0.0.0.0/0").unwrap().is_blackhole
        };
        assert!(!is_blackhole().await);
        send(&client, DeleteNatGateway { gateway: stack.nat.clone() }).await.unwrap();
        assert!(is_blackhole().await);
    });
}

#[test]
fn rules_of_security_groups_are_there_once_and_all_or_none_of_a_call() {
    simulate(async {
        let stack = Stack::new(&Account::new(1));
        let client = client(&stack.account);
        let [web, cms] = &stack.groups;
        let mut other = rule(80, Peer::Group(web.clone()));
        other.description = "another description is the same rule".into();
        let rules = BTreeSet::from([rule(81, anyone()), other.clone()]);
        let call = AuthorizeSecurityGroupIngress { group: cms.clone(), rules };
        assert_eq!(code(&client, call).await, "InvalidPermission.Duplicate");
        let rules = BTreeSet::from([rule(81, anyone())]);
        let revoke = RevokeSecurityGroupIngress { group: cms.clone(), rules };
        assert_eq!(code(&client, revoke).await, "InvalidPermission.NotFound");
        let duplicate = CreateSecurityGroup {
            vpc: stack.vpc.clone(),
            name: "web".into(),
            description: "again".into(),
            tags: tags("s"),
        };
        assert_eq!(code(&client, duplicate).await, "InvalidGroup.Duplicate");
    });
}

#[test]
fn a_security_group_stays_while_a_rule_or_an_interface_refers_to_it() {
    simulate(async {
        let stack = Stack::new(&Account::new(1));
        let client = client(&stack.account);
        let [web, cms] = &stack.groups;
        let delete = DeleteSecurityGroup { group: web.clone() };
        send(&client, DeleteLoadBalancer { load_balancer: stack.balancer.arn.clone() })
            .await
            .unwrap();
        let rules = BTreeSet::from([rule(80, Peer::Group(web.clone()))]);
        let revoke = RevokeSecurityGroupIngress { group: cms.clone(), rules };
        send(&client, revoke).await.unwrap();
        assert_eq!(code(&client, delete.clone()).await, "DependencyViolation", "interfaces linger");
        sleep(Duration::from_secs(45)).await;
        send(&client, delete).await.unwrap();
        let look = DescribeSecurityGroups { select: Select::Vpc(stack.vpc.clone()), page: None };
        let groups = all(&client, look).await.unwrap();
        let default = groups.iter().find(|group| group.name == "default").unwrap();
        let delete = DeleteSecurityGroup { group: default.id.clone() };
        assert_eq!(code(&client, delete).await, "CannotDelete");
    });
}

#[test]
fn an_endpoint_holds_a_route_table_for_its_service() {
    simulate(async {
        let stack = Stack::new(&Account::new(1));
        let client = client(&stack.account);
        let call = CreateVpcEndpoint {
            vpc: stack.vpc.clone(),
            service: "com.amazonaws.eu-central-1.s3".into(),
            route_tables: BTreeSet::from([stack.internal_table.clone()]),
            client_token: "1".into(),
            tags: tags("s"),
        };
        let made = send(&client, call.clone()).await.unwrap();
        assert_eq!(send(&client, call.clone()).await.unwrap().id, made.id);
        let second = CreateVpcEndpoint { client_token: "2".into(), ..call };
        assert_eq!(code(&client, second).await, "RouteAlreadyExists");
        sleep(Duration::from_secs(6)).await;
        let look = || DescribeVpcEndpoints { select: Select::Stack("s".into()), page: None };
        assert_eq!(send(&client, look()).await.unwrap().items[0].state, "available");
        send(&client, DeleteVpcEndpoints { endpoint: made.id }).await.unwrap();
        sleep(Duration::from_secs(15)).await;
        assert_eq!(send(&client, look()).await.unwrap().items, []);
    });
}

#[test]
fn tags_are_found_after_they_are_changed() {
    simulate(async {
        let stack = Stack::new(&Account::new(1));
        let client = client(&stack.account);
        let resources = vec![stack.vpc.clone(), stack.nat.clone()];
        send(&client, CreateTags { resources: resources.clone(), tags: tags("other") })
            .await
            .unwrap();
        let look = |stack: &str| DescribeVpcs { select: Select::Stack(stack.into()), page: None };
        assert_eq!(send(&client, look("s")).await.unwrap().items, []);
        assert_eq!(send(&client, look("other")).await.unwrap().items.len(), 1);
        let names = vec![crate::topology::STACK_TAG.to_owned()];
        send(&client, DeleteTags { resources, names }).await.unwrap();
        assert_eq!(send(&client, look("other")).await.unwrap().items, []);
        let missing = CreateTags { resources: vec!["sg-0".into()], tags: tags("s") };
        assert_eq!(code(&client, missing).await, "InvalidGroup.NotFound");
    });
}
