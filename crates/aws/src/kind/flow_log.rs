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
    use super::*;
    use crate::kind::prelude::*;

    fn flow_log(log: Element<'_>) -> FlowLog {
        FlowLog {
            id: log.text("flowLogId"),
            resource: log.text("resourceId"),
            destination: log.text("logDestination"),
            traffic: log.text("trafficType"),
            tags: log.tags(),
        }
    }

    query! { ec2
        create_flow_logs(call: CreateFlowLogs) {
            "ResourceId": vec![call.vpc], "ResourceType": "VPC", "TrafficType": call.traffic,
            "LogDestinationType": "s3", "LogDestination": call.destination,
            "ClientToken": call.client_token,
            "TagSpecification": tagged("vpc-flow-log", call.tags),
        } => |answer| {
            all_successful(answer)?;
            answer.texts("flowLogIdSet").pop_first().unwrap_or_default()
        };
        pages describe_flow_logs(DescribeFlowLogs)
            by Filters { vpc: Some("resource-id"), ..Filters::by("flow-log-id") }
            => |answer| answer.each("flowLogSet", flow_log);
        delete_flow_logs(call: DeleteFlowLogs) { "FlowLogId": vec![call.flow_log] }
            => |answer| all_successful(answer)?;
    }
}
