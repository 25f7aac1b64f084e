use aws_sdk_ec2::types;
use aws_sdk_ec2::types::{ResourceType, RouteState};

use super::filters::Names;
use super::{tagged, tags};
use crate::model::{Route, RouteTable, RouteTableAssociation, RouteTarget};
use crate::sdk::Sdk;
use crate::sdk::convert::{each, next, text};
use crate::sdk::error::Answer;
use crate::{
    ApiError, AssociateRouteTable, CreateRoute, CreateRouteTable, DeleteRoute, DeleteRouteTable,
    DescribeRouteTables, DisassociateRouteTable, Operation, Page, ReplaceRoute,
    ReplaceRouteTableAssociation,
};

fn target(route: &types::Route) -> RouteTarget {
    match (&route.gateway_id, &route.nat_gateway_id) {
        (Some(id), _) if id.starts_with("igw-") => RouteTarget::InternetGateway(id.clone()),
        (_, Some(id)) => RouteTarget::NatGateway(id.clone()),
        (Some(id), None) => RouteTarget::Other(id.clone()),
        (None, None) => RouteTarget::Other(text(
            [
                &route.transit_gateway_id,
                &route.vpc_peering_connection_id,
                &route.instance_id,
                &route.network_interface_id,
                &route.egress_only_internet_gateway_id,
                &route.local_gateway_id,
                &route.carrier_gateway_id,
                &route.core_network_arn,
            ]
            .into_iter()
            .find_map(Clone::clone),
        )),
    }
}

fn route(route: types::Route) -> Route {
    Route {
        target: target(&route),
        is_blackhole: route.state == Some(RouteState::Blackhole),
        destination: text(
            route
                .destination_cidr_block
                .or(route.destination_ipv6_cidr_block)
                .or(route.destination_prefix_list_id),
        ),
    }
}

fn table(table: types::RouteTable) -> RouteTable {
    let associations = table.associations.unwrap_or_default();
    RouteTable {
        id: text(table.route_table_id),
        vpc: text(table.vpc_id),
        is_main: associations.iter().any(|association| association.main == Some(true)),
        routes: each(table.routes, route),
        associations: associations
            .into_iter()
            .map(|association| RouteTableAssociation {
                id: text(association.route_table_association_id),
                subnet: association.subnet_id,
            })
            .collect(),
        tags: tags(table.tags),
    }
}

/// Sets the one argument of a request that names this target.
macro_rules! to {
    ($request:expr, $target:expr) => {
        match $target {
            RouteTarget::NatGateway(id) => $request.nat_gateway_id(id),
            RouteTarget::InternetGateway(id) | RouteTarget::Other(id) => $request.gateway_id(id),
        }
    };
}

impl Sdk {
    pub(in crate::sdk) async fn create_route_table(
        &self,
        call: CreateRouteTable,
    ) -> Result<RouteTable, ApiError> {
        let request = self.ec2.create_route_table().vpc_id(call.vpc);
        let request = request.client_token(call.client_token);
        let request = request.tag_specifications(tagged(ResourceType::RouteTable, call.tags));
        let answer = request.send().await.answer(Operation::CreateRouteTable)?;
        Ok(table(answer.route_table.unwrap_or_else(|| types::RouteTable::builder().build())))
    }

    pub(in crate::sdk) async fn describe_route_tables(
        &self,
        call: DescribeRouteTables,
    ) -> Result<Page<RouteTable>, ApiError> {
        let names = Names::of(Operation::DescribeRouteTables, "route-table-id");
        let Some(filters) = names.filters(call.select)? else { return Ok(Page::only(Vec::new())) };
        let request = self.ec2.describe_route_tables().set_filters(Some(filters));
        // The most that this list allows.
        let request = request.max_results(100).set_next_token(call.page);
        let answer = request.send().await.answer(Operation::DescribeRouteTables)?;
        Ok(Page { items: each(answer.route_tables, table), next: next(answer.next_token) })
    }

    pub(in crate::sdk) async fn delete_route_table(
        &self,
        call: DeleteRouteTable,
    ) -> Result<(), ApiError> {
        let request = self.ec2.delete_route_table().route_table_id(call.table);
        request.send().await.answer(Operation::DeleteRouteTable).map(|_| ())
    }

    pub(in crate::sdk) async fn associate_route_table(
        &self,
        call: AssociateRouteTable,
    ) -> Result<String, ApiError> {
        let request = self.ec2.associate_route_table();
        let request = request.route_table_id(call.table).subnet_id(call.subnet);
        let answer = request.send().await.answer(Operation::AssociateRouteTable)?;
        Ok(text(answer.association_id))
    }

    pub(in crate::sdk) async fn replace_route_table_association(
        &self,
        call: ReplaceRouteTableAssociation,
    ) -> Result<String, ApiError> {
        let request = self.ec2.replace_route_table_association();
        let request = request.association_id(call.association).route_table_id(call.table);
        let answer = request.send().await.answer(Operation::ReplaceRouteTableAssociation)?;
        Ok(text(answer.new_association_id))
    }

    pub(in crate::sdk) async fn disassociate_route_table(
        &self,
        call: DisassociateRouteTable,
    ) -> Result<(), ApiError> {
        let request = self.ec2.disassociate_route_table().association_id(call.association);
        request.send().await.answer(Operation::DisassociateRouteTable).map(|_| ())
    }

    pub(in crate::sdk) async fn create_route(&self, call: CreateRoute) -> Result<(), ApiError> {
        let request = self.ec2.create_route().route_table_id(call.table);
        let request = to!(request.destination_cidr_block(call.destination), call.target);
        request.send().await.answer(Operation::CreateRoute).map(|_| ())
    }

    pub(in crate::sdk) async fn replace_route(&self, call: ReplaceRoute) -> Result<(), ApiError> {
        let request = self.ec2.replace_route().route_table_id(call.table);
        let request = to!(request.destination_cidr_block(call.destination), call.target);
        request.send().await.answer(Operation::ReplaceRoute).map(|_| ())
    }

    pub(in crate::sdk) async fn delete_route(&self, call: DeleteRoute) -> Result<(), ApiError> {
        let request = self.ec2.delete_route().route_table_id(call.table);
        let request = if call.destination.starts_with("pl-") {
            request.destination_prefix_list_id(call.destination)
        } else if call.destination.contains(':') {
            request.destination_ipv6_cidr_block(call.destination)
        } else {
            request.destination_cidr_block(call.destination)
        };
        request.send().await.answer(Operation::DeleteRoute).map(|_| ())
    }
}
