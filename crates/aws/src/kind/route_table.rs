//! Route tables with their routes and associations.

use serde::{Deserialize, Serialize};

use super::Tags;
use crate::page::{Page, Select};

/// Where a route leads.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum RouteTarget {
    InternetGateway(String),
    NatGateway(String),
    /// Anything else, as AWS names it: an endpoint, a peering, `local`.
    Other(String),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    pub destination: String,
    pub target: RouteTarget,
    /// What it leads to is gone.
    pub is_blackhole: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteTableAssociation {
    pub id: String,
    /// None for the VPC's main table.
    pub subnet: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteTable {
    pub id: String,
    pub vpc: String,
    pub is_main: bool,
    pub routes: Vec<Route>,
    pub associations: Vec<RouteTableAssociation>,
    pub tags: Tags,
}

operations! {
    CreateRouteTable { vpc: String, client_token: String, tags: Tags } -> RouteTable;
    DescribeRouteTables { select: Select, page: Option<String> } -> Page<RouteTable>;
    DeleteRouteTable { table: String } -> ();
    AssociateRouteTable { table: String, subnet: String } -> String;
    ReplaceRouteTableAssociation { association: String, table: String } -> String;
    DisassociateRouteTable { association: String } -> ();
    CreateRoute { table: String, destination: String, target: RouteTarget } -> ();
    ReplaceRoute { table: String, destination: String, target: RouteTarget } -> ();
    DeleteRoute { table: String, destination: String } -> ();
}

#[cfg(feature = "sdk")]
mod sdk {
    use aws_sdk_ec2::types;

    use super::*;
    use crate::kind::prelude::*;

    fn target(route: &types::Route) -> RouteTarget {
        match (&route.gateway_id, &route.nat_gateway_id) {
            (Some(id), _) if id.starts_with("igw-") => RouteTarget::InternetGateway(id.clone()),
            (_, Some(id)) => RouteTarget::NatGateway(id.clone()),
            (Some(id), None) => RouteTarget::Other(id.clone()),
            (None, None) => {
                let others = [
                    &route.transit_gateway_id,
                    &route.vpc_peering_connection_id,
                    &route.instance_id,
                    &route.network_interface_id,
                    &route.egress_only_internet_gateway_id,
                    &route.local_gateway_id,
                    &route.carrier_gateway_id,
                    &route.core_network_arn,
                ];
                RouteTarget::Other(text(others.into_iter().find_map(Clone::clone)))
            }
        }
    }

    fn route(route: types::Route) -> Route {
        let network =
            route.destination_cidr_block.clone().or(route.destination_ipv6_cidr_block.clone());
        Route {
            target: target(&route),
            is_blackhole: route.state == Some(types::RouteState::Blackhole),
            destination: text(network.or(route.destination_prefix_list_id)),
        }
    }

    fn association(association: types::RouteTableAssociation) -> RouteTableAssociation {
        RouteTableAssociation {
            id: text(association.route_table_association_id),
            subnet: association.subnet_id,
        }
    }

    fn table(table: types::RouteTable) -> RouteTable {
        let is_main = table.associations().iter().any(|association| association.main == Some(true));
        RouteTable {
            id: text(table.route_table_id),
            vpc: text(table.vpc_id),
            is_main,
            routes: each(table.routes, route),
            associations: each(table.associations, association),
            tags: ec2::tags(table.tags),
        }
    }

    /// Sets the one argument of a request that names this target.
    macro_rules! to {
        ($request:expr, $target:expr) => {
            match $target {
                RouteTarget::NatGateway(id) => $request.nat_gateway_id(id),
                RouteTarget::InternetGateway(id) | RouteTarget::Other(id) => {
                    $request.gateway_id(id)
                }
            }
        };
    }

    call!(
        ec2.create_route_table,
        |call: CreateRouteTable, request| request
            .vpc_id(call.vpc)
            .client_token(call.client_token)
            .tag_specifications(ec2::tagged(types::ResourceType::RouteTable, call.tags)),
        |answer| table(answer.route_table.unwrap_or_else(|| types::RouteTable::builder().build()))
    );

    pages!(
        ec2.describe_route_tables.set_filters,
        DescribeRouteTables,
        // The most that this list allows.
        Filters { page: 100, ..Filters::by("route-table-id") },
        |answer| each(answer.route_tables, table)
    );

    call!(ec2.delete_route_table, |call: DeleteRouteTable, request| request
        .route_table_id(call.table));

    call!(
        ec2.associate_route_table,
        |call: AssociateRouteTable, request| request
            .route_table_id(call.table)
            .subnet_id(call.subnet),
        |answer| text(answer.association_id)
    );

    call!(
        ec2.replace_route_table_association,
        |call: ReplaceRouteTableAssociation, request| request
            .association_id(call.association)
            .route_table_id(call.table),
        |answer| text(answer.new_association_id)
    );

    call!(ec2.disassociate_route_table, |call: DisassociateRouteTable, request| request
        .association_id(call.association));

    call!(ec2.create_route, |call: CreateRoute, request| {
        let request = request.route_table_id(call.table).destination_cidr_block(call.destination);
        to!(request, call.target)
    });

    call!(ec2.replace_route, |call: ReplaceRoute, request| {
        let request = request.route_table_id(call.table).destination_cidr_block(call.destination);
        to!(request, call.target)
    });

    call!(ec2.delete_route, |call: DeleteRoute, request| {
        let (request, destination) = (request.route_table_id(call.table), call.destination);
        if destination.starts_with("pl-") {
            request.destination_prefix_list_id(destination)
        } else if destination.contains(':') {
            request.destination_ipv6_cidr_block(destination)
        } else {
            request.destination_cidr_block(destination)
        }
    });
}
