use aws_sdk_ec2::types;
use aws_sdk_ec2::types::{
    FlowLogsResourceType, LogDestinationType, ResourceType, TrafficType, UnsuccessfulItem,
    VpcEndpointType,
};

use super::filters::Names;
use super::{PAGE, tagged, tags};
use crate::model::{FlowLog, VpcEndpoint};
use crate::sdk::Sdk;
use crate::sdk::convert::{each, name, next, set, text};
use crate::sdk::error::Answer;
use crate::{
    ApiError, CreateFlowLogs, CreateVpcEndpoint, DeleteFlowLogs, DeleteVpcEndpoints,
    DescribeFlowLogs, DescribeVpcEndpoints, ModifyVpcEndpoint, Operation, Page,
};

fn endpoint(endpoint: types::VpcEndpoint) -> VpcEndpoint {
    VpcEndpoint {
        // Some states are written `Available`, others `available`.
        state: name(endpoint.state.as_ref()).to_ascii_lowercase(),
        id: text(endpoint.vpc_endpoint_id),
        vpc: text(endpoint.vpc_id),
        service: text(endpoint.service_name),
        route_tables: set(endpoint.route_table_ids),
        tags: tags(endpoint.tags),
    }
}

fn flow_log(log: types::FlowLog) -> FlowLog {
    FlowLog {
        traffic: name(log.traffic_type.as_ref()),
        id: text(log.flow_log_id),
        resource: text(log.resource_id),
        destination: text(log.log_destination),
        tags: tags(log.tags),
    }
}

/// These operations take many and answer with what failed of them; the answer itself is no error.
fn all_successful(
    operation: Operation,
    failed: Option<Vec<UnsuccessfulItem>>,
) -> Result<(), ApiError> {
    let failed = failed.unwrap_or_default().into_iter().next();
    match failed.and_then(|item| item.error) {
        Some(error) => Err(ApiError::new(operation, &text(error.code), text(error.message))),
        None => Ok(()),
    }
}

impl Sdk {
    pub(in crate::sdk) async fn create_vpc_endpoint(
        &self,
        call: CreateVpcEndpoint,
    ) -> Result<VpcEndpoint, ApiError> {
        let request = self.ec2.create_vpc_endpoint().vpc_id(call.vpc).service_name(call.service);
        let request = request.vpc_endpoint_type(VpcEndpointType::Gateway);
        let request = request.set_route_table_ids(Some(call.route_tables.into_iter().collect()));
        let request = request.client_token(call.client_token);
        let request = request.tag_specifications(tagged(ResourceType::VpcEndpoint, call.tags));
        let answer = request.send().await.answer(Operation::CreateVpcEndpoint)?;
        let none = || types::VpcEndpoint::builder().build();
        Ok(endpoint(answer.vpc_endpoint.unwrap_or_else(none)))
    }

    pub(in crate::sdk) async fn describe_vpc_endpoints(
        &self,
        call: DescribeVpcEndpoints,
    ) -> Result<Page<VpcEndpoint>, ApiError> {
        let names = Names::of(Operation::DescribeVpcEndpoints, "vpc-endpoint-id");
        let Some(filters) = names.filters(call.select)? else { return Ok(Page::only(Vec::new())) };
        let request = self.ec2.describe_vpc_endpoints().set_filters(Some(filters));
        let request = request.max_results(PAGE).set_next_token(call.page);
        let answer = request.send().await.answer(Operation::DescribeVpcEndpoints)?;
        Ok(Page { items: each(answer.vpc_endpoints, endpoint), next: next(answer.next_token) })
    }

    pub(in crate::sdk) async fn modify_vpc_endpoint(
        &self,
        call: ModifyVpcEndpoint,
    ) -> Result<(), ApiError> {
        let list = |set: std::collections::BTreeSet<String>| {
            (!set.is_empty()).then(|| set.into_iter().collect::<Vec<_>>())
        };
        let request = self.ec2.modify_vpc_endpoint().vpc_endpoint_id(call.endpoint);
        let request = request.set_add_route_table_ids(list(call.add_route_tables));
        let request = request.set_remove_route_table_ids(list(call.remove_route_tables));
        request.send().await.answer(Operation::ModifyVpcEndpoint).map(|_| ())
    }

    pub(in crate::sdk) async fn delete_vpc_endpoints(
        &self,
        call: DeleteVpcEndpoints,
    ) -> Result<(), ApiError> {
        let operation = Operation::DeleteVpcEndpoints;
        let request = self.ec2.delete_vpc_endpoints().vpc_endpoint_ids(call.endpoint);
        all_successful(operation, request.send().await.answer(operation)?.unsuccessful)
    }

    pub(in crate::sdk) async fn create_flow_logs(
        &self,
        call: CreateFlowLogs,
    ) -> Result<String, ApiError> {
        let operation = Operation::CreateFlowLogs;
        let request = self.ec2.create_flow_logs().resource_ids(call.vpc);
        let request = request.resource_type(FlowLogsResourceType::Vpc);
        let request = request.traffic_type(TrafficType::from(call.traffic.as_str()));
        let request = request.log_destination_type(LogDestinationType::S3);
        let request = request.log_destination(call.destination).client_token(call.client_token);
        let request = request.tag_specifications(tagged(ResourceType::VpcFlowLog, call.tags));
        let answer = request.send().await.answer(operation)?;
        all_successful(operation, answer.unsuccessful)?;
        Ok(text(answer.flow_log_ids.unwrap_or_default().into_iter().next()))
    }

    pub(in crate::sdk) async fn describe_flow_logs(
        &self,
        call: DescribeFlowLogs,
    ) -> Result<Page<FlowLog>, ApiError> {
        let operation = Operation::DescribeFlowLogs;
        let names = Names { vpc: Some("resource-id"), ..Names::of(operation, "flow-log-id") };
        let Some(filters) = names.filters(call.select)? else { return Ok(Page::only(Vec::new())) };
        let request = self.ec2.describe_flow_logs().set_filter(Some(filters));
        let request = request.max_results(PAGE).set_next_token(call.page);
        let answer = request.send().await.answer(operation)?;
        Ok(Page { items: each(answer.flow_logs, flow_log), next: next(answer.next_token) })
    }

    pub(in crate::sdk) async fn delete_flow_logs(
        &self,
        call: DeleteFlowLogs,
    ) -> Result<(), ApiError> {
        let operation = Operation::DeleteFlowLogs;
        let request = self.ec2.delete_flow_logs().flow_log_ids(call.flow_log);
        all_successful(operation, request.send().await.answer(operation)?.unsuccessful)
    }
}
