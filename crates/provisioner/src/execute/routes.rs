use std::collections::BTreeSet;

use super::context::At;
use super::{refresh, tags};
use crate::caller::Fault;
use crate::topology::{Kind, Route, RouteTable, VpcEndpoint};
use skyward_aws::model::{self, RouteTarget};
use skyward_aws::{
    AssociateRouteTable, Class, CreateRoute, CreateRouteTable, CreateVpcEndpoint,
    DescribeRouteTables, DisassociateRouteTable, ModifyVpcEndpoint, ReplaceRoute,
    ReplaceRouteTableAssociation, Select,
};

/// The generation of a token: another one for another VPC, after a replacement, and after a resource that was deleted by hand.
fn generation(at: &At<'_>, vpc: &str, attempt: u32) -> String {
    let replaced = at.step.physical.as_deref().unwrap_or_default();
    at.run.names.client_token(at.id(), &format!("{vpc} {replaced} {attempt}"))
}

async fn tables(at: &At<'_>, select: Select) -> Result<Vec<model::RouteTable>, Fault> {
    at.run.caller.list(DescribeRouteTables { select, page: None }).await
}

/// A route table, with the subnets that it is for.
pub(super) async fn table(at: &At<'_>, spec: &RouteTable) -> Result<(), Fault> {
    let run = at.run;
    let vpc = run.physical(&spec.vpc)?;
    let subnets = run.physicals(&spec.subnets)?;
    if let Some(table) = at.existing() {
        run.remember(at.id(), &table);
        associate(at, &vpc, &table, &subnets).await?;
        let current = tables(at, Select::Ids(vec![table.clone()])).await?;
        for association in current.into_iter().flat_map(|table| table.associations) {
            if association.subnet.is_some_and(|subnet| !subnets.contains(&subnet)) {
                run.caller.delete(DisassociateRouteTable { association: association.id }).await?;
            }
        }
        return tags::update(at, &table).await;
    }
    for attempt in 0..3 {
        let call = CreateRouteTable {
            vpc: vpc.clone(),
            client_token: generation(at, &vpc, attempt),
            tags: at.tags(),
        };
        let table = run.caller.change(call).await?.id;
        run.remember(at.id(), &table);
        match associate(at, &vpc, &table, &subnets).await {
            // The token is that of a table that was deleted since.
            Err(fault) if fault.class() == Some(Class::NotFound) => {}
            result => return result,
        }
    }
    Err(Fault::Failed(format!("{} was made and cannot be seen", at.id())))
}

async fn associate(
    at: &At<'_>,
    vpc: &str,
    table: &str,
    subnets: &BTreeSet<String>,
) -> Result<(), Fault> {
    let run = at.run;
    for subnet in subnets {
        let call = AssociateRouteTable { table: table.to_owned(), subnet: subnet.clone() };
        match run.caller.change(call).await {
            Ok(_) => continue,
            Err(fault) if fault.class() == Some(Class::Exists) => {}
            Err(fault) => return Err(fault),
        }
        // The subnet has a table: this one, or another that it is taken from.
        loop {
            let all = tables(at, Select::Vpc(vpc.to_owned())).await?;
            let found = all.iter().find_map(|one| {
                let uses = |association: &&model::RouteTableAssociation| {
                    association.subnet.as_ref() == Some(subnet)
                };
                Some((one.id.as_str(), one.associations.iter().find(uses)?.id.clone()))
            });
            match found {
                Some((used, _)) if used == table => break,
                Some((_, association)) => {
                    let table = table.to_owned();
                    run.caller.change(ReplaceRouteTableAssociation { association, table }).await?;
                    break;
                }
                None if refresh::is_late(at) => {
                    return Err(Fault::Failed(format!(
                        "{subnet} has a route table that cannot be seen"
                    )));
                }
                None => refresh::soon(at).await?,
            }
        }
    }
    Ok(())
}

/// A route.
pub(super) async fn route(at: &At<'_>, spec: &Route) -> Result<(), Fault> {
    let run = at.run;
    let (table, destination) = (run.physical(&spec.table)?, spec.destination.clone());
    let target = run.physical(&spec.target)?;
    let is_nat =
        run.topology.get(&spec.target).is_some_and(|one| one.spec.kind() == Kind::NatGateway);
    let target =
        if is_nat { RouteTarget::NatGateway(target) } else { RouteTarget::InternetGateway(target) };
    let replace = ReplaceRoute {
        table: table.clone(),
        destination: destination.clone(),
        target: target.clone(),
    };
    if at.existing().is_some() {
        return run.caller.change(replace).await;
    }
    match run.caller.change(CreateRoute { table, destination, target }).await {
        Err(fault) if fault.class() == Some(Class::Exists) => run.caller.change(replace).await,
        result => result,
    }
}

/// A gateway endpoint, with the tables that lead to it.
pub(super) async fn endpoint(at: &At<'_>, spec: &VpcEndpoint) -> Result<(), Fault> {
    let run = at.run;
    let vpc = run.physical(&spec.vpc)?;
    let route_tables = run.physicals(&spec.route_tables)?;
    if let Some(endpoint) = at.existing() {
        run.remember(at.id(), &endpoint);
        if at.differs("route_tables") {
            let all = run.endpoints().await?;
            let current = all.iter().find(|one| one.id == endpoint);
            let current = current.map(|one| one.route_tables.clone()).unwrap_or_default();
            let call = ModifyVpcEndpoint {
                endpoint: endpoint.clone(),
                add_route_tables: route_tables.difference(&current).cloned().collect(),
                remove_route_tables: current.difference(&route_tables).cloned().collect(),
            };
            run.caller.change(call).await?;
        }
        tags::update(at, &endpoint).await?;
        return wait_for_endpoint(at, &endpoint).await.map(|_| ());
    }
    for attempt in 0..3 {
        let call = CreateVpcEndpoint {
            vpc: vpc.clone(),
            service: spec.service.clone(),
            route_tables: route_tables.clone(),
            // The same token for other tables would be refused.
            client_token: generation(at, &format!("{vpc} {route_tables:?}"), attempt),
            tags: at.tags(),
        };
        let endpoint = match run.caller.change(call).await {
            Ok(endpoint) => endpoint.id,
            // A second one cannot have the same routes: someone else made it.
            Err(fault) if fault.class() == Some(Class::Exists) => {
                adopt_endpoint(at, &vpc, fault).await?
            }
            Err(fault) => return Err(fault),
        };
        run.remember(at.id(), &endpoint);
        if wait_for_endpoint(at, &endpoint).await? {
            return Ok(());
        }
    }
    Err(Fault::Failed(format!("{} was made and cannot be seen", at.id())))
}

async fn adopt_endpoint(at: &At<'_>, vpc: &str, fault: Fault) -> Result<String, Fault> {
    loop {
        let all = at.run.endpoints().await?;
        if let Some(one) = all.iter().find(|one| one.vpc == vpc && one.state != "deleted") {
            at.run.adopted();
            return Ok(one.id.clone());
        }
        if refresh::is_late(at) {
            return Err(fault);
        }
        refresh::soon(at).await?;
    }
}

/// Whether it gets available; false where it is not there, and its token is an old one.
async fn wait_for_endpoint(at: &At<'_>, endpoint: &str) -> Result<bool, Fault> {
    let begun = tokio::time::Instant::now();
    loop {
        let all = at.run.endpoints().await?;
        match all.iter().find(|one| one.id == endpoint).map(|one| one.state.as_str()) {
            Some("available") => return Ok(true),
            Some("pending") => at.pause("pending").await?,
            Some("failed") => return Err(Fault::Failed(format!("{endpoint} has failed"))),
            Some(_) => return Ok(false),
            None if begun.elapsed() > at.run.settings.settle * 2 => return Ok(false),
            None => at.pause("not visible yet").await?,
        }
    }
}
