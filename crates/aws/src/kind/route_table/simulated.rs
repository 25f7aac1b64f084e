//! Route tables with their routes and associations. A route that leads nowhere shows when it is looked at.

use crate::kind::simulated::nat_gateway::NatGatewayRecord;
use crate::kind::simulated::prelude::*;
use crate::kind::simulated::vpc::VpcRecord;

/// The prefix list of S3 in a region, such as this one.
const S3_NETWORKS: &str = "pl-6ea54007";
const NO_ASSOCIATION: &str = "InvalidAssociationID.NotFound";
const QUOTA: DefaultQuota =
    DefaultQuota::new("route tables of a VPC", 200, "RouteTableLimitExceeded");

impl Kind for RouteTable {
    const NAME: &'static str = "route-table";
    const MISSING: &'static str = "InvalidRouteTableID.NotFound";
    const TAGGED_AS: Option<&'static str> = Some("rtb");
    const QUOTAS: &'static [DefaultQuota] = &[QUOTA];

    tags!(tags);

    fn keys(&self) -> Vec<String> {
        let mut keys = vec![format!("vpc={}", self.vpc)];
        for association in &self.associations {
            keys.push(format!("association={}", association.id));
            keys.extend(association.subnet.iter().map(|subnet| format!("subnet={subnet}")));
        }
        keys
    }

    fn state(&self) -> String {
        if self.is_main { "main" } else { "" }.into()
    }

    fn tie(&self, key: &str) -> Tie {
        match () {
            () if !key.starts_with("vpc=") => Tie::Ignores,
            () if self.is_main => Tie::GoesWith,
            () => Tie::Blocks,
        }
    }
}

/// The route within a VPC, that every table has.
fn local_route(cidr: &str) -> Route {
    Route {
        destination: cidr.to_owned(),
        target: RouteTarget::Other("local".into()),
        is_blackhole: false,
    }
}

/// Makes the main route table of a new VPC.
pub(crate) fn main(world: &mut World, vpc: &Vpc) {
    let id = world.id("rtb");
    let main = RouteTableAssociation { id: world.id("rtbassoc"), subnet: None };
    let table = RouteTable {
        id: id.clone(),
        vpc: vpc.id.clone(),
        is_main: true,
        routes: vec![local_route(&vpc.cidr)],
        associations: vec![main],
        tags: Tags::new(),
    };
    world.put(&id, table);
}

/// The target of a subnet's route to the internet, if it works.
pub(crate) fn internet_route<'a>(
    world: &'a World,
    vpc: &str,
    subnet: &str,
) -> Option<&'a RouteTarget> {
    let own = world.with::<RouteTable>(&format!("subnet={subnet}")).next();
    let main = || world.with::<RouteTable>(&format!("vpc={vpc}")).find(|(_, table)| table.is_main);
    let (_, table) = own.or_else(main)?;
    let route = table.routes.iter().find(|route| route.destination == "0.0.0.0/0")?;
    leads_somewhere(world, vpc, &route.target).then_some(&route.target)
}

/// Tells whether the target of a route exists and works.
fn leads_somewhere(world: &World, vpc: &str, target: &RouteTarget) -> bool {
    match target {
        RouteTarget::InternetGateway(id) => world
            .get::<InternetGateway>(id)
            .is_some_and(|gateway| gateway.vpc.as_deref() == Some(vpc)),
        RouteTarget::NatGateway(id) => {
            world.get::<NatGatewayRecord>(id).is_some_and(|nat| nat.gateway.state == "available")
        }
        RouteTarget::Other(_) => true,
    }
}

impl World {
    pub(crate) fn create_route_table(&mut self, call: CreateRouteTable) -> Answer<RouteTable> {
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
            let living = self.get::<RouteTable>(&id).cloned();
            return Ok(living.unwrap_or_else(|| table(id, Vec::new())));
        }
        let vpc = self.find::<VpcRecord>(&call.vpc)?;
        let routes = vec![local_route(&vpc.vpc.cidr)];
        let count = self.with::<RouteTable>(&format!("vpc={}", call.vpc)).count();
        self.room(&QUOTA, count)?;
        let table = table(self.id("rtb"), routes);
        self.put(&table.id, table.clone());
        self.remember(Operation::CreateRouteTable, &call.client_token, request, &table.id);
        Ok(table)
    }

    pub(crate) fn describe_route_tables(
        &mut self,
        call: DescribeRouteTables,
    ) -> Answer<Page<RouteTable>> {
        let view = |table: &RouteTable| {
            let mut table = table.clone();
            for route in &mut table.routes {
                route.is_blackhole = !leads_somewhere(self, &table.vpc, &route.target);
            }
            // An endpoint has its route in each of its tables, to a list of the service's networks.
            let endpoints = self.seen_with::<VpcEndpoint>(&format!("table={}", table.id));
            table.routes.extend(endpoints.map(|(id, _)| Route {
                destination: S3_NETWORKS.into(),
                target: RouteTarget::Other(id.clone()),
                is_blackhole: false,
            }));
            table
        };
        self.page(&call.select, call.page, view)
    }

    pub(crate) fn delete_route_table(&mut self, call: DeleteRouteTable) -> Answer<()> {
        let table = self.find::<RouteTable>(&call.table)?;
        if !table.associations.is_empty() {
            let message =
                format!("The routeTable '{}' has dependencies and cannot be deleted.", call.table);
            return refuse("DependencyViolation", message);
        }
        for endpoint in self.ids::<VpcEndpoint>(&format!("table={}", call.table), |_| true) {
            self.update::<VpcEndpoint>(&endpoint, |endpoint| {
                endpoint.route_tables.remove(&call.table);
            });
        }
        self.delete::<RouteTable>(&call.table)
    }

    pub(crate) fn associate_route_table(&mut self, call: AssociateRouteTable) -> Answer<String> {
        let table = self.find::<RouteTable>(&call.table)?;
        let subnet = self.find::<Subnet>(&call.subnet)?;
        if table.vpc != subnet.vpc {
            let message = format!(
                "route table {} and subnet {} belong to different networks",
                call.table, call.subnet
            );
            return refuse("InvalidParameterValue", message);
        }
        if self.any::<RouteTable>(&format!("subnet={}", call.subnet)) {
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
        let add = |table: &mut RouteTable| table.associations.push(association);
        self.update::<RouteTable>(table, add);
        id
    }

    fn association(&self, id: &str) -> Answer<(String, RouteTableAssociation)> {
        let found = self.with::<RouteTable>(&format!("association={id}")).next();
        let Some((table, record)) = found else {
            return refuse(NO_ASSOCIATION, format!("The association ID '{id}' does not exist"));
        };
        let association = record.associations.iter().find(|association| association.id == id);
        Ok((table.clone(), association.expect("its key says so").clone()))
    }

    fn dissociate(&mut self, table: &str, association: &str) {
        self.update::<RouteTable>(table, |table| {
            table.associations.retain(|other| other.id != association);
        });
    }

    pub(crate) fn replace_route_table_association(
        &mut self,
        call: ReplaceRouteTableAssociation,
    ) -> Answer<String> {
        self.find::<RouteTable>(&call.table)?;
        let (table, association) = self.association(&call.association)?;
        self.dissociate(&table, &call.association);
        Ok(self.associate(&call.table, association.subnet))
    }

    pub(crate) fn disassociate_route_table(&mut self, call: DisassociateRouteTable) -> Answer<()> {
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
                let nat = self.find_or::<NatGatewayRecord>(id, "InvalidNatGatewayID.NotFound")?;
                if matches!(nat.gateway.state.as_str(), "pending" | "available") {
                    return Ok(());
                }
                refuse(
                    "InvalidNatGatewayID.NotFound",
                    format!("The natGateway ID '{id}' does not exist"),
                )
            }
            RouteTarget::InternetGateway(id) => {
                let gateway = self.find_or::<InternetGateway>(id, "InvalidGatewayID.NotFound")?;
                let vpc = self.get::<RouteTable>(table).map(|table| &table.vpc);
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

    pub(crate) fn create_route(&mut self, call: CreateRoute) -> Answer<()> {
        let table = self.find::<RouteTable>(&call.table)?;
        if table.routes.iter().any(|route| route.destination == call.destination) {
            let message = format!("The route identified by {} already exists.", call.destination);
            return refuse("RouteAlreadyExists", message);
        }
        self.check_target(&call.table, &call.target)?;
        let route =
            Route { destination: call.destination, target: call.target, is_blackhole: false };
        self.change::<RouteTable>(&call.table, |table| table.routes.push(route))
    }

    fn check_route(&self, table: &str, destination: &str) -> Answer<()> {
        let record = self.find::<RouteTable>(table)?;
        if record.routes.iter().any(|route| route.destination == destination) {
            return Ok(());
        }
        let message =
            format!("no route with destination-cidr-block {destination} in route table {table}");
        refuse("InvalidRoute.NotFound", message)
    }

    pub(crate) fn replace_route(&mut self, call: ReplaceRoute) -> Answer<()> {
        self.check_route(&call.table, &call.destination)?;
        self.check_target(&call.table, &call.target)?;
        self.update::<RouteTable>(&call.table, |table| {
            for route in &mut table.routes {
                if route.destination == call.destination {
                    route.target = call.target.clone();
                }
            }
        });
        Ok(())
    }

    pub(crate) fn delete_route(&mut self, call: DeleteRoute) -> Answer<()> {
        self.check_route(&call.table, &call.destination)?;
        self.update::<RouteTable>(&call.table, |table| {
            table.routes.retain(|route| route.destination != call.destination);
        });
        Ok(())
    }
}
