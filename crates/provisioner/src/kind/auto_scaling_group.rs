//! The auto scaling group: the instances in the internal subnets, attached to the load balancer.
//!
//! It is ready when as many instances as there must be answer the load balancer. Instances do not follow their template by
//! themselves: an update replaces them, one after the other. How many there are at a time between the two limits is the
//! scaling policy's matter.

mod change;
mod price;
mod quota;
mod release;

use skyward_aws::{
    CreateOrUpdateTags, DeleteAutoScalingGroup, DeleteScalingTags, DescribeAutoScalingGroups,
    DescribeInstances, DescribeTargetHealth,
};
use skyward_terminal::units;

use super::{LaunchTemplate, Subnet, TargetGroup, launch_template, target_group};
use crate::resource::prelude::*;

/// A new group.
const GROUP_NEW: Scope = Scope::new((16, "GroupNew"), Area::Compute, arns, Condition::New);
/// The stack's group.
pub(crate) const GROUP_OWN: Scope =
    Scope::new((17, "GroupOwn"), Area::Compute, arns, Condition::Own);

/// The consoles of the stack's instances.
const READ_CONSOLE: Scope = Scope {
    condition: Condition::Own,
    ..Scope::read((36, "ReadConsole"), Area::Network, |stack| stack.arns("ec2", &["instance/*"]))
};

/// The version of the template that the group's instances should have.
const LATEST: &str = "$Latest";

/// The word for the version that the group's instances should have.
const NEWEST: &str = "newest";

/// A month of one GiB of gp3.
const VOLUME: Amount = Amount::exactly(80_000);

fn arns(stack: &PolicyStack<'_>) -> Vec<String> {
    let name = stack.names.auto_scaling_group();
    let group = format!("autoScalingGroup:*:autoScalingGroupName/{name}");
    vec![stack.arn("autoscaling", &group)]
}

/// The group of instances.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AutoScalingGroup {
    pub(crate) name: String,
    pub(crate) min: i32,
    pub(crate) max: i32,
    pub(crate) subnets: BTreeSet<Id>,
    pub(crate) target_groups: BTreeSet<Id>,
    pub(crate) launch_template: Id,
    /// The version of the template that the instances have: the newest, or one before.
    pub(crate) version: String,
    pub(crate) health_check: String,
    pub(crate) grace_s: i32,
}

/// The group, the newest version of the template, and the health of the targets.
pub(crate) struct Answer {
    group: model::AutoScalingGroup,
    newest: Option<i64>,
    health: Vec<model::TargetHealth>,
}

/// Asks for the stack's group.
pub(crate) async fn read(reader: &Reader<'_>) -> Option<model::AutoScalingGroup> {
    reader.first(DescribeAutoScalingGroups { name: reader.names.auto_scaling_group() }).await
}

/// New instances are of the template's newest version.
fn is_followed(version: &str, newest: Option<i64>) -> bool {
    version == LATEST || newest.is_some_and(|newest| version == newest.to_string())
}

/// All instances that stay are of the template's newest version.
fn is_newest(group: &model::AutoScalingGroup, newest: Option<i64>) -> bool {
    let newest = newest.map(|version| version.to_string());
    let stays = |instance: &&model::GroupInstance| !instance.lifecycle.starts_with("Terminat");
    group.instances.iter().filter(stays).all(|instance| instance.version == newest)
}

/// The version that the instances have, in a word: where they are not all of the newest one, the group's own number, or else the oldest.
fn shown_version(group: &model::AutoScalingGroup, own: &str, newest: Option<i64>) -> String {
    if is_followed(own, newest) && is_newest(group, newest) {
        return NEWEST.into();
    }
    if own != LATEST && !is_followed(own, newest) {
        return own.to_owned();
    }
    let versions = group.instances.iter().filter_map(|one| one.version.as_ref()?.parse().ok());
    versions.min().map_or_else(|| own.to_owned(), |oldest: i64| oldest.to_string())
}

/// Counts the instances that are in service and answer the load balancer.
fn healthy(group: &model::AutoScalingGroup, health: &[model::TargetHealth]) -> usize {
    let answering: BTreeSet<&str> = health
        .iter()
        .filter(|target| target.state == "healthy")
        .map(|target| target.target.as_str())
        .collect();
    let in_service = group.instances.iter().filter(|one| one.lifecycle == "InService");
    in_service.filter(|one| answering.contains(one.id.as_str())).count()
}

impl AutoScalingGroup {
    async fn look(
        &self,
        step: &StepContext<'_>,
    ) -> Result<Option<model::AutoScalingGroup>, CallError> {
        step.run.first(DescribeAutoScalingGroups { name: self.name.clone() }).await
    }

    /// The group as Auto Scaling takes it.
    fn to_aws(
        &self,
        step: &StepContext<'_>,
        desired: i32,
    ) -> Result<model::AutoScalingGroup, CallError> {
        let run = step.run;
        Ok(model::AutoScalingGroup {
            name: self.name.clone(),
            min: self.min,
            max: self.max,
            desired,
            subnets: run.physicals(&self.subnets)?,
            target_groups: run.physicals(&self.target_groups)?,
            launch_template: Some((run.physical(&self.launch_template)?, LATEST.into())),
            health_check: self.health_check.clone(),
            grace_s: self.grace_s,
            tags: step.tags(),
            ..Default::default()
        })
    }

    /// The names in a template of what the group needs without naming it: routes, rules and listeners.
    fn unnamed_needs(id: &Id, template: &Template<'_>) -> Vec<String> {
        let needs = template.topology.get(id).map(|resource| resource.needs.clone());
        let is_unnamed = |need: &Id| {
            ["route/", "listener/"].iter().any(|prefix| need.as_str().starts_with(prefix))
        };
        let needs = needs.unwrap_or_default();
        let mut names: Vec<String> =
            needs.iter().filter(|need| is_unnamed(need)).map(logical_name).collect();
        // Rules are beside their groups, under names that begin with the group's.
        let is_rule = |(_, resource): &(&String, &Value)| {
            resource["Type"].as_str().is_some_and(|kind| {
                ["AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress"].contains(&kind)
            })
        };
        names.extend(template.resources.iter().filter(is_rule).map(|(name, _)| name.clone()));
        names.sort();
        names
    }
}

impl Resource for AutoScalingGroup {
    const ID: &'static str = "auto-scaling-group";
    const NAME: &'static str = "auto scaling group";
    const FOLLOWS: Option<(Kind, &'static str)> = Some((
        Kind::of::<LaunchTemplate>(),
        "the instances are replaced by those of the new template",
    ));
    const QUOTAS: &'static [QuotaUse] = &[QuotaUse {
        quota: "auto-scaling-groups",
        what: "auto scaling groups",
        each: 1,
        counts_all: false,
    }];
    const GRANTS: &'static [Grants] = grants! {
        All [READ]: DescribeAutoScalingGroups, DescribeInstanceRefreshes, DescribeScalingActivities,
             DescribeTargetHealth, DescribeInstances, DescribeInstanceTypes, GetServiceQuota;
        All [READ_CONSOLE]: GetConsoleOutput;
        Apply [GROUP_NEW] "ec2:RunInstances" on RUN_NEW, "ec2:RunInstances" on RUN_OWN, "ec2:RunInstances" on RUN_WITH,
            "ec2:CreateTags" on TAG_NEW, "ssm:GetParameters" on READ_IMAGE, "iam:PassRole" on PASS_ROLE,
            "iam:CreateServiceLinkedRole" on LINKED_ROLE: CreateAutoScalingGroup;
        Apply [GROUP_OWN] "ec2:RunInstances" on RUN_NEW, "ec2:RunInstances" on RUN_OWN, "ec2:RunInstances" on RUN_WITH,
            "ssm:GetParameters" on READ_IMAGE, "iam:PassRole" on PASS_ROLE: UpdateAutoScalingGroup;
        Apply [GROUP_OWN]: AttachLoadBalancerTargetGroups, DetachLoadBalancerTargetGroups, CreateOrUpdateTags,
            DeleteScalingTags, StartInstanceRefresh;
        ApplyAndDestroy [GROUP_OWN]: DeleteAutoScalingGroup;
    };

    type Answer = Option<Answer>;

    fn desired(stack: &Stack<'_>) -> Vec<Wanted<Self>> {
        let spec = Self {
            name: stack.names.auto_scaling_group(),
            min: stack.aws.instances.into(),
            max: stack.aws.max_instances.into(),
            subnets: each_zone("subnet/internal").into(),
            target_groups: BTreeSet::from(["target-group".into()]),
            launch_template: "launch-template".into(),
            version: NEWEST.into(),
            health_check: "ELB".into(),
            grace_s: stack.aws.health_grace_s.into(),
        };
        // An instance installs its packages when it boots: without a route out, or with a closed group, it is never healthy. A
        // target group without a listener is checked by nobody.
        let mut wanted = Wanted::new("auto-scaling-group", spec)
            .needing(each_zone("route/internal"))
            .needing(["rules/cms", "rules/load-balancer", "listener/http"]);
        if stack.aws.certificate.is_some() {
            wanted = wanted.needing(["listener/https"]);
        }
        vec![wanted]
    }

    fn refs(&self) -> Vec<&Id> {
        self.subnets.iter().chain(&self.target_groups).chain([&self.launch_template]).collect()
    }

    async fn read(reader: &Reader<'_>) -> Self::Answer {
        let health = async {
            let group = target_group::read(reader).await?;
            let call = DescribeTargetHealth { target_group: group.arn };
            reader.find(call).await.as_ref().clone()
        };
        let (newest, group, health) =
            tokio::join!(launch_template::newest(reader), read(reader), health);
        Some(Answer { group: group?, newest, health: health.unwrap_or_default() })
    }

    fn find(answer: &Self::Answer, observation: &mut Observation<'_>) {
        let Some(Answer { group, newest, health }) = answer else { return };
        let (template, version) = group.launch_template.clone().unwrap_or_default();
        let spec = Self {
            name: group.name.clone(),
            min: group.min,
            max: group.max,
            subnets: observation.ids::<Subnet>(&group.subnets),
            target_groups: observation.ids::<TargetGroup>(&group.target_groups),
            launch_template: observation.id::<LaunchTemplate>(&template),
            version: shown_version(group, &version, *newest),
            health_check: group.health_check.clone(),
            grace_s: group.grace_s,
        };
        let healthy = healthy(group, health);
        let state = match &group.status {
            Some(status) => Readiness::Leaving(status.clone()),
            None if healthy < usize::try_from(group.min).unwrap_or_default() => {
                Readiness::Pending(format!("{healthy} of {} instances healthy", group.min))
            }
            None => Readiness::Ready,
        };
        let found = Found::new("auto-scaling-group", &group.name, spec, &group.tags);
        observation.keep_named(&group.name, found.in_state(state));
    }

    async fn ensure(&self, step: &StepContext<'_>) -> Result<(), CallError> {
        let is_new = step.existing().is_none();
        if is_new {
            self.create(step).await?;
        }
        step.run.remember(step.id(), &self.name);
        (step.made)();
        if !is_new {
            self.update(step).await?;
        }
        self.wait(step).await
    }

    async fn delete(step: &StepContext<'_>, name: &str) -> Result<(), CallError> {
        let call = DeleteAutoScalingGroup { name: name.to_owned(), force: true };
        match step.run.caller.delete(call).await {
            // There is none of the name.
            Err(CallError::Api(error)) if error.code == "ValidationError" => {}
            result => result?,
        }
        loop {
            let call = DescribeAutoScalingGroups { name: name.to_owned() };
            let Some(group) = step.run.first(call).await? else { return Ok(()) };
            let left = units::counted(group.instances.len(), "instance");
            step.pause(&format!("waiting for the end of {left}")).await?;
        }
    }

    async fn set_tags(step: &StepContext<'_>, name: &str) -> Result<(), CallError> {
        let name = || name.to_owned();
        step.change_tags(
            |tags| CreateOrUpdateTags { name: name(), tags },
            |names| DeleteScalingTags { name: name(), names },
        )
        .await
    }

    fn estimate(action: Action) -> Estimate {
        match action {
            Action::Create | Action::Replace | Action::Wait => Estimate::seconds(40, 100, 1500),
            // An instance refresh replaces the instances one after the other.
            Action::Update => Estimate::seconds(2, 400, 5400),
            Action::Delete => Estimate::seconds(50, 110, 1800),
            Action::None => Estimate::NOTHING,
        }
    }

    async fn check(
        &self,
        reader: &Reader<'_>,
        aws: &Aws,
        _: (Action, &[Difference]),
    ) -> Vec<Finding> {
        quota::check(self, reader, aws).await
    }

    async fn leftovers(reader: &Reader<'_>) -> Vec<Leftover> {
        let call = DescribeInstances { select: reader.of_stack(), page: None };
        let instances = reader.list(call).await;
        let running = instances.iter().filter(|instance| instance.state != "terminated");
        let words = |one: &model::Instance| format!("instance {} ({})", one.id, one.state);
        running.map(|instance| Leftover::new(words(instance))).collect()
    }

    /// Counts the fewest instances that the group may have, and their volumes.
    fn price(&self, topology: &Topology, bill: &mut Bill) {
        let Some(template) = topology.spec::<LaunchTemplate>(&self.launch_template) else { return };
        let LaunchTemplate { instance_type, volume, .. } = template;
        let (fewest, most) = (i64::from(self.min), i64::from(self.max));
        let hourly = price::instance(instance_type);
        let what = format!("{fewest} × {instance_type}");
        bill.line(Section::Compute, what, (fewest * HOURS, "hour"), hourly);
        let size = i64::from(volume.size_gib);
        let gib = (volume.kind == "gp3").then_some(VOLUME);
        let what = format!("{fewest} × {size} GiB of {}, their volumes", volume.kind);
        bill.line(Section::Compute, what, (fewest * size, "GiB"), gib);
        if most > fewest {
            let more = hourly.map(|price| {
                let both: Amount = [price.times(HOURS), VOLUME.times(size)].into_iter().sum();
                format!("; each further one adds {both} USD")
            });
            let more = more.unwrap_or_default();
            bill.notes.push(format!("{fewest} instances are counted, of at most {most}{more}."));
        }
    }

    fn detail(&self) -> String {
        let number = if self.min == self.max {
            self.min.to_string()
        } else {
            format!("{} to {}", self.min, self.max)
        };
        format!("{number} instances in {} subnets", self.subnets.len())
    }

    fn template(&self, id: &Id, template: &mut Template<'_>) {
        let tags = template.topology.tags_of(id);
        let tag = |(name, value)| json!({ "Key": name, "Value": value, "PropagateAtLaunch": true });
        let version = json!({
            "LaunchTemplateId": reference(&self.launch_template),
            "Version": attribute(&self.launch_template, "LatestVersionNumber"),
        });
        let properties = json!({
            "AutoScalingGroupName": self.name,
            "MinSize": self.min.to_string(),
            "MaxSize": self.max.to_string(),
            "VPCZoneIdentifier": references(&self.subnets),
            "TargetGroupARNs": references(&self.target_groups),
            "LaunchTemplate": version,
            "HealthCheckType": self.health_check,
            "HealthCheckGracePeriod": self.grace_s,
            "Tags": tags.iter().map(tag).collect::<Vec<Value>>(),
        });
        let first = Self::unnamed_needs(id, template);
        let kind = "AWS::AutoScaling::AutoScalingGroup";
        let group = template.add(&logical_name(id), kind, properties);
        group["DependsOn"] = json!(first);
        // As an instance refresh does: without it, a new template changes nothing that runs.
        let kept = if self.min < self.max { self.min } else { self.max - 1 };
        group["UpdatePolicy"] = json!({
            "AutoScalingRollingUpdate": { "MinInstancesInService": kept, "MaxBatchSize": 1 },
        });
    }
}
