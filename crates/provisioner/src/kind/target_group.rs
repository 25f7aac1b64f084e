//! The target group, in which the load balancer finds the instances and checks their health.

use skyward_aws::model::{Attributes, HealthCheck};
use skyward_aws::{
    CreateTargetGroup, DeleteTargetGroup, DescribeTargetGroupAttributes, DescribeTargetGroups,
    ModifyTargetGroup, ModifyTargetGroupAttributes,
};

use super::load_balancer::{self, BALANCER_NEW, BALANCER_OWN, BALANCER_TAG, attributes};
use super::{AutoScalingGroup, Listener, LoadBalancer, Vpc};
use crate::resource::prelude::*;

/// The target group of the instances.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TargetGroup {
    pub(crate) name: String,
    pub(crate) vpc: Id,
    pub(crate) protocol: String,
    pub(crate) port: i32,
    pub(crate) health_check: HealthCheck,
    pub(crate) attributes: Attributes,
}

/// Asks for the stack's target group.
pub(crate) async fn read(reader: &Reader<'_>) -> Option<model::TargetGroup> {
    reader.first(DescribeTargetGroups { name: reader.names.target_group() }).await
}

impl TargetGroup {
    async fn create(&self, step: &StepContext<'_>) -> Result<String, CallError> {
        let run = step.run;
        let call = CreateTargetGroup {
            name: self.name.clone(),
            vpc: run.physical(&self.vpc)?,
            protocol: self.protocol.clone(),
            port: self.port,
            health_check: self.health_check.clone(),
            tags: step.tags(),
        };
        if let Some(group) = run.caller.create(call).await? {
            return Ok(group.arn);
        }
        let look = async || {
            let call = DescribeTargetGroups { name: self.name.clone() };
            let found = run.first(call).await?;
            load_balancer::with_tags(step, found.map(|group| group.arn)).await
        };
        step.adopt("target group", &self.name, look).await
    }
}

impl Resource for TargetGroup {
    const ID: &'static str = "target-group";
    const NAME: &'static str = "target group";
    const GONE_FIRST: &'static [Kind] =
        &[Kind::of::<Listener>(), Kind::of::<LoadBalancer>(), Kind::of::<AutoScalingGroup>()];
    const QUOTAS: &'static [QuotaUse] =
        &[QuotaUse { quota: "target-groups", what: "target groups", each: 1, counts_all: false }];
    const GRANTS: &'static [Grants] = grants! {
        All [READ]: DescribeTargetGroups, DescribeTargetGroupAttributes;
        Apply [BALANCER_NEW] "elasticloadbalancing:AddTags" on BALANCER_TAG: CreateTargetGroup;
        Apply [BALANCER_OWN]: ModifyTargetGroup, ModifyTargetGroupAttributes;
        ApplyAndDestroy [BALANCER_OWN]: DeleteTargetGroup;
    };

    type Answer = Option<(model::TargetGroup, Attributes, Tags)>;

    fn desired(stack: &Stack<'_>) -> Vec<Wanted<Self>> {
        let (workload, check) = (stack.workload, stack.workload.check());
        let drain_s = workload.drain_s().to_string();
        let spec = Self {
            name: stack.names.target_group(),
            vpc: "vpc".into(),
            protocol: "HTTP".into(),
            port: workload.port(stack.aws).into(),
            health_check: HealthCheck {
                port: check.port.map(i32::from),
                path: stack.aws.health_path.clone(),
                matcher: check.matcher.into(),
                interval_s: 10,
                timeout_s: 5,
                healthy: 2,
                unhealthy: 3,
            },
            attributes: attributes([("deregistration_delay.timeout_seconds", &*drain_s)]),
        };
        vec![Wanted::new("target-group", spec)]
    }

    fn refs(&self) -> Vec<&Id> {
        vec![&self.vpc]
    }

    async fn read(reader: &Reader<'_>) -> Self::Answer {
        let group = read(reader).await?;
        let target_group = group.arn.clone();
        let (attributes, tags) = tokio::join!(
            reader.find(DescribeTargetGroupAttributes { target_group }),
            load_balancer::read_tags(reader, &group.arn),
        );
        Some((group, attributes.as_ref().clone().unwrap_or_default(), tags?))
    }

    fn find(answer: &Self::Answer, observation: &mut Observation<'_>) {
        let Some((group, attributes, tags)) = answer else { return };
        let spec = Self {
            name: group.name.clone(),
            vpc: observation.id::<Vpc>(&group.vpc),
            protocol: group.protocol.clone(),
            port: group.port,
            health_check: group.health_check.clone(),
            attributes: attributes.clone(),
        };
        let found = Found::new("target-group", &group.arn, spec, tags);
        observation.keep_named(&group.name, found);
    }

    fn is_in_place(field: &str) -> bool {
        field == "health_check" || field.starts_with("attributes.")
    }

    async fn ensure(&self, step: &StepContext<'_>) -> Result<(), CallError> {
        let run = step.run;
        let existing = step.existing();
        let arn = match &existing {
            Some(arn) => {
                if step.differs("health_check") {
                    let (target_group, health_check) = (arn.clone(), self.health_check.clone());
                    run.caller.change(ModifyTargetGroup { target_group, health_check }).await?;
                }
                arn.clone()
            }
            None => self.create(step).await?,
        };
        run.remember(step.id(), &arn);
        if existing.is_none() || step.differs("attributes.") {
            let (target_group, attributes) = (arn.clone(), self.attributes.clone());
            run.caller.change(ModifyTargetGroupAttributes { target_group, attributes }).await?;
        }
        step.update_tags::<Self>(&arn).await
    }

    async fn delete(step: &StepContext<'_>, arn: &str) -> Result<(), CallError> {
        step.delete(DeleteTargetGroup { target_group: arn.to_owned() }).await
    }

    async fn set_tags(step: &StepContext<'_>, arn: &str) -> Result<(), CallError> {
        load_balancer::set_tags(step, arn).await
    }

    fn name_limit(&self) -> Option<NameLimit<'_>> {
        Some(NameLimit { name: &self.name, longest: 32 })
    }

    fn detail(&self) -> String {
        let check = &self.health_check;
        format!(
            "{} on port {}, healthy while {} answers {}",
            self.protocol, self.port, check.path, check.matcher
        )
    }

    fn template(&self, id: &Id, template: &mut Template<'_>) {
        let check = &self.health_check;
        let mut properties = json!({
            "Name": self.name,
            "VpcId": reference(&self.vpc),
            "TargetType": "instance",
            "Protocol": self.protocol,
            "Port": self.port,
            "HealthCheckPath": check.path,
            "HealthCheckIntervalSeconds": check.interval_s,
            "HealthCheckTimeoutSeconds": check.timeout_s,
            "HealthyThresholdCount": check.healthy,
            "UnhealthyThresholdCount": check.unhealthy,
            "Matcher": { "HttpCode": check.matcher },
            "TargetGroupAttributes": key_values(&self.attributes),
            "Tags": template.tags(id),
        });
        if let Some(port) = check.port {
            properties["HealthCheckPort"] = json!(port.to_string());
        }
        let kind = "AWS::ElasticLoadBalancingV2::TargetGroup";
        template.add(&logical_name(id), kind, properties);
    }
}
