//! Flow logs, which a VPC writes to a bucket and takes along when it goes.

use crate::kind::simulated::bucket;
use crate::kind::simulated::prelude::*;
use crate::kind::simulated::vpc::VpcRecord;

impl Kind for FlowLog {
    const NAME: &'static str = "flow-log";
    const MISSING: &'static str = "InvalidFlowLogId.NotFound";
    const TAGGED_AS: Option<&'static str> = Some("fl");

    tags!(tags);

    fn keys(&self) -> Vec<String> {
        vec![format!("vpc={}", self.resource)]
    }

    fn tie(&self, _key: &str) -> Tie {
        Tie::GoesWith
    }
}

impl World {
    pub(crate) fn create_flow_logs(&mut self, call: CreateFlowLogs) -> Answer<String> {
        let request = format!("{} {} {} {:?}", call.vpc, call.destination, call.traffic, call.tags);
        if let Some(id) = self.earlier(Operation::CreateFlowLogs, &call.client_token, &request)? {
            return Ok(id);
        }
        self.find_or::<VpcRecord>(&call.vpc, "InvalidVpcId.NotFound")?;
        let bucket = call.destination.rsplit(':').next().unwrap_or_default();
        let bucket = bucket.split('/').next().unwrap_or_default();
        if !bucket::delivers_to(self, bucket, "delivery.logs.amazonaws.com") {
            let message = format!(
                "Access Denied for LogDestination: {}. Please check LogDestination permission",
                call.destination
            );
            return refuse("InvalidParameter", message);
        }
        let key = format!("vpc={}", call.vpc);
        let is_there =
            |log: &FlowLog| (&log.destination, &log.traffic) == (&call.destination, &call.traffic);
        if self.with::<FlowLog>(&key).any(|(_, log)| is_there(log)) {
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
        self.put(&log.id, log.clone());
        self.remember(Operation::CreateFlowLogs, &call.client_token, request, &log.id);
        Ok(log.id)
    }

    pages!(describe_flow_logs(DescribeFlowLogs) of FlowLog => Clone::clone);

    pub(crate) fn delete_flow_logs(&mut self, call: DeleteFlowLogs) -> Answer<()> {
        self.delete::<FlowLog>(&call.flow_log)
    }
}
