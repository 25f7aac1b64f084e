use serde::{Deserialize, Serialize};

use super::instances::Machine;
use super::store::Time;
use super::world::{Answer, World, find};
use skyward_aws::DescribeTargetHealth;
use skyward_aws::model::{AutoScalingGroup, ListenerAction, RouteTarget, TargetHealth};

/// How an instance does as a target: what its health checks say, and since when they say so.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Target {
    answers: bool,
    since: Time,
    state: TargetState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum TargetState {
    Initial,
    Healthy,
    Unhealthy,
}

/// Whether a status is one of those that count as healthy: `200`, `200,301`, `200-299`.
fn matches(matcher: &str, status: u16) -> bool {
    matcher.split(',').any(|part| match part.split_once('-') {
        Some((first, last)) => {
            first.parse().is_ok_and(|first: u16| first <= status)
                && last.parse().is_ok_and(|last: u16| status <= last)
        }
        None => part.parse() == Ok(status),
    })
}

impl World {
    /// What the health check of a target group hears from an instance; or why it is not asked at all.
    fn check(
        &self,
        arn: &str,
        machine: &Machine,
    ) -> Result<Result<(), &'static str>, (&'static str, &'static str)> {
        let not_used = Err(("unused", "Target.NotInUse"));
        let Some(targets) = self.state.target_groups.get(arn) else { return not_used };
        let Some((_, port)) = self.state.listeners.with(&format!("target={arn}")).next() else {
            return not_used;
        };
        let Some(balancer) = self.state.balancers.get(&port.listener.load_balancer) else {
            return not_used;
        };
        let balancer = &balancer.shown;
        let mut zones = balancer.subnets.iter().filter_map(|id| self.state.subnets.get(id));
        if !zones.any(|subnet| subnet.zone == machine.instance.zone) {
            return not_used;
        }
        if balancer.state != "active" {
            return Err(("initial", "Elb.RegistrationInProgress"));
        }
        let check = &targets.group.health_check;
        let is_open = self.is_open(
            &balancer.security_groups,
            &machine.data.security_groups,
            targets.group.port,
        );
        Ok(match machine.site.as_ref().filter(|_| is_open && targets.group.port == 80) {
            None => Err("Target.Timeout"),
            Some(site) if matches(&check.matcher, site.get(&check.path).0) => Ok(()),
            Some(_) => Err("Target.ResponseCodeMismatch"),
        })
    }

    /// How an instance does as a target, now.
    fn health(&mut self, arn: &str, id: &str) -> TargetHealth {
        let health = |state: &str, reason: Option<&str>| TargetHealth {
            target: id.to_owned(),
            state: state.to_owned(),
            reason: reason.map(ToOwned::to_owned),
        };
        let Some(machine) = self.state.machines.get(id) else { return health("unused", None) };
        if machine.lifecycle == "Terminating" {
            return health("draining", Some("Target.DeregistrationInProgress"));
        }
        let checked = self.check(arn, machine);
        let key = (id.to_owned(), arn.to_owned());
        let heard = match checked {
            Ok(heard) => heard,
            Err((state, reason)) => {
                // Whoever is not asked has not answered: it begins anew.
                self.state.targets.remove(&key);
                return health(state, Some(reason));
            }
        };
        let group =
            self.state.target_groups.get(arn).map(|targets| targets.group.health_check.clone());
        let check = group.expect("it was checked");
        let new = Target { answers: heard.is_ok(), since: self.now, state: TargetState::Initial };
        let now = self.now;
        let target = self.state.targets.entry(key).or_insert(new);
        if target.answers != heard.is_ok() {
            (target.answers, target.since) = (heard.is_ok(), now);
        }
        let times = if heard.is_ok() { check.healthy } else { check.unhealthy };
        let asked = Time::from_secs(u64::try_from(times * check.interval_s).unwrap_or(0));
        if now >= target.since + asked {
            target.state =
                if heard.is_ok() { TargetState::Healthy } else { TargetState::Unhealthy };
        }
        match (target.state, heard) {
            (TargetState::Initial, _) => health("initial", Some("Elb.InitialHealthChecking")),
            (TargetState::Healthy, _) => health("healthy", None),
            (TargetState::Unhealthy, heard) => {
                health("unhealthy", Some(heard.err().unwrap_or("Target.FailedHealthChecks")))
            }
        }
    }

    pub(super) fn describe_target_health(
        &mut self,
        call: DescribeTargetHealth,
    ) -> Answer<Vec<TargetHealth>> {
        find(&self.state.target_groups, &call.target_group, self.view, "TargetGroupNotFound")?;
        let groups = self.state.scaling.with(&format!("target={}", call.target_group));
        let groups: Vec<String> = groups.map(|(name, _)| name.clone()).collect();
        let mut all = Vec::new();
        for group in groups {
            let ids: Vec<String> = self
                .machines_of(&group)
                .filter(|(_, machine)| {
                    machine.running.is_some() && machine.instance.state == "running"
                })
                .map(|(id, _)| id.clone())
                .collect();
            all.extend(ids.iter().map(|id| self.health(&call.target_group, id)));
        }
        Ok(all)
    }

    pub(super) fn forget_targets_of(&mut self, id: &str) {
        let from = (id.to_owned(), String::new());
        let keys = self.state.targets.range(from..).map(|(key, _)| key);
        let keys: Vec<_> = keys.take_while(|key| key.0 == id).cloned().collect();
        for key in keys {
            self.state.targets.remove(&key);
        }
    }

    /// Ends the instances of a group that are not healthy, after their time of grace.
    pub(super) fn end_unhealthy(&mut self, group: &AutoScalingGroup) {
        let grace = Time::from_secs(u64::try_from(group.grace_s).unwrap_or(0));
        let running: Vec<(String, Time)> = self
            .machines_of(&group.name)
            .filter(|(_, machine)| machine.is_member())
            .filter_map(|(id, machine)| Some((id.clone(), machine.running?)))
            .collect();
        for (id, since) in running {
            let mut is_unhealthy = false;
            for arn in &group.target_groups {
                is_unhealthy |= self.health(arn, &id).state == "unhealthy";
            }
            if is_unhealthy && group.health_check == "ELB" && self.now >= since + grace {
                self.state
                    .machines
                    .update(self.moment(), &id, |machine| machine.health = "Unhealthy".into());
                self.terminate(&id);
            }
        }
    }

    /// Whether all instances of a group are in service, and healthy in all its target groups that ask them.
    pub(super) fn is_healthy(&mut self, group: &AutoScalingGroup) -> bool {
        let machines: Vec<(String, bool)> = self
            .machines_of(&group.name)
            .map(|(id, machine)| (id.clone(), machine.lifecycle == "InService"))
            .collect();
        machines.iter().all(|(id, is_in_service)| {
            let is_good = |state: &str| matches!(state, "healthy" | "unused");
            *is_in_service
                && group.target_groups.iter().all(|arn| is_good(&self.health(arn, id).state))
        })
    }

    /// Ends an instance as a broken machine does: its group finds out when it looks.
    pub(super) fn break_instance(&mut self, id: &str) -> bool {
        let group = self.state.machines.get(id).map(|machine| machine.group.clone());
        self.terminate(id);
        if let Some(group) = &group {
            self.look_at_group(group, Time::from_secs(5));
        }
        group.is_some()
    }

    /// What a load balancer answers to a visitor.
    pub(super) fn web_page(&mut self, dns_name: &str) -> Option<String> {
        let (arn, record) = self.state.balancers.with(&format!("dns={dns_name}")).next()?;
        let (arn, balancer) = (arn.clone(), record.shown.clone());
        let is_reached = balancer.state == "active"
            && balancer.subnets.iter().any(|subnet| {
                matches!(self.way_out(&balancer.vpc, subnet), Some(RouteTarget::InternetGateway(_)))
            });
        let target =
            is_reached.then(|| self.forward(&arn, &balancer.security_groups, 80)).flatten()?;
        let groups = self.state.scaling.with(&format!("target={target}"));
        let groups: Vec<String> = groups.map(|(name, _)| name.clone()).collect();
        let ids: Vec<String> = groups
            .iter()
            .flat_map(|group| self.machines_of(group))
            .filter(|(_, machine)| machine.is_member())
            .map(|(id, _)| id.clone())
            .collect();
        let healthy = ids.iter().find(|id| self.health(&target, id).state == "healthy")?;
        let site = self.state.machines.get(healthy)?.site.as_ref()?;
        Some(site.get("/").1)
    }

    /// The target group behind a port that is open to anyone; where the port leads to another, behind that one.
    fn forward(
        &self,
        balancer: &str,
        groups: &std::collections::BTreeSet<String>,
        port: i32,
    ) -> Option<String> {
        let mut listeners = self.state.listeners.with(&format!("balancer={balancer}"));
        let (_, listener) = listeners.find(|(_, other)| other.listener.port == port)?;
        if !self.is_public(groups, port) {
            return None;
        }
        match &listener.listener.action {
            ListenerAction::Forward(target) => Some(target.clone()),
            ListenerAction::RedirectToHttps(other) if *other != port => {
                self.forward(balancer, groups, *other)
            }
            _ => None,
        }
    }
}
