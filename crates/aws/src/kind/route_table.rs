//! Route tables with their routes and associations.

pub(crate) mod simulated;

use crate::page::prelude::*;

/// The target of a route.
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
    /// Its target is gone.
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

    /// The ids of the gateway and of the NAT gateway that a route leads to, of which it has one.
    fn ids(target: RouteTarget) -> (Option<String>, Option<String>) {
        match target {
            RouteTarget::NatGateway(id) => (None, Some(id)),
            RouteTarget::InternetGateway(id) | RouteTarget::Other(id) => (Some(id), None),
        }
    }

    requests! { ec2
        create_route_table(call: CreateRouteTable) {
            vpc_id(call.vpc) client_token(call.client_token)
            tag_specifications(ec2::tagged(types::ResourceType::RouteTable, call.tags))
        }
            => |answer| made(Operation::CreateRouteTable, answer.route_table, table)?;
        // The most that this list allows.
        pages describe_route_tables.set_filters(DescribeRouteTables)
            by Filters { page: 100, ..Filters::by("route-table-id") }
            => |answer| each(answer.route_tables, table);
        delete_route_table(call: DeleteRouteTable) { route_table_id(call.table) };
        associate_route_table(call: AssociateRouteTable) {
            route_table_id(call.table) subnet_id(call.subnet)
        } => |answer| text(answer.association_id);
        replace_route_table_association(call: ReplaceRouteTableAssociation) {
            association_id(call.association) route_table_id(call.table)
        } => |answer| text(answer.new_association_id);
        disassociate_route_table(call: DisassociateRouteTable) { association_id(call.association) };
        create_route(call: CreateRoute) {
            route_table_id(call.table) destination_cidr_block(call.destination)
            set_gateway_id(ids(call.target.clone()).0) set_nat_gateway_id(ids(call.target).1)
        };
        replace_route(call: ReplaceRoute) {
            route_table_id(call.table) destination_cidr_block(call.destination)
            set_gateway_id(ids(call.target.clone()).0) set_nat_gateway_id(ids(call.target).1)
        };
        delete_route(call: DeleteRoute) {
            route_table_id(call.table)
            set_destination_prefix_list_id(Some(call.destination.clone()).filter(|it| it.starts_with("pl-")))
            set_destination_ipv6_cidr_block(Some(call.destination.clone()).filter(|it| it.contains(':')))
            set_destination_cidr_block(Some(call.destination).filter(|it| !it.starts_with("pl-") && !it.contains(':')))
        };
    }
}
