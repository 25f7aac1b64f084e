//! Gateway endpoints, by which a VPC reaches S3 without the internet.

use crate::kind::simulated::prelude::*;
use crate::kind::simulated::vpc::VpcRecord;

const CREATE: Assumption =
    seconds("gateway endpoint: pending until available", 1.0, 6.0, Unverified);
const DELETE: Assumption = seconds("gateway endpoint: deleting until gone", 1.0, 15.0, Unverified);
const READY: Event = Event::new("VPC endpoint ready", World::endpoint_ready);
const GONE: Event = Event::new("VPC endpoint gone", World::forget::<VpcEndpoint>);
const QUOTA: DefaultQuota = DefaultQuota::new("gateway endpoints", 20, "VpcEndpointLimitExceeded");

impl Kind for VpcEndpoint {
    const NAME: &'static str = "vpc-endpoint";
    const MISSING: &'static str = "InvalidVpcEndpointId.NotFound";
    const TAGGED_AS: Option<&'static str> = Some("vpce");
    const EVENTS: &'static [Event] = &[READY, GONE];
    const ASSUMPTIONS: &'static [Assumption] = &[CREATE, DELETE];
    const QUOTAS: &'static [DefaultQuota] = &[QUOTA];

    tags!(tags);

    fn keys(&self) -> Vec<String> {
        let mut keys = vec![format!("vpc={}", self.vpc)];
        keys.extend(self.route_tables.iter().map(|table| format!("table={table}")));
        keys
    }

    fn state(&self) -> String {
        self.state.clone()
    }
}

impl World {
    pub(crate) fn create_vpc_endpoint(&mut self, call: CreateVpcEndpoint) -> Answer<VpcEndpoint> {
        let request =
            format!("{} {} {:?} {:?}", call.vpc, call.service, call.route_tables, call.tags);
        let endpoint = |id: String, state: &str| VpcEndpoint {
            id,
            vpc: call.vpc.clone(),
            service: call.service.clone(),
            route_tables: call.route_tables.clone(),
            state: state.into(),
            tags: call.tags.clone(),
        };
        if let Some(id) =
            self.earlier(Operation::CreateVpcEndpoint, &call.client_token, &request)?
        {
            let living = self.get::<VpcEndpoint>(&id).cloned();
            return Ok(living.unwrap_or_else(|| endpoint(id, "deleted")));
        }
        self.find_or::<VpcRecord>(&call.vpc, "InvalidVpcId.NotFound")?;
        self.find_all::<RouteTable>(&call.route_tables)?;
        if call.service != format!("com.amazonaws.{}.s3", self.region) {
            let message = format!("The Vpc Endpoint Service '{}' does not exist", call.service);
            return refuse("InvalidServiceName", message);
        }
        self.check_free_tables(&call.service, &call.route_tables)?;
        self.room(&QUOTA, self.count::<VpcEndpoint>())?;
        let endpoint = endpoint(self.id("vpce"), "pending");
        self.put(&endpoint.id, endpoint.clone());
        self.remember(Operation::CreateVpcEndpoint, &call.client_token, request, &endpoint.id);
        self.after(CREATE, READY, &endpoint.id);
        Ok(endpoint)
    }

    /// A route table leads to a service by one endpoint at most.
    fn check_free_tables(&self, service: &str, tables: &BTreeSet<String>) -> Answer<()> {
        for table in tables {
            let mut others = self.with::<VpcEndpoint>(&format!("table={table}"));
            if others.any(|(_, other)| other.service == service) {
                let message = format!(
                    "route table {table} already has a route with destination-prefix-list-id pl-s3"
                );
                return refuse("RouteAlreadyExists", message);
            }
        }
        Ok(())
    }

    pub(crate) fn endpoint_ready(&mut self, id: &str) {
        self.update::<VpcEndpoint>(id, |endpoint| {
            if endpoint.state == "pending" {
                endpoint.state = "available".into();
            }
        });
    }

    pages!(describe_vpc_endpoints(DescribeVpcEndpoints) of VpcEndpoint => Clone::clone);

    pub(crate) fn modify_vpc_endpoint(&mut self, call: ModifyVpcEndpoint) -> Answer<()> {
        let endpoint = self.find::<VpcEndpoint>(&call.endpoint)?;
        self.find_all::<RouteTable>(&call.add_route_tables)?;
        let new: BTreeSet<String> =
            call.add_route_tables.difference(&endpoint.route_tables).cloned().collect();
        self.check_free_tables(&endpoint.service, &new)?;
        self.change::<VpcEndpoint>(&call.endpoint, |endpoint| {
            endpoint.route_tables.extend(new);
            endpoint.route_tables.retain(|table| !call.remove_route_tables.contains(table));
        })
    }

    pub(crate) fn delete_vpc_endpoints(&mut self, call: DeleteVpcEndpoints) -> Answer<()> {
        let endpoint = self.find::<VpcEndpoint>(&call.endpoint)?;
        if endpoint.state == "deleting" {
            return Ok(());
        }
        self.update::<VpcEndpoint>(&call.endpoint, |endpoint| {
            endpoint.state = "deleting".into();
            endpoint.route_tables.clear();
        });
        self.after(DELETE, GONE, &call.endpoint);
        Ok(())
    }
}
