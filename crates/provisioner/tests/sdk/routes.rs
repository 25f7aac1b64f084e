//! Route tables and security groups.

use std::collections::BTreeSet;

use skyward_aws::model::{Peer, Route, RouteTarget, Rule};
use skyward_aws::*;

use crate::network::{subnet, vpc};
use crate::server::{Moto, tags};

fn stack() -> Select {
    Select::Stack("test".into())
}

async fn nat_gateway(sdk: &dyn Api, subnet: String) -> String {
    let allocation = send(sdk, AllocateAddress { tags: tags("address") }).await.unwrap().allocation;
    let client_token = "token".into();
    let nat = CreateNatGateway { subnet, allocation, client_token, tags: tags("nat") };
    send(sdk, nat).await.unwrap().id
}

#[tokio::test]
#[ignore = "needs moto_server"]
async fn a_table_has_its_routes_and_its_subnets() {
    let (_moto, sdk) = Moto::client("eu-north-1").await;
    let vpc = vpc(&sdk).await;
    let (first, second) =
        (subnet(&sdk, "eu-north-1", &vpc, 0).await, subnet(&sdk, "eu-north-1", &vpc, 1).await);
    let gateway = send(&sdk, CreateInternetGateway { tags: tags("gateway") }).await.unwrap().id;
    let attach = AttachInternetGateway { gateway: gateway.clone(), vpc: vpc.clone() };
    send(&sdk, attach).await.unwrap();
    let nat = nat_gateway(&sdk, first.clone()).await;
    let mut tables = Vec::new();
    for name in ["public", "internal"] {
        let call =
            CreateRouteTable { vpc: vpc.clone(), client_token: name.into(), tags: tags(name) };
        tables.push(send(&sdk, call).await.unwrap().id);
    }
    let (table, other) = (tables[0].clone(), tables[1].clone());
    let destination = "0.0.0.0/0".to_owned();
    let create = CreateRoute {
        table: table.clone(),
        destination: destination.clone(),
        target: RouteTarget::InternetGateway(gateway.clone()),
    };
    send(&sdk, create.clone()).await.unwrap();
    let error = send(&sdk, create).await.unwrap_err();
    assert_eq!(
        (error.code.as_str(), error.class()),
        ("RouteAlreadyExists", Class::Exists),
        "{error}"
    );
    let association = AssociateRouteTable { table: table.clone(), subnet: first.clone() };
    let association = send(&sdk, association).await.unwrap();
    send(&sdk, AssociateRouteTable { table: table.clone(), subnet: second }).await.unwrap();

    let by_id = DescribeRouteTables { select: Select::Ids(vec![table.clone()]), page: None };
    let found = all(&sdk, by_id.clone()).await.unwrap();
    assert_eq!((found[0].is_main, &found[0].tags), (false, &tags("public")));
    assert_eq!(found[0].associations.len(), 2);
    assert!(
        found[0]
            .associations
            .iter()
            .any(|found| { (&found.id, found.subnet.as_ref()) == (&association, Some(&first)) })
    );
    let target = |target| Route { destination: destination.clone(), target, is_blackhole: false };
    let expected = target(RouteTarget::InternetGateway(gateway));
    assert!(found[0].routes.contains(&expected), "{:?}", found[0].routes);
    let local = RouteTarget::Other("local".into());
    assert!(found[0].routes.iter().any(|route| route.target == local));

    let replace = ReplaceRoute {
        table: table.clone(),
        destination: destination.clone(),
        target: RouteTarget::NatGateway(nat.clone()),
    };
    send(&sdk, replace).await.unwrap();
    let expected = target(RouteTarget::NatGateway(nat));
    let found = all(&sdk, by_id.clone()).await.unwrap();
    assert!(found[0].routes.contains(&expected), "{:?}", found[0].routes);
    let moved = ReplaceRouteTableAssociation { association, table: other.clone() };
    let moved = send(&sdk, moved).await.unwrap();
    assert_eq!(all(&sdk, by_id.clone()).await.unwrap()[0].associations.len(), 1);
    send(&sdk, DisassociateRouteTable { association: moved }).await.unwrap();
    send(&sdk, DeleteRoute { table, destination }).await.unwrap();
    assert_eq!(all(&sdk, by_id).await.unwrap()[0].routes.len(), 1);
    send(&sdk, DeleteRouteTable { table: other }).await.unwrap();
    assert_eq!(
        all(&sdk, DescribeRouteTables { select: stack(), page: None }).await.unwrap().len(),
        1
    );
    // The VPC's own table has no tag: it is found by the VPC.
    let in_vpc = DescribeRouteTables { select: Select::Vpc(vpc), page: None };
    assert!(all(&sdk, in_vpc).await.unwrap().iter().any(|table| table.is_main));
}

fn rule(ports: Option<(i32, i32)>, peer: Peer, description: &str) -> Rule {
    let protocol = if ports.is_some() { "tcp" } else { "-1" };
    Rule { protocol: protocol.into(), ports, peer, description: description.into() }
}

#[tokio::test]
#[ignore = "needs moto_server"]
async fn a_group_has_the_rules_that_it_was_given() {
    let (_moto, sdk) = Moto::client("us-east-2").await;
    let vpc = vpc(&sdk).await;
    let create = |name: &str| CreateSecurityGroup {
        vpc: vpc.clone(),
        name: name.into(),
        description: "what it is for".into(),
        tags: tags(name),
    };
    let group = send(&sdk, create("web")).await.unwrap();
    let peer = send(&sdk, create("cms")).await.unwrap();
    let error = send(&sdk, create("web")).await.unwrap_err();
    assert_eq!(
        (error.code.as_str(), error.class()),
        ("InvalidGroup.Duplicate", Class::Exists),
        "{error}"
    );
    let find = DescribeSecurityGroups { select: Select::Name("web".into()), page: None };
    let found = all(&sdk, find.clone()).await.unwrap();
    assert_eq!((found[0].id.as_str(), found[0].vpc.as_str()), (group.as_str(), vpc.as_str()));
    assert_eq!((found[0].name.as_str(), found[0].description.as_str()), ("web", "what it is for"));
    assert_eq!((&found[0].ingress, &found[0].tags), (&BTreeSet::new(), &tags("web")));
    // A new group lets everything out: that rule is the one to revoke.
    let anywhere = rule(None, Peer::Network("0.0.0.0/0".into()), "");
    assert_eq!(found[0].egress, BTreeSet::from([anywhere.clone()]));
    let revoke = RevokeSecurityGroupEgress { group: group.clone(), rules: [anywhere].into() };
    send(&sdk, revoke).await.unwrap();

    let rules = BTreeSet::from([
        rule(Some((80, 80)), Peer::Network("0.0.0.0/0".into()), "from anyone"),
        rule(Some((80, 80)), Peer::Network("::/0".into()), "from anyone, IPv6"),
        rule(Some((3306, 3310)), Peer::Group(peer), "from the instances"),
    ]);
    let call = AuthorizeSecurityGroupIngress { group: group.clone(), rules: rules.clone() };
    send(&sdk, call.clone()).await.unwrap();
    let error = send(&sdk, call).await.unwrap_err();
    assert_eq!(
        (error.code.as_str(), error.class()),
        ("InvalidPermission.Duplicate", Class::Exists),
        "{error}"
    );
    let call = AuthorizeSecurityGroupEgress { group: group.clone(), rules: rules.clone() };
    send(&sdk, call).await.unwrap();
    let found = all(&sdk, find.clone()).await.unwrap();
    assert_eq!((&found[0].ingress, &found[0].egress), (&rules, &rules));
    let call = RevokeSecurityGroupIngress { group: group.clone(), rules: rules.clone() };
    send(&sdk, call.clone()).await.unwrap();
    let error = send(&sdk, call).await.unwrap_err();
    assert_eq!(
        (error.code.as_str(), error.class()),
        ("InvalidPermission.NotFound", Class::NotFound),
        "{error}"
    );
    let found = all(&sdk, find.clone()).await.unwrap();
    assert_eq!((&found[0].ingress, &found[0].egress), (&BTreeSet::new(), &rules));
    send(&sdk, DeleteSecurityGroup { group }).await.unwrap();
    assert_eq!(all(&sdk, find).await.unwrap(), []);
    let in_vpc = DescribeSecurityGroups { select: Select::Vpc(vpc), page: None };
    let names: Vec<_> =
        all(&sdk, in_vpc).await.unwrap().into_iter().map(|found| found.name).collect();
    assert_eq!(
        BTreeSet::from_iter(names),
        BTreeSet::from(["cms".to_owned(), "default".to_owned()])
    );
}
