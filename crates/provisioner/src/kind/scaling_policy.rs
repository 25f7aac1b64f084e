//! The scaling policy, which keeps the average CPU use of the instances at its target. It is set by its name, as often as one likes.

use skyward_aws::{DeletePolicy, DescribePolicies, PutScalingPolicy};

use super::AutoScalingGroup;
use super::auto_scaling_group::{self, GROUP_OWN};
use crate::resource::prelude::*;

/// The average CPU use, in percent, that a policy without a target is given.
const TARGET_CPU: i32 = 50;

/// The policy that scales a group.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ScalingPolicy {
    pub(crate) group: Id,
    pub(crate) name: String,
    pub(crate) target_cpu: Option<i32>,
}

impl Resource for ScalingPolicy {
    const ID: &'static str = "scaling-policy";
    const NAME: &'static str = "scaling policy";
    const HAS_TAGS: bool = false;
    const STARTS_EARLY: &'static [Kind] = &[Kind::of::<AutoScalingGroup>()];
    const GRANTS: &'static [Grants] = grants! {
        All [READ]: DescribePolicies;
        Apply [GROUP_OWN]: PutScalingPolicy;
        ApplyAndDestroy [GROUP_OWN]: DeletePolicy;
    };

    type Answer = Option<Rc<Option<Vec<model::ScalingPolicy>>>>;

    fn desired(stack: &Stack<'_>) -> Vec<Wanted<Self>> {
        if stack.aws.max_instances <= stack.aws.instances {
            return Vec::new();
        }
        let spec = Self {
            group: "auto-scaling-group".into(),
            name: stack.names.scaling_policy(),
            target_cpu: Some(stack.aws.target_cpu.into()),
        };
        vec![Wanted::new("scaling-policy", spec)]
    }

    fn refs(&self) -> Vec<&Id> {
        vec![&self.group]
    }

    async fn read(reader: &Reader<'_>) -> Self::Answer {
        let group = auto_scaling_group::read(reader).await?;
        let is_ours = group.tags.get(STACK_TAG).is_some_and(|stack| stack == reader.names.stack());
        let call = DescribePolicies { name: group.name };
        if is_ours { Some(reader.find(call).await) } else { None }
    }

    fn find(answer: &Self::Answer, observation: &mut Observation<'_>) {
        let Some(policies) = answer else { return };
        for policy in policies.iter().flatten() {
            let id = if policy.name == observation.names.scaling_policy() {
                Id::from("scaling-policy")
            } else {
                Id::new(format!("scaling-policy {}", policy.name))
            };
            let spec = Self {
                group: "auto-scaling-group".into(),
                name: policy.name.clone(),
                target_cpu: policy.target_cpu,
            };
            observation.keep(Found::new(id, &policy.name, spec, &Tags::new()));
        }
    }

    fn goes_along(&self, is_deleted: &dyn Fn(&Id) -> bool, _: &dyn Fn(&Id) -> bool) -> bool {
        is_deleted(&self.group)
    }

    async fn ensure(&self, step: &StepContext<'_>) -> Result<(), CallError> {
        let call = PutScalingPolicy {
            name: step.run.physical(&self.group)?,
            policy: self.name.clone(),
            target_cpu: self.target_cpu.unwrap_or(TARGET_CPU),
        };
        step.run.caller.change(call).await?;
        step.run.remember(step.id(), &self.name);
        Ok(())
    }

    async fn delete(step: &StepContext<'_>, policy: &str) -> Result<(), CallError> {
        let (name, policy) = (step.run.names.auto_scaling_group(), policy.to_owned());
        match step.run.caller.delete(DeletePolicy { name, policy }).await {
            // It goes along with its group, and Auto Scaling has no code of its own for what is not there.
            Err(CallError::Api(error))
                if error.code == "ValidationError" && error.message.contains("not found") =>
            {
                Ok(())
            }
            answer => answer,
        }
    }

    fn detail(&self) -> String {
        self.target_cpu.map(|percent| format!("{percent} % of CPU on average")).unwrap_or_default()
    }

    fn template(&self, id: &Id, template: &mut Template<'_>) {
        let mut properties = json!({
            "AutoScalingGroupName": reference(&self.group),
            "PolicyType": "TargetTrackingScaling",
        });
        if let Some(target) = self.target_cpu {
            properties["TargetTrackingConfiguration"] = json!({
                "PredefinedMetricSpecification": { "PredefinedMetricType": "ASGAverageCPUUtilization" },
                "TargetValue": target,
            });
        }
        template.add(&logical_name(id), "AWS::AutoScaling::ScalingPolicy", properties);
    }
}
