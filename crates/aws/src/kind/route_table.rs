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
    use super::*;
    use crate::kind::prelude::*;

    fn target(route: Element<'_>) -> RouteTarget {
        match (route.option("gatewayId"), route.option("natGatewayId")) {
            (Some(id), _) if id.starts_with("igw-") => RouteTarget::InternetGateway(id),
            (_, Some(id)) => RouteTarget::NatGateway(id),
            (Some(id), None) => RouteTarget::Other(id),
            (None, None) => {
                let others = [
                    "transitGatewayId",
                    "vpcPeeringConnectionId",
                    "instanceId",
                    "networkInterfaceId",
                    "egressOnlyInternetGatewayId",
                    "localGatewayId",
                    "carrierGatewayId",
                    "coreNetworkArn",
                ];
                let found = others.into_iter().find_map(|name| route.option(name));
                RouteTarget::Other(found.unwrap_or_default())
            }
        }
    }

    fn route(route: Element<'_>) -> Route {
        let destinations =
            ["destinationCidrBlock", "destinationIpv6CidrBlock", "destinationPrefixListId"];
        let destination = destinations.into_iter().find_map(|name| route.option(name));
        Route {
            destination: destination.unwrap_or_default(),
            target: target(route),
            is_blackhole: route.text("state") == "blackhole",
        }
    }

    fn association(association: Element<'_>) -> RouteTableAssociation {
        RouteTableAssociation {
            id: association.text("routeTableAssociationId"),
            subnet: association.option("subnetId"),
        }
    }

    fn table(table: Element<'_>) -> RouteTable {
        let mut associations = table.items("associationSet");
        RouteTable {
            id: table.text("routeTableId"),
            vpc: table.text("vpcId"),
            is_main: associations.any(|association| association.parsed("main") == Some(true)),
            routes: table.each("routeSet", route),
            associations: table.each("associationSet", association),
            tags: table.tags(),
        }
    }

    fn to_route(table: String, destination: String, target: RouteTarget) -> Parameter {
        let (gateway, nat_gateway) = match target {
            RouteTarget::NatGateway(id) => (None, Some(id)),
            RouteTarget::InternetGateway(id) | RouteTarget::Other(id) => (Some(id), None),
        };
        structure! {
            "RouteTableId": table, "DestinationCidrBlock": destination, "GatewayId": gateway,
            "NatGatewayId": nat_gateway,
        }
    }

    /// The parameter that names a destination.
    fn destination(destination: &str) -> &'static str {
        match destination {
            list if list.starts_with("pl-") => "DestinationPrefixListId",
            network if network.contains(':') => "DestinationIpv6CidrBlock",
            _ => "DestinationCidrBlock",
        }
    }

    query! { ec2
        create_route_table(call: CreateRouteTable) {
            "VpcId": call.vpc, "ClientToken": call.client_token,
            "TagSpecification": tagged("route-table", call.tags),
        } => |answer| answer.made("routeTable", table)?;
        // The most that this list allows.
        pages describe_route_tables(DescribeRouteTables)
            by Filters { page: 100, ..Filters::by("route-table-id") }
            => |answer| answer.each("routeTableSet", table);
        delete_route_table(call: DeleteRouteTable) { "RouteTableId": call.table };
        associate_route_table(call: AssociateRouteTable) {
            "RouteTableId": call.table, "SubnetId": call.subnet,
        } => |answer| answer.text("associationId");
        replace_route_table_association(call: ReplaceRouteTableAssociation) {
            "AssociationId": call.association, "RouteTableId": call.table,
        } => |answer| answer.text("newAssociationId");
        disassociate_route_table(call: DisassociateRouteTable) {
            "AssociationId": call.association,
        };
        create_route(call: CreateRoute) (to_route(call.table, call.destination, call.target));
        replace_route(call: ReplaceRoute) (to_route(call.table, call.destination, call.target));
        delete_route(call: DeleteRoute) (Parameter::Structure(vec![
            ("RouteTableId", call.table.into()),
            (destination(&call.destination), call.destination.into()),
        ]));
    }
}
