use std::time::Duration;

use tokio::time::sleep;

use super::{client, code, simulate, tags};
use crate::api::*;
use crate::simulator::Account;

async fn vpc(client: &crate::simulator::Client) -> String {
    send(client, CreateVpc { cidr: "10.0.0.0/16".into(), tags: tags("s") }).await.unwrap().id
}

async fn subnet(client: &crate::simulator::Client, vpc: &str) -> String {
    let call = CreateSubnet {
        vpc: vpc.to_owned(),
        cidr: "10.0.0.0/24".into(),
        zone: "eu-central-1a".into(),
        tags: tags("s"),
    };
    send(client, call).await.unwrap().id
}

async fn gateway(client: &crate::simulator::Client, vpc: &str) -> String {
    let gateway = send(client, CreateInternetGateway { tags: tags("s") }).await.unwrap().id;
    let call = AttachInternetGateway { gateway: gateway.clone(), vpc: vpc.to_owned() };
    send(client, call).await.unwrap();
    gateway
}

#[test]
fn a_nat_gateway_takes_its_time_and_holds_its_address_and_the_gateway() {
    simulate(async {
        let account = Account::new(1);
        let client = client(&account);
        let vpc = vpc(&client).await;
        let subnet = subnet(&client, &vpc).await;
        let gateway = gateway(&client, &vpc).await;
        let allocation =
            send(&client, AllocateAddress { tags: tags("s") }).await.unwrap().allocation;
        let call = CreateNatGateway {
            subnet: subnet.clone(),
            allocation: allocation.clone(),
            client_token: "t".into(),
            tags: tags("s"),
        };
        let nat = send(&client, call.clone()).await.unwrap();
        assert_eq!(nat.state, "pending");
        let again = send(&client, call.clone()).await.unwrap();
        assert_eq!(again.id, nat.id, "the same token");
        let other = CreateNatGateway { tags: tags("other"), ..call };
        assert_eq!(code(&client, other).await, "IdempotentParameterMismatch");
        sleep(Duration::from_secs(80)).await;
        let look = || DescribeNatGateways { select: Select::Stack("s".into()), page: None };
        assert_eq!(send(&client, look()).await.unwrap().items[0].state, "pending");
        sleep(Duration::from_secs(45)).await;
        assert_eq!(send(&client, look()).await.unwrap().items[0].state, "available");
        let detach = DetachInternetGateway { gateway, vpc: vpc.clone() };
        assert_eq!(code(&client, detach.clone()).await, "DependencyViolation");
        let release = ReleaseAddress { allocation };
        assert_eq!(code(&client, release.clone()).await, "InvalidIPAddress.InUse");
        assert_eq!(code(&client, DeleteSubnet { subnet }).await, "DependencyViolation");
        send(&client, DeleteNatGateway { gateway: nat.id }).await.unwrap();
        sleep(Duration::from_secs(79)).await;
        send(&client, detach).await.unwrap();
        send(&client, release).await.unwrap();
        assert_eq!(send(&client, look()).await.unwrap().items[0].state, "deleted");
        assert!(account.inventory().iter().all(|item| item.kind != "nat-gateway"));
    });
}
