//! The creation of a group and its changes, with the instance refresh by which the instances follow their template.

use skyward_aws::{
    AttachLoadBalancerTargetGroups, CreateAutoScalingGroup, DescribeInstanceRefreshes,
    DescribeScalingActivities, DescribeTargetHealth, DetachLoadBalancerTargetGroups,
    StartInstanceRefresh, UpdateAutoScalingGroup,
};

use super::super::{ReleaseObject, TargetGroup};
use super::{AutoScalingGroup, LATEST, LaunchTemplate, healthy, is_newest, launch_template};
use crate::resource::prelude::*;

/// A new instance profile takes some seconds until Auto Scaling knows it, and so does a new template: for this long it may refuse.
const UNKNOWN_PROFILE: Duration = Duration::from_secs(90);
/// The pause between attempts meanwhile.
const TRY_AGAIN: Duration = Duration::from_secs(3);

/// The launches that fail one after the other until the group is given up: Auto Scaling tries other zones, and again later.
const LAUNCHES: usize = 3;

/// The instances that never became healthy, and that the group has replaced.
#[derive(Default)]
struct GivenUp {
    unhealthy: BTreeSet<String>,
    gone: BTreeSet<String>,
    /// The last reason of one that is not healthy.
    why: Option<String>,
}

impl GivenUp {
    fn look(&mut self, group: Option<&model::AutoScalingGroup>, health: &[model::TargetHealth]) {
        for one in health {
            match one.state.as_str() {
                "unhealthy" => {
                    self.unhealthy.insert(one.target.clone());
                    self.why = one.reason.clone().or(self.why.take());
                }
                "healthy" => {
                    self.unhealthy.remove(&one.target);
                }
                _ => {}
            }
        }
        let stays = |id: &String| {
            let mut instances = group.iter().flat_map(|group| &group.instances);
            instances.any(|one| one.id == *id && !one.lifecycle.starts_with("Terminat"))
        };
        let gone = self.unhealthy.iter().filter(|id| !stays(id)).cloned();
        self.gone.extend(gone.collect::<Vec<_>>());
    }

    /// Fails where as many as a whole group were replaced and none of them was ever healthy: those to come will be as they were.
    fn enough(&self, least: usize, port: i32) -> Result<(), CallError> {
        if self.gone.len() < least.max(2) {
            return Ok(());
        }
        let why = self.why.as_deref().unwrap_or("they do not answer");
        Err(CallError::Advised {
            problem: format!(
                "{} instances were replaced without ever being healthy: {why}",
                self.gone.len()
            ),
            next: format!(
                "see that the script of [aws] user_data serves [aws] health_path on port {port}; `logs INSTANCE` shows how it ran; then run it again, and it continues from there"
            ),
        })
    }
}

const REPLACING: &str = "replacing the instances";

pub(super) fn is_active(refresh: &model::InstanceRefresh) -> bool {
    let active = ["Pending", "InProgress", "Baking", "Cancelling", "RollbackInProgress"];
    active.contains(&refresh.status.as_str())
}

/// Starts a refresh; none where one is under way.
async fn start(step: &StepContext<'_>, name: &str) -> Result<Option<(String, Instant)>, CallError> {
    let order = model::RefreshOrder::default();
    let call = StartInstanceRefresh { name: name.to_owned(), order };
    let policy = RetryPolicy { not_yet: Duration::ZERO, ..RetryPolicy::CHANGE };
    match step.run.caller.send(call, policy).await {
        Ok(id) => Ok(Some((id, Instant::now()))),
        Err(error) if error.class() == Some(Class::NotYet) => {
            step.pause(REPLACING).await?;
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

impl AutoScalingGroup {
    /// Creates it; one that exists already is adopted.
    pub(super) async fn create(&self, step: &StepContext<'_>) -> Result<(), CallError> {
        let (run, mut group) = (step.run, self.to_aws(step, self.min)?);
        // The service's instances stay on a version until another one is known to be good.
        if Self::runs_service(step) {
            let newest = loop {
                match self.newest(step).await? {
                    Some(newest) => break newest,
                    None => step.pause("waiting until the launch template is seen").await?,
                }
            };
            let template = run.physical(&self.launch_template)?;
            group.launch_template = Some((template, newest.to_string()));
        }
        loop {
            let call = CreateAutoScalingGroup { group: group.clone() };
            let Err(error) = run.caller.change(call).await else { return Ok(()) };
            let is_unknown =
                matches!(&error, CallError::Api(error) if error.code == "ValidationError");
            if is_unknown && step.begun.elapsed() < UNKNOWN_PROFILE {
                step.progress("waiting until Auto Scaling knows the instance profile");
                run.caller.sleep(TRY_AGAIN).await?;
            } else if error.class() == Some(Class::Exists) {
                match self.look(step).await? {
                    // The old one is going: its name becomes free.
                    Some(found) if found.status.is_some() => {
                        step.pause("the old one is going").await?;
                    }
                    _ => {
                        let look =
                            async || Ok(self.look(step).await?.map(|found| ((), found.tags)));
                        return step.adopt("auto scaling group", &self.name, look).await;
                    }
                }
            } else {
                return Err(error);
            }
        }
    }

    pub(super) async fn update(&self, step: &StepContext<'_>) -> Result<(), CallError> {
        let current = self.look(step).await?;
        let desired = current.as_ref().map_or(self.min, |group| group.desired);
        // With the service, the version is the matter of a refresh alone.
        let is_set = |one: &Difference| one.field.starts_with("tags.") || one.field == "version";
        let differs = if Self::runs_service(step) {
            !step.differences.iter().all(is_set)
        } else {
            step.differs_beside_tags() || Self::is_pinned(current.as_ref())
        };
        if differs {
            let mut group = self.to_aws(step, desired.clamp(self.min, self.max))?;
            if Self::runs_service(step) {
                let own = current.as_ref().and_then(|group| group.launch_template.clone());
                group.launch_template = own.or(group.launch_template);
            }
            step.run.caller.change(UpdateAutoScalingGroup { group }).await?;
        }
        if step.differs("target_groups") {
            let current = current.map(|group| group.target_groups).unwrap_or_default();
            self.attach(step, &current).await?;
        }
        step.update_tags::<Self>(&self.name).await?;
        if !Self::runs_service(step) {
            return self.follow(step).await;
        }
        let wanted = match step.run.settings.version {
            Some(version) => Some(version),
            None => self.newest(step).await?,
        };
        match wanted {
            Some(wanted) => self.release(step, wanted).await,
            None => Err(step.invisible()),
        }
    }

    /// The group names a version by its number, as with the service.
    fn is_pinned(current: Option<&model::AutoScalingGroup>) -> bool {
        let template = current.and_then(|group| group.launch_template.as_ref());
        template.is_some_and(|(_, version)| version != LATEST)
    }

    async fn attach(
        &self,
        step: &StepContext<'_>,
        current: &BTreeSet<String>,
    ) -> Result<(), CallError> {
        let desired = step.run.physicals(&self.target_groups)?;
        let missing: BTreeSet<String> = desired.difference(current).cloned().collect();
        let extra: BTreeSet<String> = current.difference(&desired).cloned().collect();
        let name = || self.name.clone();
        if !missing.is_empty() {
            let call = AttachLoadBalancerTargetGroups { name: name(), target_groups: missing };
            step.run.caller.change(call).await?;
        }
        if !extra.is_empty() {
            let call = DetachLoadBalancerTargetGroups { name: name(), target_groups: extra };
            step.run.caller.change(call).await?;
        }
        Ok(())
    }

    /// The instances run the service.
    fn runs_service(step: &StepContext<'_>) -> bool {
        step.run.topology.all::<ReleaseObject>().next().is_some()
    }

    /// Waits until as many instances as there must be answer the load balancer; gives up where they cannot.
    pub(super) async fn wait(&self, step: &StepContext<'_>) -> Result<(), CallError> {
        if Self::runs_service(step) {
            return self.wait_for_service(step).await;
        }
        let run = step.run;
        let targets = run.physicals(&self.target_groups)?;
        let (least, mut given_up) =
            (usize::try_from(self.min).unwrap_or_default(), GivenUp::default());
        let mut groups = run.topology.all::<TargetGroup>();
        let port = groups.next().map_or(80, |(_, group)| group.port);
        loop {
            let group = self.look(step).await?;
            let mut health = Vec::new();
            for target_group in &targets {
                let call = DescribeTargetHealth { target_group: target_group.clone() };
                health.extend(run.caller.find(call).await?.unwrap_or_default());
            }
            let healthy = group.as_ref().map_or(0, |group| healthy(group, &health));
            if healthy >= least {
                return Ok(());
            }
            let instances = group.as_ref().map_or(0, |group| group.instances.len());
            given_up.look(group.as_ref(), &health);
            let why = if instances < least {
                self.not_launched(step, instances).await?
            } else {
                given_up.enough(least, port)?;
                given_up.why.clone()
            };
            let why = why.map(|why| format!(" ({why})")).unwrap_or_default();
            let state = format!("{healthy} of {} healthy, {instances} launched{why}", self.min);
            step.pause(&state).await?;
        }
    }

    /// The reason why the last instance was not launched, where it was not.
    async fn not_launched(
        &self,
        step: &StepContext<'_>,
        launched: usize,
    ) -> Result<Option<String>, CallError> {
        let (failed, why) = self.failed_launches(step).await?;
        match why {
            Some(why) if failed >= LAUNCHES => Err(CallError::Advised {
                problem: format!("{launched} of {} instances are launched: {why}", self.min),
                next: "raise the quota in Service Quotas, or change [aws] instance_type, instances or zones; then run it again, and it continues from there".into(),
            }),
            why => Ok(why),
        }
    }

    /// The number of the last launches that failed one after the other, and the reason of the last one.
    pub(super) async fn failed_launches(
        &self,
        step: &StepContext<'_>,
    ) -> Result<(usize, Option<String>), CallError> {
        let call = DescribeScalingActivities { name: self.name.clone() };
        let activities = step.run.caller.find(call).await?.unwrap_or_default();
        let failed = activities.iter().take_while(|one| one.status == "Failed").count();
        let last = activities.into_iter().next().filter(|_| failed > 0);
        Ok((failed, last.and_then(|last| last.message)))
    }

    /// The newest version of the template: the one that is seen, or the one that this run made.
    async fn newest(&self, step: &StepContext<'_>) -> Result<Option<i64>, CallError> {
        let seen = match step.run.topology.spec::<LaunchTemplate>(&self.launch_template) {
            Some(template) => launch_template::look(step.run, &template.name).await?,
            None => None,
        };
        let seen = seen.map(|template| template.latest_version);
        Ok(seen.max(step.run.version_of(&self.launch_template)))
    }

    /// Replaces the instances by those of the newest template, where they are not.
    async fn follow(&self, step: &StepContext<'_>) -> Result<(), CallError> {
        let (run, name) = (step.run, self.name.clone());
        let settle = run.settings.settle;
        let mut started: Option<(String, Instant)> = None;
        loop {
            let newest = self.newest(step).await?;
            let group = self.look(step).await?;
            let is_newest = group.as_ref().is_some_and(|group| is_newest(group, newest));
            let call = DescribeInstanceRefreshes { name: name.clone() };
            let refreshes = run.caller.find(call).await?.unwrap_or_default();
            let mine =
                started.as_ref().and_then(|(id, _)| refreshes.iter().find(|one| one.id == *id));
            let active = refreshes.iter().find(|one| is_active(one));
            match (active, mine, &started) {
                (Some(active), ..) => {
                    step.pause(&format!("{REPLACING}, {} %", active.percent)).await?;
                }
                (None, ..) if is_newest => return Ok(()),
                (None, Some(mine), _) if mine.status != "Successful" => {
                    let why = mine.reason.clone().unwrap_or_else(|| mine.status.clone());
                    return Err(CallError::Failed(format!("{REPLACING} of {name}: {why}")));
                }
                // What is seen of it is older than it is.
                (None, _, Some((_, since))) if since.elapsed() < settle * 2 => {
                    step.pause(REPLACING).await?;
                }
                (None, Some(_), Some((id, _))) => {
                    let id = id.clone();
                    run.caller.sleep(settle).await?;
                    // Successful, and instances of an older version exist: one more, for the version that came meanwhile.
                    started = start(step, &name).await?.or(Some((id, Instant::now())));
                }
                (None, ..) => started = start(step, &name).await?,
            }
        }
    }
}
