use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::network::{subnet, vpc};
use super::stack::Stack;
use super::{client, code, simulate, tags};
use skyward_aws::model::*;
use skyward_aws::simulated::{Account, Client, Faults};
use skyward_aws::*;

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
        sleep(Duration::from_hours(1)).await;
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
