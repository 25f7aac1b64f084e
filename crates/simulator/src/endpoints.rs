use std::collections::BTreeSet;

use super::assumptions as assumed;
use super::network::ids;
use super::store::Thing;
use super::world::{Answer, Event, World, all_of, find, refuse};
use skyward_aws::model::{FlowLog, Tags, VpcEndpoint};
use skyward_aws::{
    CreateFlowLogs, CreateVpcEndpoint, DeleteFlowLogs, DeleteVpcEndpoints, DescribeFlowLogs,
    DescribeVpcEndpoints, ModifyVpcEndpoint, Operation, Page,
};

impl Thing for VpcEndpoint {
    fn tags(&self) -> &Tags {
        &self.tags
    }

    fn keys(&self) -> Vec<String> {
        let mut keys = vec![format!("vpc={}", self.vpc)];
        keys.extend(self.route_tables.iter().map(|table| format!("table={table}")));
        keys
    }
}

impl Thing for FlowLog {
    fn tags(&self) -> &Tags {
        &self.tags
    }

    fn keys(&self) -> Vec<String> {
        vec![format!("vpc={}", self.resource)]
    }
}

const NO_ENDPOINT: &str = "InvalidVpcEndpointId.NotFound";
const NO_TABLE: &str = "InvalidRouteTableID.NotFound";

impl World {
    pub(super) fn create_vpc_endpoint(&mut self, call: CreateVpcEndpoint) -> Answer<VpcEndpoint> {
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
            let living = self.state.endpoints.get(&id).cloned();
            return Ok(living.unwrap_or_else(|| endpoint(id, "deleted")));
        }
        find(&self.state.vpcs, &call.vpc, self.view, "InvalidVpcId.NotFound")?;
        all_of(&self.state.tables, &call.route_tables, self.view, NO_TABLE)?;
        if call.service != format!("com.amazonaws.{}.s3", self.region) {
            let message = format!("The Vpc Endpoint Service '{}' does not exist", call.service);
            return refuse("InvalidServiceName", message);
        }
        self.check_free_tables(&call.service, &call.route_tables)?;
        let count = self.state.endpoints.len();
        self.quota("gateway endpoints", count, "VpcEndpointLimitExceeded")?;
        let endpoint = endpoint(self.id("vpce"), "pending");
        self.state.endpoints.put(self.moment(), &endpoint.id, endpoint.clone());
        self.remember(Operation::CreateVpcEndpoint, &call.client_token, request, &endpoint.id);
        self.after(assumed::ENDPOINT_CREATE, Event::EndpointReady(endpoint.id.clone()));
        Ok(endpoint)
    }

    /// A route table leads to a service by one endpoint at most.
    fn check_free_tables(&self, service: &str, tables: &BTreeSet<String>) -> Answer<()> {
        for table in tables {
            let mut others = self.state.endpoints.with(&format!("table={table}"));
            if others.any(|(_, other)| other.service == service) {
                let message = format!(
                    "route table {table} already has a route with destination-prefix-list-id pl-s3"
                );
                return refuse("RouteAlreadyExists", message);
            }
        }
        Ok(())
    }

    pub(super) fn endpoint_ready(&mut self, id: &str) {
        self.state.endpoints.update(self.moment(), id, |endpoint| {
            if endpoint.state == "pending" {
                endpoint.state = "available".into();
            }
        });
    }

    pub(super) fn describe_vpc_endpoints(
        &mut self,
        call: DescribeVpcEndpoints,
    ) -> Answer<Page<VpcEndpoint>> {
        Ok(self.page(|state| &state.endpoints, &call.select, call.page.as_ref(), Clone::clone))
    }

    pub(super) fn modify_vpc_endpoint(&mut self, call: ModifyVpcEndpoint) -> Answer<()> {
        let endpoint = find(&self.state.endpoints, &call.endpoint, self.view, NO_ENDPOINT)?;
        all_of(&self.state.tables, &call.add_route_tables, self.view, NO_TABLE)?;
        let new: BTreeSet<String> =
            call.add_route_tables.difference(&endpoint.route_tables).cloned().collect();
        self.check_free_tables(&endpoint.service, &new)?;
        self.state.endpoints.update(self.moment(), &call.endpoint, |endpoint| {
            endpoint.route_tables.extend(new);
            endpoint.route_tables.retain(|table| !call.remove_route_tables.contains(table));
        });
        Ok(())
    }

    pub(super) fn delete_vpc_endpoints(&mut self, call: DeleteVpcEndpoints) -> Answer<()> {
        let endpoint = find(&self.state.endpoints, &call.endpoint, self.view, NO_ENDPOINT)?;
        if endpoint.state == "deleting" {
            return Ok(());
        }
        self.state.endpoints.update(self.moment(), &call.endpoint, |endpoint| {
            endpoint.state = "deleting".into();
            endpoint.route_tables.clear();
        });
        self.after(assumed::ENDPOINT_DELETE, Event::EndpointGone(call.endpoint));
        Ok(())
    }

    pub(super) fn endpoint_gone(&mut self, id: &str) {
        self.state.endpoints.remove(self.moment(), id);
    }

    pub(super) fn create_flow_logs(&mut self, call: CreateFlowLogs) -> Answer<String> {
        let request = format!("{} {} {} {:?}", call.vpc, call.destination, call.traffic, call.tags);
        if let Some(id) = self.earlier(Operation::CreateFlowLogs, &call.client_token, &request)? {
            return Ok(id);
        }
        find(&self.state.vpcs, &call.vpc, self.view, "InvalidVpcId.NotFound")?;
        let bucket = call.destination.rsplit(':').next().unwrap_or_default();
        let bucket = bucket.split('/').next().unwrap_or_default();
        if !self.delivers_to(bucket, "delivery.logs.amazonaws.com") {
            let message = format!(
                "Access Denied for LogDestination: {}. Please check LogDestination permission",
                call.destination
            );
            return refuse("InvalidParameter", message);
        }
        let key = format!("vpc={}", call.vpc);
        let is_there =
            |log: &FlowLog| (&log.destination, &log.traffic) == (&call.destination, &call.traffic);
        if self.state.flow_logs.with(&key).any(|(_, log)| is_there(log)) {
            let message =
                "There is an existing Flow Log with the same configuration and log destination.";
            return refuse("FlowLogAlreadyExists", message);
        }
        let log = FlowLog {
            id: self.id("fl"),
            resource: call.vpc,
            destination: call.destination,
            traffic: call.traffic,
            tags: call.tags,
        };
        self.state.flow_logs.put(self.moment(), &log.id, log.clone());
        self.remember(Operation::CreateFlowLogs, &call.client_token, request, &log.id);
        Ok(log.id)
    }

    pub(super) fn describe_flow_logs(&mut self, call: DescribeFlowLogs) -> Answer<Page<FlowLog>> {
        Ok(self.page(|state| &state.flow_logs, &call.select, call.page.as_ref(), Clone::clone))
    }

    pub(super) fn delete_flow_logs(&mut self, call: DeleteFlowLogs) -> Answer<()> {
        find(&self.state.flow_logs, &call.flow_log, self.view, "InvalidFlowLogId.NotFound")?;
        self.state.flow_logs.remove(self.moment(), &call.flow_log);
        Ok(())
    }

    /// What recorded a VPC goes with it.
    pub(super) fn remove_flow_logs_of(&mut self, vpc: &str) {
        let moment = self.moment();
        for id in ids(self.state.flow_logs.with(&format!("vpc={vpc}")), |_| true) {
            self.state.flow_logs.remove(moment, &id);
        }
    }
}
