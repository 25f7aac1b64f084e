//! Flow logs: records of the traffic of a VPC.

pub(crate) mod simulated;

use crate::page::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowLog {
    pub id: String,
    /// The VPC.
    pub resource: String,
    /// The bucket's ARN.
    pub destination: String,
    /// `ALL`, `ACCEPT` or `REJECT`.
    pub traffic: String,
    pub tags: Tags,
}

operations! {
    CreateFlowLogs {
        vpc: String,
        destination: String,
        traffic: String,
        client_token: String,
        tags: Tags,
    } -> String;
    DescribeFlowLogs { select: Select, page: Option<String> } -> Page<FlowLog>;
    DeleteFlowLogs { flow_log: String } -> ();
}

#[cfg(feature = "sdk")]
mod sdk {
    use aws_sdk_ec2::types;

    use super::*;
    use crate::kind::prelude::*;

    fn flow_log(log: types::FlowLog) -> FlowLog {
        FlowLog {
            traffic: name(log.traffic_type.as_ref()),
            id: text(log.flow_log_id),
            resource: text(log.resource_id),
            destination: text(log.log_destination),
            tags: ec2::tags(log.tags),
        }
    }

    requests! { ec2
        create_flow_logs(call: CreateFlowLogs) {
            resource_ids(call.vpc) resource_type(types::FlowLogsResourceType::Vpc)
            traffic_type(call.traffic.as_str().into())
            log_destination_type(types::LogDestinationType::S3) log_destination(call.destination)
            client_token(call.client_token)
            tag_specifications(ec2::tagged(types::ResourceType::VpcFlowLog, call.tags))
        } => |answer| {
            ec2::all_successful(Operation::CreateFlowLogs, answer.unsuccessful)?;
            text(answer.flow_log_ids.unwrap_or_default().into_iter().next())
        };
        pages describe_flow_logs.set_filter(DescribeFlowLogs)
            by Filters { vpc: Some("resource-id"), ..Filters::by("flow-log-id") }
            => |answer| each(answer.flow_logs, flow_log);
        delete_flow_logs(call: DeleteFlowLogs) { flow_log_ids(call.flow_log) }
            => |answer| ec2::all_successful(Operation::DeleteFlowLogs, answer.unsuccessful)?;
    }
}
