//! The behaviour of an auto scaling group by itself: it looks at its instances, replaces, starts and ends them.

use super::ScalingGroupRecord;
use crate::kind::simulated::account::vcpus;
use crate::kind::simulated::instance::InstanceRecord;
use crate::kind::simulated::prelude::*;
use crate::kind::simulated::{instance, target_health};

pub(super) const START: Assumption =
    seconds("auto scaling group: until it acts on a change", 2.0, 10.0, Unverified);
pub(super) const HEALTH_TICK: Assumption =
    seconds("auto scaling group: looks at its instances every", 5.0, 5.0, Unverified);
pub(super) const STEADY_TICK: Assumption =
    seconds("the same while all are healthy", 30.0, 30.0, Unverified);
pub(super) const LOOKS: Event =
    Event::new("auto scaling group looks", World::group_looks).earliest_only();

/// The quota of instances, which counts their vCPUs: "Running On-Demand Standard instances". New accounts have less at times.
pub(crate) const VCPUS: DefaultQuota =
    DefaultQuota::new("vCPUs of running On-Demand Standard instances", 32, "VcpuLimitExceeded");
/// The activities of a group that are remembered.
const ACTIVITIES: usize = 20;

/// Lets a group act on a change.
pub(super) fn act(world: &mut World, name: &str) {
    let delay = world.sample(START);
    look(world, name, delay);
}

/// Lets a group look at its instances then, if not before.
pub(crate) fn look(world: &mut World, name: &str, delay: Time) {
    world.later(delay, LOOKS, name);
}

impl World {
    /// A group looks at its instances: replaces what is unhealthy, and starts or ends what is missing or too many.
    pub(crate) fn group_looks(&mut self, name: &str) {
        let Some(scaling) = self.get::<ScalingGroupRecord>(name).cloned() else { return };
        if scaling.is_going() && instance::all_of(self, name).next().is_none() {
            self.remove::<ScalingGroupRecord>(name);
            return;
        }
        self.end_unhealthy(&scaling.group);
        let members: Vec<String> = instance::all_of(self, name)
            .filter(|(_, machine)| machine.is_member())
            .map(|(id, _)| id.clone())
            .collect();
        let desired = usize::try_from(scaling.group.desired).unwrap_or(0);
        for _ in members.len()..desired {
            self.start_one(&scaling.ordered());
        }
        let refresh = scaling.refresh();
        let has_more = refresh.is_some_and(|refresh| {
            refresh.is_started_first && refresh.shown.status != "Cancelling"
        });
        if !has_more {
            for id in self.by_age(&members).iter().take(members.len().saturating_sub(desired)) {
                self.terminate(id);
            }
        }
        let is_healthy = members.len() >= desired && self.is_healthy(&scaling.group);
        let is_steady = members.len() == desired && is_healthy;
        if refresh.is_some() {
            self.refresh_step(&scaling, (is_steady, is_healthy));
        } else if is_steady && !scaling.is_going() {
            look(self, name, STEADY_TICK.time());
            return;
        }
        look(self, name, HEALTH_TICK.time());
    }

    /// Those that end first, first: AWS's default policy takes the ones of the oldest version of the launch template.
    fn by_age(&self, members: &[String]) -> Vec<String> {
        let mut ids = members.to_vec();
        ids.sort_by_key(|id| self.get::<InstanceRecord>(id).map(|machine| machine.version));
        ids
    }

    /// In the zone with the fewest, of those that have room. A template that is gone or not fit starts none.
    pub(super) fn start_one(&mut self, group: &AutoScalingGroup) {
        let (status, message) = match self.try_start(group) {
            Ok(()) => ("Successful", None),
            Err(why) => ("Failed", Some(format!("{why} Launching EC2 instance failed."))),
        };
        let activity = ScalingActivity {
            status: status.into(),
            description: "Launching a new EC2 instance".into(),
            message,
        };
        self.update::<ScalingGroupRecord>(&group.name, |scaling| {
            scaling.activities.insert(0, activity);
            scaling.activities.truncate(ACTIVITIES);
        });
    }

    fn try_start(&mut self, group: &AutoScalingGroup) -> Result<(), String> {
        let (version, data) = self.template_of(group).map_err(|refusal| refusal.message)?;
        let limit = self.most(&VCPUS);
        if self.vcpus() + vcpus(&data.instance_type) > limit {
            return Err(format!(
                "You have requested more vCPU capacity than your current vCPU limit of {limit} allows for the instance bucket that \
                 the specified instance type belongs to."
            ));
        }
        let has_room = |subnet: &&Subnet| {
            let letter = subnet.zone.chars().last();
            self.settings.zones.iter().any(|zone| Some(zone.letter) == letter && zone.has_capacity)
        };
        let subnets = group.subnets.iter().filter_map(|id| self.get::<Subnet>(id)).filter(has_room);
        let count = |subnet: &&Subnet| {
            let machines = instance::all_of(self, &group.name);
            machines
                .filter(|(_, machine)| machine.is_member() && machine.subnet == subnet.id)
                .count()
        };
        let Some(subnet) = subnets.min_by_key(count).cloned() else {
            let kind = &data.instance_type;
            return Err(format!(
                "We currently do not have sufficient {kind} capacity in the Availability Zone you requested."
            ));
        };
        self.launch(&group.name, &subnet, version, data);
        Ok(())
    }

    /// The vCPUs of all instances that are not on their way out.
    fn vcpus(&self) -> i64 {
        let machines = self.all::<InstanceRecord>().filter(|machine| machine.is_member());
        machines.map(|machine| vcpus(&machine.data.instance_type)).sum()
    }

    /// Ends the instances of a group that are not healthy, after their time of grace.
    pub(crate) fn end_unhealthy(&mut self, group: &AutoScalingGroup) {
        let grace = Time::from_secs(u64::try_from(group.grace_s).unwrap_or(0));
        let running: Vec<(String, Time)> = instance::all_of(self, &group.name)
            .filter(|(_, machine)| machine.is_member())
            .filter_map(|(id, machine)| Some((id.clone(), machine.running?)))
            .collect();
        for (id, since) in running {
            let mut is_unhealthy = false;
            for arn in &group.target_groups {
                is_unhealthy |= target_health::of(self, arn, &id).state == "unhealthy";
            }
            if is_unhealthy && group.health_check == "ELB" && self.now >= since + grace {
                self.update::<InstanceRecord>(&id, |machine| machine.health = "Unhealthy".into());
                self.terminate(&id);
            }
        }
    }

    /// Tells whether all instances of a group are in service, and healthy in all its target groups that ask them.
    pub(crate) fn is_healthy(&mut self, group: &AutoScalingGroup) -> bool {
        let machines: Vec<(String, bool)> = instance::all_of(self, &group.name)
            .map(|(id, machine)| (id.clone(), machine.lifecycle == "InService"))
            .collect();
        machines.iter().all(|(id, is_in_service)| {
            let is_good = |state: &str| matches!(state, "healthy" | "unused");
            *is_in_service
                && group
                    .target_groups
                    .iter()
                    .all(|arn| is_good(&target_health::of(self, arn, id).state))
        })
    }
}
