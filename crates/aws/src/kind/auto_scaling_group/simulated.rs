//! Auto scaling groups with their policies. Their behaviour by itself, and their instance refreshes, are in the submodules.

mod behaviour;
mod refresh;

use crate::kind::simulated::instance::{self, InstanceRecord};
use crate::kind::simulated::instance_profile::InstanceProfileRecord;
use crate::kind::simulated::launch_template::LaunchTemplateRecord;
use crate::kind::simulated::prelude::*;
use crate::kind::simulated::role;
use crate::kind::simulated::target_group::TargetGroupRecord;

pub(crate) use behaviour::{VCPUS, look};
use refresh::Refresh;

/// An auto scaling group. Its instances say themselves where they belong.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ScalingGroupRecord {
    pub(crate) group: AutoScalingGroup,
    policies: BTreeMap<String, ScalingPolicy>,
    /// Newest first.
    refreshes: Vec<Refresh>,
    /// Newest first.
    #[serde(default)]
    activities: Vec<ScalingActivity>,
}

impl ScalingGroupRecord {
    fn is_going(&self) -> bool {
        self.group.status.is_some()
    }
}

const QUOTA: DefaultQuota = DefaultQuota::new("auto scaling groups", 500, "LimitExceeded");
/// `ServiceLinkedRoleFailure` of Auto Scaling's reference.
const NO_ROLE: (&str, &str) =
    ("ServiceLinkedRoleFailure", "The service-linked role is not yet ready for use.");
/// AWS's code for nearly everything that is wrong with a request to Auto Scaling.
const INVALID: &str = "ValidationError";

impl Kind for ScalingGroupRecord {
    const NAME: &'static str = "auto-scaling-group";
    const MISSING: &'static str = INVALID;
    const EVENTS: &'static [Event] = &[behaviour::LOOKS];
    const ASSUMPTIONS: &'static [Assumption] =
        &[behaviour::START, behaviour::HEALTH_TICK, behaviour::STEADY_TICK];
    const QUOTAS: &'static [DefaultQuota] = &[QUOTA, behaviour::VCPUS];
    const RULES: &'static [Behaviour] =
        &[("A forced deletion of an auto scaling group still drains its targets", Logs)];

    tags!(group.tags);

    fn keys(&self) -> Vec<String> {
        self.group.target_groups.iter().map(|arn| format!("target={arn}")).collect()
    }

    fn state(&self) -> String {
        self.group.status.clone().unwrap_or_default()
    }

    fn tie(&self, _key: &str) -> Tie {
        Tie::Ignores
    }
}

impl World {
    pub(crate) fn describe_auto_scaling_account_limits(
        &mut self,
        _: DescribeAutoScalingAccountLimits,
    ) -> Answer<Vec<Quota>> {
        let used = self.count::<ScalingGroupRecord>();
        Ok(vec![self.quota_as("auto-scaling-groups", &QUOTA, Some(used))])
    }

    /// A group that takes changes. Auto Scaling knows its groups at once, only its lists are late.
    fn scaling(&self, name: &str) -> Answer<&ScalingGroupRecord> {
        match self.get::<ScalingGroupRecord>(name) {
            Some(scaling) if !scaling.is_going() => Ok(scaling),
            Some(_) => refuse(
                "ScalingActivityInProgress",
                format!("AutoScalingGroup {name} is pending delete"),
            ),
            None => refuse(
                INVALID,
                format!("AutoScalingGroup name not found - AutoScalingGroup '{name}' not found"),
            ),
        }
    }

    fn change_scaling(
        &mut self,
        name: &str,
        change: impl FnOnce(&mut ScalingGroupRecord),
    ) -> Answer<()> {
        self.scaling(name)?;
        self.update::<ScalingGroupRecord>(name, change);
        Ok(())
    }

    /// The launch template of new instances; refused while the instance profile is too young.
    pub(crate) fn template_of(
        &self,
        group: &AutoScalingGroup,
    ) -> Answer<(i64, LaunchTemplateData)> {
        let prefix = "You must use a valid fully-formed launch template.";
        let Some((id, version)) = &group.launch_template else {
            return refuse(INVALID, "Valid requests must contain a launch template.");
        };
        let found =
            self.get::<LaunchTemplateRecord>(id).and_then(|template| template.version(version));
        let Some((version, data)) = found else {
            return refuse(
                INVALID,
                format!(
                    "{prefix} The specified launch template, with template ID {id}, does not exist."
                ),
            );
        };
        let profile = &data.instance_profile;
        if !profile.is_empty() && !InstanceProfileRecord::is_known(self, profile) {
            let message = format!(
                "{prefix} Value ({profile}) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name"
            );
            return refuse(INVALID, message);
        }
        if let Some(group) =
            data.security_groups.iter().find(|id| self.get::<SecurityGroup>(id).is_none())
        {
            return refuse(
                INVALID,
                format!("{prefix} The security group '{group}' does not exist"),
            );
        }
        Ok((version, data.clone()))
    }

    fn check_group(&self, group: &AutoScalingGroup) -> Answer<()> {
        self.template_of(group)?;
        if let Some(missing) = group.subnets.iter().find(|id| self.get::<Subnet>(id).is_none()) {
            return refuse(INVALID, format!("The subnet ID '{missing}' does not exist"));
        }
        if group.subnets.is_empty() {
            return refuse(INVALID, "At least one Availability Zone or VPC Subnet is required.");
        }
        if group.min > group.desired || group.desired > group.max {
            return refuse(
                INVALID,
                "Desired capacity must be between the specified min size and max size",
            );
        }
        Ok(())
    }

    fn check_targets(&self, targets: &BTreeSet<String>) -> Answer<()> {
        match targets.iter().find(|arn| self.get::<TargetGroupRecord>(arn).is_none()) {
            Some(arn) => refuse(
                INVALID,
                format!("Provided Target Groups may not be valid. Please ensure they exist: {arn}"),
            ),
            None => Ok(()),
        }
    }

    pub(crate) fn create_auto_scaling_group(&mut self, call: CreateAutoScalingGroup) -> Answer<()> {
        let mut group = call.group;
        role::linked(self, "autoscaling", NO_ROLE)?;
        if let Some(other) = self.get::<ScalingGroupRecord>(&group.name) {
            let end = if other.is_going() { " and is pending delete" } else { "" };
            let message = format!(
                "AutoScalingGroup by this name already exists - A group with the name {} already exists{end}",
                group.name
            );
            return refuse("AlreadyExists", message);
        }
        self.check_group(&group)?;
        self.check_targets(&group.target_groups)?;
        self.room(&QUOTA, self.count::<ScalingGroupRecord>())?;
        (group.status, group.instances) = (None, Vec::new());
        let name = group.name.clone();
        let scaling = ScalingGroupRecord {
            group,
            policies: BTreeMap::new(),
            refreshes: Vec::new(),
            activities: Vec::new(),
        };
        self.put(&name, scaling);
        behaviour::act(self, &name);
        Ok(())
    }

    pub(crate) fn describe_auto_scaling_groups(
        &mut self,
        call: DescribeAutoScalingGroups,
    ) -> Answer<Vec<AutoScalingGroup>> {
        let Some(scaling) = self.seen::<ScalingGroupRecord>(&call.name) else {
            return Ok(Vec::new());
        };
        let mut group = scaling.group.clone();
        let machines = self.seen_with::<InstanceRecord>(&format!("scaling-group={}", call.name));
        group.instances = machines.filter_map(|(_, machine)| machine.in_group()).collect();
        Ok(vec![group])
    }

    /// Target groups and tags have operations of their own.
    pub(crate) fn update_auto_scaling_group(&mut self, call: UpdateAutoScalingGroup) -> Answer<()> {
        let new = call.group;
        let name = new.name.clone();
        self.scaling(&name)?;
        self.check_group(&new)?;
        self.change_scaling(&name, |scaling| {
            let old = &mut scaling.group;
            (old.min, old.max, old.desired) = (new.min, new.max, new.desired);
            (old.subnets, old.launch_template) = (new.subnets, new.launch_template);
            (old.health_check, old.grace_s) = (new.health_check, new.grace_s);
        })?;
        behaviour::act(self, &name);
        Ok(())
    }

    pub(crate) fn delete_auto_scaling_group(&mut self, call: DeleteAutoScalingGroup) -> Answer<()> {
        let Some(scaling) = self.get::<ScalingGroupRecord>(&call.name) else {
            return refuse(INVALID, "AutoScalingGroup name not found - null");
        };
        if scaling.is_going() {
            return Ok(());
        }
        let machines: Vec<(String, String)> = instance::all_of(self, &call.name)
            .map(|(id, machine)| (id.clone(), machine.lifecycle.clone()))
            .collect();
        if !call.force && !machines.is_empty() {
            if machines.iter().all(|(_, lifecycle)| lifecycle == "InService") {
                let message = "You cannot delete an AutoScalingGroup while there are instances still in the group.";
                return refuse("ResourceInUse", message);
            }
            let message = "You cannot delete an AutoScalingGroup while there are scaling activities in progress for that group.";
            return refuse("ScalingActivityInProgress", message);
        }
        self.update::<ScalingGroupRecord>(&call.name, |scaling| {
            scaling.group.status = Some("Delete in progress".into());
            (scaling.group.min, scaling.group.desired) = (0, 0);
        });
        behaviour::act(self, &call.name);
        Ok(())
    }

    pub(crate) fn attach_load_balancer_target_groups(
        &mut self,
        call: AttachLoadBalancerTargetGroups,
    ) -> Answer<()> {
        self.check_targets(&call.target_groups)?;
        self.change_scaling(&call.name, |scaling| {
            scaling.group.target_groups.extend(call.target_groups);
        })
    }

    pub(crate) fn detach_load_balancer_target_groups(
        &mut self,
        call: DetachLoadBalancerTargetGroups,
    ) -> Answer<()> {
        self.change_scaling(&call.name, |scaling| {
            scaling.group.target_groups.retain(|arn| !call.target_groups.contains(arn));
        })
    }

    pub(crate) fn create_or_update_tags(&mut self, call: CreateOrUpdateTags) -> Answer<()> {
        self.change_scaling(&call.name, |scaling| scaling.group.tags.extend(call.tags))
    }

    pub(crate) fn delete_scaling_tags(&mut self, call: DeleteScalingTags) -> Answer<()> {
        self.change_scaling(&call.name, |scaling| {
            scaling.group.tags.retain(|name, _| !call.names.contains(name));
        })
    }

    pub(crate) fn put_scaling_policy(&mut self, call: PutScalingPolicy) -> Answer<()> {
        let policy = ScalingPolicy { name: call.policy.clone(), target_cpu: Some(call.target_cpu) };
        self.change_scaling(&call.name, |scaling| {
            scaling.policies.insert(call.policy, policy);
        })
    }

    pub(crate) fn describe_policies(
        &mut self,
        call: DescribePolicies,
    ) -> Answer<Vec<ScalingPolicy>> {
        let scaling = self.seen::<ScalingGroupRecord>(&call.name);
        Ok(scaling.map(|scaling| scaling.policies.values().cloned().collect()).unwrap_or_default())
    }

    pub(crate) fn delete_policy(&mut self, call: DeletePolicy) -> Answer<()> {
        if !self.scaling(&call.name)?.policies.contains_key(&call.policy) {
            return refuse(INVALID, format!("Policy name not found: {}", call.policy));
        }
        self.change_scaling(&call.name, |scaling| {
            scaling.policies.remove(&call.policy);
        })
    }

    pub(crate) fn describe_scaling_activities(
        &mut self,
        call: DescribeScalingActivities,
    ) -> Answer<Vec<ScalingActivity>> {
        let scaling = self.seen::<ScalingGroupRecord>(&call.name);
        Ok(scaling.map(|scaling| scaling.activities.clone()).unwrap_or_default())
    }

    pub(crate) fn terminate_instance_in_auto_scaling_group(
        &mut self,
        call: TerminateInstanceInAutoScalingGroup,
    ) -> Answer<()> {
        let machine = self.get::<InstanceRecord>(&call.instance);
        let Some(machine) = machine.filter(|one| one.in_group().is_some()) else {
            let message = format!(
                "Instance Id not found - No managed instance found for instance ID: {}",
                call.instance
            );
            return refuse(INVALID, message);
        };
        let group = machine.group.clone();
        self.terminate(&call.instance);
        behaviour::act(self, &group);
        Ok(())
    }
}
