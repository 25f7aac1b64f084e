use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::sleep;

use super::stack::{Stack, anyone, rule};
use super::{client, code, simulate, tags};
use skyward_aws::model::*;
use skyward_aws::simulated::Account;
use skyward_aws::*;

pub(super) fn vpc() -> CreateVpc {
    CreateVpc { cidr: "10.0.0.0/16".into(), tags: tags("s") }
}

pub(super) fn subnet(vpc: &str, cidr: &str) -> CreateSubnet {
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
fn a_security_group_is_not_named_like_an_id() {
    simulate(async {
        let client = client(&Account::new(1));
        let vpc = send(&client, vpc()).await.unwrap().id;
        let create = |name: &str| CreateSecurityGroup {
            vpc: vpc.clone(),
            name: name.into(),
            description: "d".into(),
            tags: tags("s"),
        };
        assert_eq!(code(&client, create("sg-web")).await, "InvalidParameterValue");
        send(&client, create("web-sg-1")).await.unwrap();
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
        let table = || DescribeRouteTables {
            select: Select::Ids(vec![stack.internal_table.clone()]),
            page: None,
        };
        let routes = send(&client, table()).await.unwrap().items.remove(0).routes;
        assert!(routes.iter().any(|route| route.target == RouteTarget::Other(made.id.clone())));
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
        let names = vec![skyward_aws::STACK_TAG.to_owned()];
        send(&client, DeleteTags { resources, names }).await.unwrap();
        assert_eq!(send(&client, look("other")).await.unwrap().items, []);
        let missing = CreateTags { resources: vec!["sg-0".into()], tags: tags("s") };
        assert_eq!(code(&client, missing).await, "InvalidGroup.NotFound");
    });
}
