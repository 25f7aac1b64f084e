//! The change of the instances from one release of the service to another, and back where that never gets healthy.
//!
//! The group names its version of the launch template by number: that is the last good one, and stays so until all instances of
//! another are healthy. AWS's own way back cannot be taken: it refuses templates whose image is a parameter of Systems Manager.

mod trouble;

use skyward_aws::{
    CancelInstanceRefresh, DescribeInstanceRefreshes, DescribeTargetHealth, StartInstanceRefresh,
    TerminateInstanceInAutoScalingGroup, UpdateAutoScalingGroup,
};

use super::change::is_active;
use super::{AutoScalingGroup, LATEST};
use crate::resource::prelude::*;
use trouble::Watch;

const BACK: &str = "going back to the last good version";

/// The group and all that is known of its instances, at one moment.
struct Now {
    group: model::AutoScalingGroup,
    health: Vec<model::TargetHealth>,
    /// The newest first.
    refreshes: Vec<model::InstanceRefresh>,
}

impl Now {
    /// The refresh under way.
    fn refresh(&self) -> Option<&model::InstanceRefresh> {
        self.refreshes.iter().find(|one| is_active(one))
    }

    /// The reason for which a refresh has ended without success.
    fn failure_of(&self, id: &str) -> Option<String> {
        let ended = self.refreshes.iter().find(|one| one.id == id && !is_active(one))?;
        let reason = || ended.reason.clone().unwrap_or_else(|| ended.status.clone());
        (ended.status != "Successful").then(reason)
    }

    fn members(&self) -> impl Iterator<Item = &model::GroupInstance> {
        self.group.instances.iter().filter(|one| !one.lifecycle.starts_with("Terminat"))
    }

    fn health_of(&self, instance: &str) -> Option<&model::TargetHealth> {
        self.health.iter().find(|health| health.target == instance)
    }

    fn is_healthy(&self, instance: &model::GroupInstance) -> bool {
        let health = self.health_of(&instance.id);
        instance.lifecycle == "InService" && health.is_some_and(|one| one.state == "healthy")
    }

    /// The group's own version, as a number.
    fn version(&self) -> Option<i64> {
        self.group.launch_template.as_ref()?.1.parse().ok()
    }

    /// The newest version of which an instance is healthy.
    fn good(&self) -> Option<i64> {
        let healthy = self.members().filter(|one| self.is_healthy(one));
        healthy.filter_map(version_of).max()
    }

    /// All that stay are of this version.
    fn is_all(&self, version: i64) -> bool {
        self.members().all(|one| version_of(one) == Some(version))
    }

    /// The healthy instances of each version by their number, and each other one with its state and its reason, in a line.
    fn shown(&self) -> String {
        let mut healthy: BTreeMap<&str, usize> = BTreeMap::new();
        let mut others = Vec::new();
        for one in self.members() {
            let version = one.version.as_deref().unwrap_or("?");
            if self.is_healthy(one) {
                *healthy.entry(version).or_default() += 1;
                continue;
            }
            let health = self.health_of(&one.id);
            let state = health.map_or(one.lifecycle.as_str(), |health| health.state.as_str());
            let reason = health.and_then(|health| health.reason.as_deref());
            let reason = reason.filter(|_| state == "unhealthy");
            let reason = reason.map(|reason| format!(" ({reason})")).unwrap_or_default();
            others.push(format!("{} of {version} {state}{reason}", one.id));
        }
        let healthy =
            healthy.iter().map(|(version, count)| format!("{count} of {version} healthy"));
        let all: Vec<_> = healthy.chain(others).collect();
        if all.is_empty() {
            "no instance yet".into()
        } else {
            format!("version: {}", all.join(", "))
        }
    }
}

fn version_of(instance: &model::GroupInstance) -> Option<i64> {
    instance.version.as_ref()?.parse().ok()
}

impl AutoScalingGroup {
    async fn now(&self, step: &StepContext<'_>) -> Result<Now, CallError> {
        let run = step.run;
        loop {
            let Some(group) = self.look(step).await? else {
                step.pause("not visible yet").await?;
                continue;
            };
            let mut health = Vec::new();
            for target_group in run.physicals(&self.target_groups)? {
                let call = DescribeTargetHealth { target_group };
                health.extend(run.caller.find(call).await?.unwrap_or_default());
            }
            let call = DescribeInstanceRefreshes { name: self.name.clone() };
            let refreshes = run.caller.find(call).await?.unwrap_or_default();
            return Ok(Now { group, health, refreshes });
        }
    }

    /// Makes this the group's version, for the instances that start from now on.
    async fn pin(&self, step: &StepContext<'_>, now: &Now, version: i64) -> Result<(), CallError> {
        let mut group = self.to_aws(step, now.group.desired.clamp(self.min, self.max))?;
        if let Some((_, own)) = &mut group.launch_template {
            *own = version.to_string();
        }
        step.run.caller.change(UpdateAutoScalingGroup { group }).await
    }

    /// Waits until as many instances as there must be are healthy; fails as soon as it is clear that they never will be.
    pub(super) async fn wait_for_service(&self, step: &StepContext<'_>) -> Result<(), CallError> {
        let mut watch = Watch::new(self);
        loop {
            let now = self.now(step).await?;
            let healthy = now.members().filter(|one| now.is_healthy(one)).count();
            if healthy >= usize::try_from(self.min).unwrap_or_default() {
                return Ok(());
            }
            if let Some(reason) = watch.trouble(step, &now, None).await? {
                let reason = format!("the service never gets healthy: {reason}");
                return Err(unhealthy(reason));
            }
            step.pause(&now.shown()).await?;
        }
    }

    /// Brings all instances to a version of the template.
    pub(super) async fn release(
        &self,
        step: &StepContext<'_>,
        wanted: i64,
    ) -> Result<(), CallError> {
        let mut watch = Watch::new(self);
        let mut refused: Option<String> = None;
        let mut started: Option<(Option<String>, Instant)> = None;
        let settle = step.run.settings.settle;
        loop {
            let now = self.now(step).await?;
            let own = now.version();
            if let Some(refresh) = now.refresh() {
                let is_forward = refresh.version == Some(wanted.to_string());
                if refused.is_none() && is_forward {
                    refused = watch.trouble(step, &now, Some(wanted)).await?;
                }
                let is_stale = refresh.version.is_some() && (refused.is_some() || !is_forward);
                if is_stale && refresh.status != "Cancelling" {
                    self.cancel(step, &now).await?;
                }
                let what = if refused.is_some() { BACK } else { "replacing the instances" };
                step.pause(&format!("{what}, {} %: {}", refresh.percent, now.shown())).await?;
                continue;
            }
            // What is seen of the refresh, or of its end, may be older than it is.
            if started.as_ref().is_some_and(|(_, since)| since.elapsed() < settle * 2) {
                step.pause("replacing the instances").await?;
                continue;
            }
            if let Some((Some(id), _)) = started.take().filter(|_| refused.is_none()) {
                refused = now.failure_of(&id);
            }
            let target = match (&refused, own) {
                (Some(_), Some(own)) => own,
                (Some(reason), None) => return Err(unhealthy(reason.clone())),
                (None, _) => wanted,
            };
            if now.is_all(target) {
                if own != Some(target) {
                    self.pin(step, &now, target).await?;
                }
                self.wait_for_service(step).await?;
                return refused.map_or(Ok(()), |reason| {
                    let reason = format!(
                        "version {wanted} never got healthy, and the instances are back on version {target}: {reason}"
                    );
                    Err(unhealthy(reason))
                });
            }
            let id = self.start(step, &now, target, refused.is_some()).await?;
            started = Some((id, Instant::now()));
        }
    }

    /// Starts the replacement of the instances that are not of this version.
    async fn start(
        &self,
        step: &StepContext<'_>,
        now: &Now,
        target: i64,
        is_back: bool,
    ) -> Result<Option<String>, CallError> {
        let Some(good) = now.good() else {
            // There is nothing to keep: those that are started next are of this version.
            self.pin(step, now, target).await?;
            for one in now.members().filter(|one| version_of(one) != Some(target)) {
                self.end(step, &one.id).await?;
            }
            return Ok(None);
        };
        // A group that follows the newest version would start instances of it whatever becomes of them.
        if now.group.launch_template.as_ref().is_some_and(|(_, version)| version == LATEST) {
            self.pin(step, now, good).await?;
        }
        let template = step.run.physical(&self.launch_template)?;
        let order = model::RefreshOrder {
            template: (!is_back).then(|| (template, target.to_string())),
            most_percent: Some(one_more(now.group.desired)),
        };
        let call = StartInstanceRefresh { name: self.name.clone(), order };
        let policy = RetryPolicy { not_yet: Duration::ZERO, ..RetryPolicy::CHANGE };
        match step.run.caller.send(call, policy).await {
            // Somebody else has started one: it is looked at next.
            Err(error) if error.class() == Some(Class::NotYet) => Ok(None),
            answer => answer.map(Some),
        }
    }

    /// Ends the instances that are not healthy of a version that is given up, and then its refresh: AWS would end those of the
    /// oldest version, which are the good ones, where a group has one too many.
    async fn cancel(&self, step: &StepContext<'_>, now: &Now) -> Result<(), CallError> {
        let own = now.version();
        let is_given_up =
            |one: &&model::GroupInstance| version_of(one) != own && !now.is_healthy(one);
        for one in now.members().filter(is_given_up) {
            self.end(step, &one.id).await?;
        }
        step.run.caller.delete(CancelInstanceRefresh { name: self.name.clone() }).await
    }

    async fn end(&self, step: &StepContext<'_>, instance: &str) -> Result<(), CallError> {
        let call = TerminateInstanceInAutoScalingGroup { instance: instance.to_owned() };
        match step.run.caller.delete(call).await {
            // It is gone.
            Err(CallError::Api(error)) if error.code == "ValidationError" => Ok(()),
            answer => answer,
        }
    }
}

fn unhealthy(problem: String) -> CallError {
    let next = "mend what it says and apply again; `logs INSTANCE` shows an instance's console, `history` the versions".into();
    CallError::Advised { problem, next }
}

/// One instance more than there are desired, in percent, as a refresh takes it: from 100 to 200, and rounded up.
fn one_more(desired: i32) -> i32 {
    let desired = desired.max(1);
    (100 * (desired + 1) / desired).clamp(101, 200)
}
