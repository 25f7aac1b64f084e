use serde::{Deserialize, Serialize};

use super::network::{ids, local_route};
use super::store::Thing;
use super::world::{Answer, World, find, refuse};
use skyward_aws::model::{Route, RouteTable, RouteTableAssociation, RouteTarget, Tags};
use skyward_aws::{
    AssociateRouteTable, CreateRoute, CreateRouteTable, DeleteRoute, DeleteRouteTable,
    DescribeRouteTables, DisassociateRouteTable, Operation, Page, ReplaceRoute,
    ReplaceRouteTableAssociation,
};

/// A route table. Whether a route leads nowhere is found out when it is looked at.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Table(pub(super) RouteTable);

impl Thing for Table {
    fn tags(&self) -> &Tags {
        &self.0.tags
    }

    fn keys(&self) -> Vec<String> {
        let mut keys = vec![format!("vpc={}", self.0.vpc)];
        for association in &self.0.associations {
            keys.push(format!("association={}", association.id));
            keys.extend(association.subnet.iter().map(|subnet| format!("subnet={subnet}")));
        }
        keys
    }
}

const NO_TABLE: &str = "InvalidRouteTableID.NotFound";
/// The prefix list of S3 in a region, such as this one.
const S3_NETWORKS: &str = "pl-6ea54007";
const NO_ASSOCIATION: &str = "InvalidAssociationID.NotFound";

impl World {
    pub(super) fn create_route_table(&mut self, call: CreateRouteTable) -> Answer<RouteTable> {
        let request = format!("{} {:?}", call.vpc, call.tags);
        let table = |id: String, routes| RouteTable {
            id,
            vpc: call.vpc.clone(),
            is_main: false,
            routes,
            associations: Vec::new(),
            tags: call.tags.clone(),
        };
        if let Some(id) = self.earlier(Operation::CreateRouteTable, &call.client_token, &request)? {
            let living = self.state.tables.get(&id).map(|table| table.0.clone());
            return Ok(living.unwrap_or_else(|| table(id, Vec::new())));
        }
        let vpc = find(&self.state.vpcs, &call.vpc, self.view, "InvalidVpcID.NotFound")?;
        let routes = vec![local_route(&vpc.vpc.cidr)];
        let count = self.state.tables.with(&format!("vpc={}", call.vpc)).count();
        self.quota("route tables of a VPC", count, "RouteTableLimitExceeded")?;
        let table = table(self.id("rtb"), routes);
        self.state.tables.put(self.moment(), &table.id, Table(table.clone()));
        self.remember(Operation::CreateRouteTable, &call.client_token, request, &table.id);
        Ok(table)
    }

    pub(super) fn describe_route_tables(
        &mut self,
        call: DescribeRouteTables,
    ) -> Answer<Page<RouteTable>> {
        let view = |table: &Table| {
            let mut table = table.0.clone();
            for route in &mut table.routes {
                route.is_blackhole = !self.leads_somewhere(&table.vpc, &route.target);
            }
            // An endpoint has its route in each of its tables, to a list of the service's networks.
            let endpoints =
                self.state.endpoints.seen_with(&format!("table={}", table.id), self.view);
            table.routes.extend(endpoints.map(|(id, _)| Route {
                destination: S3_NETWORKS.into(),
                target: RouteTarget::Other(id.clone()),
                is_blackhole: false,
            }));
            table
        };
        Ok(self.page(|state| &state.tables, &call.select, call.page.as_ref(), view))
    }

    /// Whether what a route leads to is there and works.
    pub(super) fn leads_somewhere(&self, vpc: &str, target: &RouteTarget) -> bool {
        match target {
            RouteTarget::InternetGateway(id) => self
                .state
                .gateways
                .get(id)
                .is_some_and(|gateway| gateway.vpc.as_deref() == Some(vpc)),
            RouteTarget::NatGateway(id) => {
                self.state.nats.get(id).is_some_and(|nat| nat.gateway.state == "available")
            }
            RouteTarget::Other(_) => true,
        }
    }

    /// The table that a subnet's traffic follows.
    pub(super) fn table_of(&self, vpc: &str, subnet: &str) -> Option<&RouteTable> {
        let own = self.state.tables.with(&format!("subnet={subnet}")).next();
        let main =
            || self.state.tables.with(&format!("vpc={vpc}")).find(|(_, table)| table.0.is_main);
        own.or_else(main).map(|(_, table)| &table.0)
    }

    pub(super) fn delete_route_table(&mut self, call: DeleteRouteTable) -> Answer<()> {
        let table = find(&self.state.tables, &call.table, self.view, NO_TABLE)?;
        if !table.0.associations.is_empty() {
            let message =
                format!("The routeTable '{}' has dependencies and cannot be deleted.", call.table);
            return refuse("DependencyViolation", message);
        }
        let moment = self.moment();
        for endpoint in ids(self.state.endpoints.with(&format!("table={}", call.table)), |_| true) {
            self.state.endpoints.update(moment, &endpoint, |endpoint| {
                endpoint.route_tables.remove(&call.table);
            });
        }
        self.state.tables.remove(moment, &call.table);
        Ok(())
    }

    pub(super) fn associate_route_table(&mut self, call: AssociateRouteTable) -> Answer<String> {
        let table = find(&self.state.tables, &call.table, self.view, NO_TABLE)?;
        let subnet =
            find(&self.state.subnets, &call.subnet, self.view, "InvalidSubnetID.NotFound")?;
        if table.0.vpc != subnet.vpc {
            let message = format!(
                "route table {} and subnet {} belong to different networks",
                call.table, call.subnet
            );
            return refuse("InvalidParameterValue", message);
        }
        if self.state.tables.any(&format!("subnet={}", call.subnet)) {
            let message = format!(
                "the specified association for route table {} conflicts with an existing association",
                call.table
            );
            return refuse("Resource.AlreadyAssociated", message);
        }
        Ok(self.associate(&call.table, Some(call.subnet)))
    }

    fn associate(&mut self, table: &str, subnet: Option<String>) -> String {
        let id = self.id("rtbassoc");
        let association = RouteTableAssociation { id: id.clone(), subnet };
        let add = |table: &mut Table| table.0.associations.push(association);
        self.state.tables.update(self.moment(), table, add);
        id
    }

    fn association(&self, id: &str) -> Answer<(String, RouteTableAssociation)> {
        let found = self.state.tables.with(&format!("association={id}")).next();
        let Some((table, record)) = found else {
            return refuse(NO_ASSOCIATION, format!("The association ID '{id}' does not exist"));
        };
        let association = record.0.associations.iter().find(|association| association.id == id);
        Ok((table.clone(), association.expect("its key says so").clone()))
    }

    fn dissociate(&mut self, table: &str, association: &str) {
        self.state.tables.update(self.moment(), table, |table| {
            table.0.associations.retain(|other| other.id != association);
        });
    }

    pub(super) fn replace_route_table_association(
        &mut self,
        call: ReplaceRouteTableAssociation,
    ) -> Answer<String> {
        find(&self.state.tables, &call.table, self.view, NO_TABLE)?;
        let (table, association) = self.association(&call.association)?;
        self.dissociate(&table, &call.association);
        Ok(self.associate(&call.table, association.subnet))
    }

    pub(super) fn disassociate_route_table(&mut self, call: DisassociateRouteTable) -> Answer<()> {
        let (table, association) = self.association(&call.association)?;
        if association.subnet.is_none() {
            let message = format!(
                "cannot disassociate the main route table association {}",
                call.association
            );
            return refuse("InvalidParameterValue", message);
        }
        self.dissociate(&table, &call.association);
        Ok(())
    }

    /// A route to what is there: a NAT gateway that is dead, or a gateway that is not attached, takes none.
    fn check_target(&self, table: &str, target: &RouteTarget) -> Answer<()> {
        match target {
            RouteTarget::NatGateway(id) => {
                let nat = find(&self.state.nats, id, self.view, "InvalidNatGatewayID.NotFound")?;
                if matches!(nat.gateway.state.as_str(), "pending" | "available") {
                    return Ok(());
                }
                refuse(
                    "InvalidNatGatewayID.NotFound",
                    format!("The natGateway ID '{id}' does not exist"),
                )
            }
            RouteTarget::InternetGateway(id) => {
                let gateway =
                    find(&self.state.gateways, id, self.view, "InvalidGatewayID.NotFound")?;
                let vpc = self.state.tables.get(table).map(|table| &table.0.vpc);
                if gateway.vpc.as_ref() == vpc {
                    return Ok(());
                }
                let message = format!(
                    "route table {table} and network gateway {id} belong to different networks"
                );
                refuse("InvalidParameterValue", message)
            }
            RouteTarget::Other(_) => Ok(()),
        }
    }

    pub(super) fn create_route(&mut self, call: CreateRoute) -> Answer<()> {
        let table = find(&self.state.tables, &call.table, self.view, NO_TABLE)?;
        if table.0.routes.iter().any(|route| route.destination == call.destination) {
            let message = format!("The route identified by {} already exists.", call.destination);
            return refuse("RouteAlreadyExists", message);
        }
        self.check_target(&call.table, &call.target)?;
        let route =
            Route { destination: call.destination, target: call.target, is_blackhole: false };
        self.state.tables.update(self.moment(), &call.table, |table| table.0.routes.push(route));
        Ok(())
    }

    fn check_route(&self, table: &str, destination: &str) -> Answer<()> {
        let record = find(&self.state.tables, table, self.view, NO_TABLE)?;
        if record.0.routes.iter().any(|route| route.destination == destination) {
            return Ok(());
        }
        let message =
            format!("no route with destination-cidr-block {destination} in route table {table}");
        refuse("InvalidRoute.NotFound", message)
    }

    pub(super) fn replace_route(&mut self, call: ReplaceRoute) -> Answer<()> {
        self.check_route(&call.table, &call.destination)?;
        self.check_target(&call.table, &call.target)?;
        self.state.tables.update(self.moment(), &call.table, |table| {
            for route in &mut table.0.routes {
                if route.destination == call.destination {
                    route.target = call.target.clone();
                }
            }
        });
        Ok(())
    }

    pub(super) fn delete_route(&mut self, call: DeleteRoute) -> Answer<()> {
        self.check_route(&call.table, &call.destination)?;
        self.state.tables.update(self.moment(), &call.table, |table| {
            table.0.routes.retain(|route| route.destination != call.destination);
        });
        Ok(())
    }
}
