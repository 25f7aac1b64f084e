//! The behaviour of an auto scaling group by itself: it looks at its instances, replaces, starts and ends them.

use super::ScalingGroupRecord;
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
pub(super) const VCPUS: DefaultQuota =
    DefaultQuota::new("vCPUs of running On-Demand Standard instances", 32, "VcpuLimitExceeded");
/// The activities of a group that are remembered.
const ACTIVITIES: usize = 20;

/// The vCPUs of an instance type, by its size: those of the families t3, m and c ("Amazon EC2 instance types").
fn vcpus(kind: &str) -> i64 {
    match kind.split_once('.').map_or("", |(_, size)| size) {
        "medium" if kind.starts_with('m') || kind.starts_with('c') => 1,
        "xlarge" => 4,
        size => size
            .strip_suffix("xlarge")
            .and_then(|times| times.parse::<i64>().ok())
            .map_or(2, |times| 4 * times),
    }
}

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
            self.start_one(&scaling.group);
        }
        for id in members.iter().skip(desired) {
            self.terminate(id);
        }
        let is_steady = members.len() == desired && self.is_healthy(&scaling.group);
        if scaling.refresh().is_some() {
            self.refresh_step(&scaling, is_steady);
        } else if is_steady && !scaling.is_going() {
            look(self, name, STEADY_TICK.time());
            return;
        }
        look(self, name, HEALTH_TICK.time());
    }

    /// In the zone with the fewest, of those that have room. A template that is gone or not fit starts none.
    fn start_one(&mut self, group: &AutoScalingGroup) {
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

    /// Replaces one old instance after the other, each once all are healthy.
    fn refresh_step(&mut self, scaling: &ScalingGroupRecord, is_steady: bool) {
        let Some((began, _)) = scaling.refresh() else { return };
        let name = &scaling.group.name;
        let machines = instance::all_of(self, name).filter(|(_, machine)| machine.is_member());
        let old: Vec<String> = machines
            .filter(|(_, machine)| machine.launched < *began)
            .map(|(id, _)| id.clone())
            .collect();
        let all = i32::max(scaling.group.desired, 1);
        let left = i32::try_from(old.len()).unwrap_or(all);
        let is_done = old.is_empty() && is_steady;
        let is_going = scaling.is_going();
        self.update::<ScalingGroupRecord>(name, |scaling| {
            let Some((_, refresh)) = scaling.refreshes.first_mut() else { return };
            refresh.percent = if is_done { 100 } else { (100 * (all - left) / all).clamp(0, 99) };
            refresh.status = match (is_going, is_done) {
                (true, _) => "Cancelled",
                (false, true) => "Successful",
                (false, false) => "InProgress",
            }
            .into();
        });
        if is_steady && let Some(id) = old.first() {
            self.terminate(id);
        }
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
