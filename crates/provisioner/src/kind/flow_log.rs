//! The record of the network's traffic, in the bucket for logs.

use skyward_aws::{CreateFlowLogs, DeleteFlowLogs, DescribeFlowLogs};

use super::{Bucket, Vpc};
use crate::resource::prelude::*;

/// The number of attempts at a creation whose token tells of a flow log that was deleted since.
const ATTEMPTS: u32 = 3;
/// The pause between looks for a new flow log.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// The record of a VPC's traffic.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FlowLog {
    pub(crate) vpc: Id,
    pub(crate) bucket: Id,
    pub(crate) traffic: String,
}

/// Waits until the flow log of a VPC is visible; none where it is not after the time that everything is visible after.
async fn visible(step: &StepContext<'_>, vpc: &str) -> Result<Option<String>, CallError> {
    let asked = Instant::now();
    while asked.elapsed() <= step.run.settings.settle {
        let call = DescribeFlowLogs { select: step.run.of_stack(), page: None };
        let logs = step.run.caller.list(call).await?;
        let is_it = |log: &&model::FlowLog| log.resource == vpc && step.is_it(&log.tags);
        if let Some(log) = logs.iter().find(is_it) {
            return Ok(Some(log.id.clone()));
        }
        step.run.caller.sleep(LOOK_AGAIN).await?;
    }
    Ok(None)
}

impl Resource for FlowLog {
    const ID: &'static str = "flow-log";
    const NAME: &'static str = "flow log";
    const GRANTS: &'static [Grants] = grants! {
        All [READ]: DescribeFlowLogs;
        Apply [NETWORK_NEW_IN_VPC, NETWORK_WITHIN] "ec2:CreateTags" on TAG_NEW, "logs:CreateLogDelivery" on LOG_DELIVERY:
            CreateFlowLogs;
        ApplyAndDestroy [NETWORK_OWN] "logs:DeleteLogDelivery" on LOG_DELIVERY: DeleteFlowLogs;
    };

    type Answer = Rc<Vec<model::FlowLog>>;

    fn desired(stack: &Stack<'_>) -> Vec<Wanted<Self>> {
        let spec = Self { vpc: "vpc".into(), bucket: "bucket/logs".into(), traffic: "ALL".into() };
        stack.aws.logs.then(|| Wanted::new("flow-log", spec)).into_iter().collect()
    }

    fn refs(&self) -> Vec<&Id> {
        vec![&self.vpc, &self.bucket]
    }

    async fn read(reader: &Reader<'_>) -> Self::Answer {
        reader.list(DescribeFlowLogs { select: reader.of_stack(), page: None }).await
    }

    fn find(answer: &Self::Answer, observation: &mut Observation<'_>) {
        for log in answer.iter() {
            let bucket = log.destination.split_once(":::").map_or("", |(_, path)| path);
            let bucket = bucket.split('/').next().unwrap_or_default();
            let spec = Self {
                vpc: observation.id::<Vpc>(&log.resource),
                bucket: observation.id::<Bucket>(bucket),
                traffic: log.traffic.clone(),
            };
            observation.keep_in::<Vpc>(&log.resource, Found::tagged(&log.id, spec, &log.tags));
        }
    }

    fn is_in_place(_: &str) -> bool {
        false
    }

    async fn ensure(&self, step: &StepContext<'_>) -> Result<(), CallError> {
        let run = step.run;
        if let Some(log) = step.existing() {
            return step.update_tags::<Self>(&log).await;
        }
        let (vpc, bucket) = (run.physical(&self.vpc)?, run.physical(&self.bucket)?);
        for attempt in 0..ATTEMPTS {
            let generation = format!("{vpc} {} {attempt}", step.replaced());
            let call = CreateFlowLogs {
                vpc: vpc.clone(),
                destination: run.names.partition().s3(&bucket),
                traffic: self.traffic.clone(),
                client_token: run.names.client_token(step.id(), &generation),
                tags: step.tags(),
            };
            match run.caller.change(call).await {
                Ok(_) => {}
                Err(error) if error.class() == Some(Class::Exists) => run.adopted(),
                Err(error) => return Err(error),
            }
            // An old token tells of a flow log that was deleted since: then none becomes visible.
            if let Some(log) = visible(step, &vpc).await? {
                run.remember(step.id(), &log);
                return Ok(());
            }
        }
        Err(step.invisible())
    }

    async fn delete(step: &StepContext<'_>, flow_log: &str) -> Result<(), CallError> {
        step.run.caller.delete(DeleteFlowLogs { flow_log: flow_log.to_owned() }).await
    }

    fn detail(&self) -> String {
        format!("{} of {} to {}", self.traffic, self.vpc, self.bucket)
    }

    fn template(&self, id: &Id, template: &mut Template<'_>) {
        let properties = json!({
            "ResourceId": reference(&self.vpc),
            "ResourceType": "VPC",
            "TrafficType": self.traffic,
            "LogDestinationType": "s3",
            "LogDestination": attribute(&self.bucket, "Arn"),
            "Tags": template.tags(id),
        });
        let policy = format!("{}Policy", logical_name(&self.bucket));
        let log = template.add(&logical_name(id), "AWS::EC2::FlowLog", properties);
        log["DependsOn"] = json!(policy);
    }
}
