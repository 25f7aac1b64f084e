//! Instance refreshes: one old instance after the other is replaced.

use super::{INVALID, ScalingGroupRecord, behaviour};
use crate::kind::simulated::instance::{self, InstanceRecord};
use crate::kind::simulated::prelude::*;

/// A refresh, and what was ordered.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Refresh {
    began: Time,
    pub(super) shown: InstanceRefresh,
    template: Option<(String, String)>,
    /// One instance is started before another is ended.
    pub(super) is_started_first: bool,
}

impl ScalingGroupRecord {
    /// The refresh under way.
    pub(super) fn refresh(&self) -> Option<&Refresh> {
        let is_active = |status: &str| matches!(status, "Pending" | "InProgress" | "Cancelling");
        self.refreshes.first().filter(|refresh| is_active(&refresh.shown.status))
    }

    /// The group as it starts instances now: during a refresh, those that were ordered.
    pub(super) fn ordered(&self) -> AutoScalingGroup {
        let ordered = self.refresh().and_then(|refresh| refresh.template.clone());
        let launch_template = ordered.or_else(|| self.group.launch_template.clone());
        AutoScalingGroup { launch_template, ..self.group.clone() }
    }
}

impl World {
    pub(crate) fn start_instance_refresh(&mut self, call: StartInstanceRefresh) -> Answer<String> {
        if self.scaling(&call.name)?.refresh().is_some() {
            let message = "An Instance Refresh is already in progress and blocks the execution of this Instance Refresh.";
            return refuse("InstanceRefreshInProgress", message);
        }
        let RefreshOrder { template, most_percent } = call.order;
        if most_percent.is_some_and(|percent| !(100..=200).contains(&percent)) {
            let message = "MaxHealthyPercentage must be from 100 to 200, and at most 100 above MinHealthyPercentage.";
            return refuse(INVALID, message);
        }
        if let Some(template) = &template {
            let launch_template = Some(template.clone());
            let group = self.scaling(&call.name)?.group.clone();
            self.template_of(&AutoScalingGroup { launch_template, ..group })?;
        }
        let shown = InstanceRefresh {
            id: self.number(),
            status: "Pending".into(),
            percent: 0,
            reason: None,
            version: template.as_ref().map(|(_, version)| version.clone()),
        };
        let (id, is_started_first) = (shown.id.clone(), most_percent > Some(100));
        let refresh = Refresh { began: self.now, shown, template, is_started_first };
        self.change_scaling(&call.name, |scaling| scaling.refreshes.insert(0, refresh))?;
        behaviour::act(self, &call.name);
        Ok(id)
    }

    pub(crate) fn describe_instance_refreshes(
        &mut self,
        call: DescribeInstanceRefreshes,
    ) -> Answer<Vec<InstanceRefresh>> {
        let scaling = self.seen::<ScalingGroupRecord>(&call.name);
        let refreshes = scaling.into_iter().flat_map(|scaling| &scaling.refreshes);
        Ok(refreshes.map(|refresh| refresh.shown.clone()).collect())
    }

    pub(crate) fn cancel_instance_refresh(&mut self, call: CancelInstanceRefresh) -> Answer<()> {
        if self.scaling(&call.name)?.refresh().is_none() {
            let message = "No in progress or pending Instance Refresh found for Auto Scaling group";
            return refuse("ActiveInstanceRefreshNotFound", message);
        }
        self.change_scaling(&call.name, |scaling| {
            if let Some(refresh) = scaling.refreshes.first_mut() {
                refresh.shown.status = "Cancelling".into();
            }
        })?;
        behaviour::act(self, &call.name);
        Ok(())
    }

    /// Replaces one old instance after the other, each once all are healthy: it ends one, and another is started; or it starts one
    /// before.
    pub(super) fn refresh_step(
        &mut self,
        scaling: &ScalingGroupRecord,
        (is_steady, is_healthy): (bool, bool),
    ) {
        let Some(refresh) = scaling.refresh() else { return };
        let name = &scaling.group.name;
        let ordered = scaling.ordered();
        let version = self.template_of(&ordered).ok().map(|(version, _)| version);
        let machines = instance::all_of(self, name).filter(|(_, machine)| machine.is_member());
        // Instances that match what is ordered are skipped.
        let is_old = |machine: &InstanceRecord| {
            machine.launched < refresh.began && Some(machine.version) != version
        };
        let old: Vec<String> =
            machines.filter(|(_, machine)| is_old(machine)).map(|(id, _)| id.clone()).collect();
        let all = i32::max(scaling.group.desired, 1);
        let left = i32::try_from(old.len()).unwrap_or(all);
        let is_done = old.is_empty() && is_steady;
        let is_ended = scaling.is_going() || refresh.shown.status == "Cancelling";
        self.update::<ScalingGroupRecord>(name, |scaling| {
            let Some(refresh) = scaling.refreshes.first_mut() else { return };
            refresh.shown.percent =
                if is_done { 100 } else { (100 * (all - left) / all).clamp(0, 99) };
            refresh.shown.status = match (is_ended, is_done) {
                (true, _) => "Cancelled",
                (false, true) => "Successful",
                (false, false) => "InProgress",
            }
            .into();
            if is_done && !is_ended && refresh.template.is_some() {
                scaling.group.launch_template.clone_from(&refresh.template);
            }
        });
        let Some(id) = old.first().filter(|_| !is_ended && is_healthy) else { return };
        if refresh.is_started_first && is_steady {
            self.start_one(&ordered);
        } else if is_steady || refresh.is_started_first {
            self.terminate(id);
        }
    }
}
