use super::assumptions as assumed;
use super::instances::Machine;
use super::scaling::Scaling;
use super::store::Time;
use super::world::{Event, World};
use skyward_aws::model::{AutoScalingGroup, Subnet};

// What an auto scaling group does by itself.
impl World {
    /// The instances of a group that are not gone yet.
    pub(super) fn machines_of(&self, group: &str) -> impl Iterator<Item = (&String, &Machine)> {
        self.state.machines.with(&format!("group={group}"))
    }

    /// Lets a group act on a change.
    pub(super) fn group_acts(&mut self, name: &str) {
        let delay = self.sample(assumed::GROUP_START);
        self.look_at_group(name, delay);
    }

    /// Lets a group look at its instances then, if not before.
    pub(super) fn look_at_group(&mut self, name: &str, delay: Time) {
        let then = self.now + delay;
        if self.state.looks.get(name).is_none_or(|next| then < *next) {
            self.state.looks.insert(name.to_owned(), then);
            self.later(delay, Event::GroupLooks(name.to_owned()));
        }
    }

    /// A group looks at its instances: replaces what is unhealthy, and starts or ends what is missing or too many.
    pub(super) fn group_looks(&mut self, name: &str) {
        if self.state.looks.get(name) != Some(&self.now) {
            return;
        }
        self.state.looks.remove(name);
        let Some(scaling) = self.state.scaling.get(name).cloned() else { return };
        if scaling.is_going() && self.machines_of(name).next().is_none() {
            self.state.scaling.remove(self.moment(), name);
            return;
        }
        self.end_unhealthy(&scaling.group);
        let members: Vec<String> = self
            .machines_of(name)
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
            self.look_at_group(name, assumed::STEADY_TICK.time());
            return;
        }
        self.look_at_group(name, assumed::HEALTH_TICK.time());
    }

    /// In the zone with the fewest, of those that have room. A template that is gone or not fit starts none.
    fn start_one(&mut self, group: &AutoScalingGroup) {
        let Ok((version, data)) = self.template_of(group) else { return };
        let has_room = |subnet: &&Subnet| {
            let letter = subnet.zone.chars().last();
            self.settings.zones.iter().any(|zone| Some(zone.letter) == letter && zone.has_capacity)
        };
        let subnets =
            group.subnets.iter().filter_map(|id| self.state.subnets.get(id)).filter(has_room);
        let count = |subnet: &&Subnet| {
            let machines = self.machines_of(&group.name);
            machines
                .filter(|(_, machine)| machine.is_member() && machine.subnet == subnet.id)
                .count()
        };
        let Some(subnet) = subnets.min_by_key(count).cloned() else { return };
        self.launch(&group.name, &subnet, version, data);
    }

    /// Replaces one old instance after the other, each once all are healthy.
    fn refresh_step(&mut self, scaling: &Scaling, is_steady: bool) {
        let Some((began, _)) = scaling.refresh() else { return };
        let name = &scaling.group.name;
        let machines = self.machines_of(name).filter(|(_, machine)| machine.is_member());
        let old: Vec<String> = machines
            .filter(|(_, machine)| machine.launched < *began)
            .map(|(id, _)| id.clone())
            .collect();
        let all = i32::max(scaling.group.desired, 1);
        let left = i32::try_from(old.len()).unwrap_or(all);
        let is_done = old.is_empty() && is_steady;
        let is_going = scaling.is_going();
        self.state.scaling.update(self.moment(), name, |scaling| {
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
}
