//! The health of instances as targets: the results of their health checks, and since when.

use crate::kind::simulated::auto_scaling_group::ScalingGroupRecord;
use crate::kind::simulated::instance::{self, InstanceRecord};
use crate::kind::simulated::listener::ListenerRecord;
use crate::kind::simulated::load_balancer::LoadBalancerRecord;
use crate::kind::simulated::prelude::*;
use crate::kind::simulated::security_group;
use crate::kind::simulated::target_group::TargetGroupRecord;

/// An instance as a target of a target group, by the ids of both.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct TargetRecord {
    instance: String,
    answers: bool,
    since: Time,
    state: TargetState,
    tags: Tags,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum TargetState {
    Initial,
    Healthy,
    Unhealthy,
}

impl Kind for TargetRecord {
    const NAME: &'static str = "target";
    const MISSING: &'static str = "InvalidTarget";

    tags!(tags);

    fn keys(&self) -> Vec<String> {
        vec![format!("instance={}", self.instance)]
    }

    fn is_hidden(&self) -> bool {
        // It is a matter of its target group.
        true
    }
}

/// Tells whether a status is one of those that count as healthy: `200`, `200,301`, `200-299`.
fn matches(matcher: &str, status: u16) -> bool {
    matcher.split(',').any(|part| match part.split_once('-') {
        Some((first, last)) => {
            first.parse().is_ok_and(|first: u16| first <= status)
                && last.parse().is_ok_and(|last: u16| status <= last)
        }
        None => part.parse() == Ok(status),
    })
}

/// The result of a health check: nothing wrong, or the reason why the target counts as unhealthy.
type Heard = Result<(), &'static str>;

/// Checks an instance as a target group does; fails with the state and the reason where the instance is not checked at all.
fn check(
    world: &World,
    arn: &str,
    instance: &InstanceRecord,
) -> Result<Heard, (&'static str, &'static str)> {
    let not_used = Err(("unused", "Target.NotInUse"));
    let Some(targets) = world.get::<TargetGroupRecord>(arn) else { return not_used };
    let Some((_, port)) = world.with::<ListenerRecord>(&format!("target={arn}")).next() else {
        return not_used;
    };
    let Some(balancer) = world.get::<LoadBalancerRecord>(&port.listener.load_balancer) else {
        return not_used;
    };
    let balancer = &balancer.shown;
    let mut zones = balancer.subnets.iter().filter_map(|id| world.get::<Subnet>(id));
    if !zones.any(|subnet| subnet.zone == instance.instance.zone) {
        return not_used;
    }
    if balancer.state != "active" {
        return Err(("initial", "Elb.RegistrationInProgress"));
    }
    let check = &targets.group.health_check;
    let port = check.port.unwrap_or(targets.group.port);
    let (from, to) = (&balancer.security_groups, &instance.data.security_groups);
    let is_open = security_group::is_open(world, from, to, port);
    Ok(match instance.page.as_ref().filter(|page| is_open && page.is_on(port)) {
        None => Err("Target.Timeout"),
        Some(page) if matches(&check.matcher, page.get(&check.path).0) => Ok(()),
        Some(_) => Err("Target.ResponseCodeMismatch"),
    })
}

/// The health of an instance as a target of a target group, now.
pub(crate) fn of(world: &mut World, arn: &str, id: &str) -> TargetHealth {
    let health = |state: &str, reason: Option<&str>| TargetHealth {
        target: id.to_owned(),
        state: state.to_owned(),
        reason: reason.map(ToOwned::to_owned),
    };
    let Some(instance) = world.get::<InstanceRecord>(id) else { return health("unused", None) };
    if instance.lifecycle == "Terminating" {
        return health("draining", Some("Target.DeregistrationInProgress"));
    }
    let key = format!("{id} {arn}");
    let heard = match check(world, arn, instance) {
        Ok(heard) => heard,
        Err((state, reason)) => {
            // One that is not asked has not answered: its checks begin again.
            world.remove::<TargetRecord>(&key);
            return health(state, Some(reason));
        }
    };
    let answers = heard.is_ok();
    let old = world.get::<TargetRecord>(&key).cloned();
    let mut target = old.clone().unwrap_or_else(|| TargetRecord {
        instance: id.to_owned(),
        answers,
        since: world.now,
        state: TargetState::Initial,
        tags: Tags::new(),
    });
    if target.answers != answers {
        (target.answers, target.since) = (answers, world.now);
    }
    let group = world.get::<TargetGroupRecord>(arn).expect("it was checked");
    let check = &group.group.health_check;
    let times = if answers { check.healthy } else { check.unhealthy };
    let asked = Time::from_secs(u64::try_from(times * check.interval_s).unwrap_or(0));
    if world.now >= target.since + asked {
        target.state = if answers { TargetState::Healthy } else { TargetState::Unhealthy };
    }
    let state = target.state;
    if old.as_ref() != Some(&target) {
        world.put(&key, target);
    }
    match (state, heard) {
        (TargetState::Initial, _) => health("initial", Some("Elb.InitialHealthChecking")),
        (TargetState::Healthy, _) => health("healthy", None),
        (TargetState::Unhealthy, heard) => {
            health("unhealthy", Some(heard.err().unwrap_or("Target.FailedHealthChecks")))
        }
    }
}

/// Forgets an instance as a target.
pub(crate) fn forget(world: &mut World, id: &str) {
    for target in world.ids::<TargetRecord>(&format!("instance={id}"), |_| true) {
        world.remove::<TargetRecord>(&target);
    }
}

impl World {
    pub(crate) fn describe_target_health(
        &mut self,
        call: DescribeTargetHealth,
    ) -> Answer<Vec<TargetHealth>> {
        self.find::<TargetGroupRecord>(&call.target_group)?;
        let mut all = Vec::new();
        for group in
            self.ids::<ScalingGroupRecord>(&format!("target={}", call.target_group), |_| true)
        {
            let running = |record: &InstanceRecord| {
                record.running.is_some() && record.instance.state == "running"
            };
            let ids = instance::all_of(self, &group).filter(|(_, record)| running(record));
            let ids: Vec<String> = ids.map(|(id, _)| id.clone()).collect();
            all.extend(ids.iter().map(|id| of(self, &call.target_group, id)));
        }
        Ok(all)
    }
}
