//! The signs that instances never get healthy, before any patience is at its end.

use skyward_aws::GetConsoleOutput;

use super::super::AutoScalingGroup;
use super::{Now, version_of};
use crate::resource::prelude::*;

/// The beginning of the console's line on which the user data gives up.
pub(crate) const GIVES_UP: &str = "skyward: failed: ";
/// The pause between two looks at consoles.
const LOOK_AGAIN: Duration = Duration::from_secs(10);
/// The time for which an instance may be unhealthy beyond its grace: until the group has found out.
const BEYOND: Duration = Duration::from_secs(20);
/// The number of times that starting an instance fails for the same reason.
const REPEATS: usize = 2;

/// The things that were seen of a group's new instances, from one look to the next.
pub(super) struct Watch<'a> {
    group: &'a AutoScalingGroup,
    grace: Duration,
    /// When each instance was first seen, in service and not healthy.
    since: BTreeMap<String, Instant>,
    /// The failures to start an instance that were there before.
    old_failures: Option<usize>,
    looked: Option<Instant>,
}

impl<'a> Watch<'a> {
    pub(super) fn new(group: &'a AutoScalingGroup) -> Self {
        let grace = Duration::from_secs(u64::try_from(group.grace_s).unwrap_or(0));
        Self { group, grace, since: BTreeMap::new(), old_failures: None, looked: None }
    }

    /// The reason for which the instances of a version, or any, never get healthy.
    pub(super) async fn trouble(
        &mut self,
        step: &StepContext<'_>,
        now: &Now,
        version: Option<i64>,
    ) -> Result<Option<String>, CallError> {
        if self.looked.is_some_and(|last| last.elapsed() < LOOK_AGAIN) {
            return Ok(None);
        }
        self.looked = Some(Instant::now());
        let is_of = |one: &&model::GroupInstance| version.is_none() || version_of(one) == version;
        let unhealthy: Vec<&model::GroupInstance> = now
            .members()
            .filter(is_of)
            .filter(|one| one.lifecycle == "InService" && !now.is_healthy(one))
            .collect();
        for one in &unhealthy {
            let call = GetConsoleOutput { instance: one.id.clone() };
            let console = step.run.caller.find(call).await?.unwrap_or_default();
            if let Some(reason) = gives_up(&console) {
                return Ok(Some(format!("{}: {reason}", one.id)));
            }
            let since = *self.since.entry(one.id.clone()).or_insert_with(Instant::now);
            if since.elapsed() > self.grace + BEYOND {
                let reason = now.health_of(&one.id).and_then(|health| health.reason.clone());
                let reason = reason.unwrap_or_else(|| "its target is not healthy".into());
                let seconds = since.elapsed().as_secs();
                return Ok(Some(format!("{} is unhealthy after {seconds} s: {reason}", one.id)));
            }
        }
        self.failures(step, now).await
    }

    /// The reason for which no instance starts: a quota, no capacity, an image that is not there.
    async fn failures(
        &mut self,
        step: &StepContext<'_>,
        now: &Now,
    ) -> Result<Option<String>, CallError> {
        let desired = usize::try_from(now.group.desired).unwrap_or_default();
        let is_lacking = now.members().count() < desired;
        if !is_lacking && self.old_failures.is_some() {
            return Ok(None);
        }
        let (failures, why) = self.group.failed_launches(step).await?;
        let old = *self.old_failures.get_or_insert(failures);
        Ok(why.filter(|_| failures >= old + REPEATS && is_lacking))
    }
}

/// The last line on which the user data gives up, without its beginning.
pub(crate) fn gives_up(console: &str) -> Option<&str> {
    console.lines().rev().find_map(|line| Some(line.split_once(GIVES_UP)?.1.trim()))
}
