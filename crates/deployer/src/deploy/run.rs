//! Carries out a plan: lock, record, apply, follow, prune, record.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::Value;

use crate::api::{ApiServer, CallError};
use crate::deploy::DeployError;
use crate::deploy::canary;
use crate::deploy::desired::{Applied, ApplyOptions, Desired};
use crate::deploy::fallback::fall_back;
use crate::deploy::jobs::Moment;
use crate::deploy::objects::{self, Objects};
use crate::deploy::observed::Observed;
use crate::deploy::plan::ApplyPlan;
use crate::deploy::preview::{immutable, look, permitted, preview};
use crate::deploy::ready::{Readiness, readiness};
use crate::diff::Change;
use crate::event::{self, Action, DeployEvent, Event, Sink};
use crate::history::{Canary, History, Revision, Status};
use crate::lock::Lock;
use crate::manifest::{Kind, Manifest};
use crate::rollout::{self, DeploymentRef, Failure, Outcome};

/// The least time that is left to a step, so that what is nearly done is not given up.
const LEAST: Duration = Duration::from_secs(1);

/// The time between two looks at an object that is waited for.
const PAUSE: Duration = Duration::from_millis(500);

/// Everything that a run works with.
pub(super) struct Run<'a> {
    pub(super) api: &'a ApiServer,
    pub(super) history: History<'a>,
    pub(super) desired: &'a Desired,
    pub(super) options: &'a ApplyOptions,
    pub(super) ends: Instant,
}

/// Brings the cluster to `desired`. With nothing to do, nothing is written. `revisions` are those that were there just
/// before; under the lock they are read again.
///
/// # Errors
/// Whatever ends it; by then the last good revision serves again, unless `options` or the cluster forbid it.
pub async fn apply(
    api: &ApiServer,
    desired: &Desired,
    revisions: Vec<Revision>,
    options: &ApplyOptions,
    sink: &Sink<'_>,
) -> Result<Applied, DeployError> {
    let history = History::new(api, &desired.namespace, &desired.release);
    let run = Run { api, history, desired, options, ends: Instant::now() + options.timeout };
    let state = look(api, desired, revisions).await?;
    let plan = run.plan(&state)?;
    for text in &plan.notes {
        sink.emit(Event::note(text.as_str()));
    }
    // A lock that is there says that someone is at it, or was killed at it: then it is waited for, and none is left over.
    if plan.in_place {
        if !Lock::is_there(api, &desired.namespace, &desired.release).await? {
            return run.in_place(&state, &plan, sink).await;
        }
    } else {
        permitted(api, desired, &plan).await?;
        if !run.announce(&state, &plan, sink).await? && plan.is_deployed(&state) {
            // Others have written what the release does not say: applying would change nothing.
            return run.in_place(&state, &plan, sink).await;
        }
        objects::make_namespace(api, &plan, options.force, sink).await?;
    }
    let held =
        Lock::acquire(api, &desired.namespace, &desired.release, run.remaining(), sink).await?;
    // Every write through it sees first that the lock is still ours.
    let guarded = held.api();
    let run = Run { history: run.history.on(&guarded), api: &guarded, ..run };
    let ended = tokio::select! {
        ended = run.under_lock(sink) => ended,
        () = options.interrupt.notified() => Err(DeployError::Interrupted),
    };
    // What the run itself says is more important than a lock that could not be given back: it expires.
    let released = held.release().await;
    let applied = ended?;
    released?;
    Ok(applied)
}

impl<'a> Run<'a> {
    /// The same run for another desired state.
    pub(super) fn with<'b>(&self, desired: &'b Desired) -> Run<'b>
    where
        'a: 'b,
    {
        let history = History::new(self.api, &desired.namespace, &desired.release);
        Run { api: self.api, history, desired, options: self.options, ends: self.ends }
    }

    fn plan(&self, state: &Observed) -> Result<ApplyPlan, DeployError> {
        let Desired { manifests, release, extent, .. } = self.desired;
        let force = self.options.force;
        let plan = ApplyPlan::up_to(*extent, state, manifests, release, force)?;
        canary::admit(state, self.desired, &plan.record, plan.canary)?;
        Ok(plan)
    }

    /// Shows what will change, and tells whether anything does. What cannot be changed ends it here, before anything is written.
    async fn announce(
        &self,
        state: &Observed,
        plan: &ApplyPlan,
        sink: &Sink<'_>,
    ) -> Result<bool, DeployError> {
        let preview = preview(self.api, state, plan, self.desired.runs_jobs, self.options.force);
        let differences = preview.await?;
        let differs = differences.iter().any(|it| it.change != Change::Unchanged);
        let immutable = immutable(&differences).map(|(id, field)| (id.clone(), field.to_owned()));
        for difference in differences {
            sink.emit(DeployEvent::Change(difference).into());
        }
        match immutable {
            Some((id, field)) if !self.options.replace => Err(DeployError::Immutable { id, field }),
            _ => Ok(differs),
        }
    }

    /// Nothing to write; but pods that do not run yet, or no longer, are waited for.
    async fn in_place(
        &self,
        state: &Observed,
        plan: &ApplyPlan,
        sink: &Sink<'_>,
    ) -> Result<Applied, DeployError> {
        for manifest in plan.manifests.iter().filter(|it| it.id.kind != Kind::Job) {
            sink.emit(event::object(&manifest.id, Action::Unchanged));
        }
        let revision = state.revisions.last().map_or(0, |newest| newest.number);
        if !plan.settled {
            let deployments = plan.manifests.iter().filter(|it| it.id.kind == Kind::Deployment);
            let deployments: Vec<_> =
                deployments.filter_map(|it| state.live.get(&it.id).cloned()).collect();
            if let Err(failure) = self.follow(&deployments, sink).await? {
                event::tell_failure(&failure, sink);
                let after = "it was deployed before, and nothing was changed".to_owned();
                return Err(DeployError::Failed { revision, failure, after });
            }
        }
        let (canary, admitted) = (plan.canary, state.admitted());
        Ok(Applied { revision, changed: false, canary, admitted })
    }

    /// Follows the rollouts of the Deployments, one after the other: all are under way already.
    async fn follow(
        &self,
        deployments: &[Value],
        sink: &Sink<'_>,
    ) -> Result<Result<(), Box<Failure>>, CallError> {
        for target in deployments.iter().filter_map(DeploymentRef::of) {
            match rollout::follow(self.api, &target, self.remaining(), sink).await? {
                Outcome::Ready { replicas: _ } => {}
                Outcome::Failed(failure) => return Ok(Err(failure)),
            }
        }
        Ok(Ok(()))
    }

    /// Waits until the user's own objects are as they should be, as far as they tell.
    async fn wait_for_own(
        &self,
        manifests: &[Manifest],
        sink: &Sink<'_>,
    ) -> Result<Result<(), Box<Failure>>, CallError> {
        for manifest in manifests.iter().filter(|it| matches!(it.id.kind, Kind::Own(_))) {
            let mut told = String::new();
            loop {
                let live = self.api.get(&manifest.id).await?.unwrap_or_default();
                let (reason, is_over) = match readiness(&live) {
                    Readiness::Current => break,
                    Readiness::Failed(reason) => (reason, true),
                    Readiness::InProgress(reason) => (reason, Instant::now() >= self.ends),
                };
                if is_over {
                    let reason = format!("{} does not become ready: {reason}", manifest.id);
                    let next = "correct the manifest, or see the log of its controller".to_owned();
                    return Ok(Err(Box::new(Failure { reason, next, ..Failure::default() })));
                }
                if reason != told {
                    sink.emit(event::waiting(
                        manifest.id.to_string(),
                        reason.clone(),
                        self.remaining(),
                    ));
                    told = reason;
                }
                tokio::time::sleep(PAUSE).await;
            }
        }
        Ok(Ok(()))
    }

    /// The state may be another one since the first look: someone else may have held the lock.
    async fn under_lock(&self, sink: &Sink<'_>) -> Result<Applied, DeployError> {
        let wanted = self.desired.looked_at();
        let state = Observed::look(self.api, &self.history, &wanted).await?;
        let plan = self.plan(&state)?;
        if plan.in_place {
            return self.in_place(&state, &plan, sink).await;
        }
        self.abandon(&state, &plan).await?;
        let mut revision = self.revision(&state, &plan);
        match self.bring_up(&mut revision, &state, &plan, sink).await {
            Ok(()) => {
                // What a canary goes back to is none of those that are too old.
                if plan.canary.is_none() {
                    self.trim(&state, &revision).await?;
                }
                let (canary, admitted) = (plan.canary, state.admitted());
                Ok(Applied { revision: revision.number, changed: true, canary, admitted })
            }
            Err(stopped) => Err(fall_back(self, &state, revision, stopped, sink).await),
        }
    }

    /// Writes down that interrupted runs which wanted something else are over; what they made is in the plan's inventory.
    async fn abandon(&self, state: &Observed, plan: &ApplyPlan) -> Result<(), DeployError> {
        for revision in state.revisions.iter().filter(|it| plan.abandoned.contains(&it.number)) {
            let mut over = revision.clone();
            over.reason = Some(match revision.status {
                Status::Canary => "its canary was aborted".to_owned(),
                _ => "interrupted, and not gone on with".to_owned(),
            });
            over.status = Status::Failed;
            over.inventory.clone_from(&plan.inventory);
            self.history.put(&over).await?;
        }
        Ok(())
    }

    /// The plan's revision: a new one, or the pending one that is gone on with.
    pub(super) fn revision(&self, state: &Observed, plan: &ApplyPlan) -> Revision {
        let canary = plan.canary.map(|pods| Canary { pods, promoted: false });
        if let Some(pending) = state.revisions.iter().find(|it| it.number == plan.number) {
            let promoted = pending.canary.filter(|_| plan.promotes);
            let promoted = promoted.map(|it| Canary { promoted: true, ..it });
            return Revision {
                status: Status::Pending,
                canary: canary.or(promoted),
                inventory: plan.inventory.clone(),
                ..pending.clone()
            };
        }
        Revision {
            number: plan.number,
            started: Timestamp::now(),
            by: self.options.by.clone(),
            image: self.desired.image.clone(),
            status: Status::Pending,
            reason: None,
            rollback_of: self.desired.rollback_of,
            canary,
            hash: crate::history::hash(&plan.record),
            manifests: plan.record.clone(),
            inventory: plan.inventory.clone(),
        }
    }

    /// Records, applies, follows, prunes, records. On an error `revision` holds what was made so far.
    pub(super) async fn bring_up(
        &self,
        revision: &mut Revision,
        state: &Observed,
        plan: &ApplyPlan,
        sink: &Sink<'_>,
    ) -> Result<(), Stopped> {
        self.history.put(revision).await?;
        let objects = Objects { run: self, state, plan };
        objects.apply(revision, |kind| kind < Kind::Job, sink).await?;
        if !plan.promotes {
            self.jobs(revision, Moment::Before, sink).await?;
        }
        if plan.canary.is_some() {
            let deployments = objects.apply(revision, |kind| kind > Kind::Job, sink).await?;
            self.history.put(revision).await?;
            self.follow(&deployments, sink).await?.map_err(Stopped::Rollout)?;
            self.wait_for_own(&plan.manifests, sink).await?.map_err(Stopped::Rollout)?;
            revision.status = Status::Canary;
            self.history.put(revision).await?;
            return Ok(());
        }
        objects.prune(revision, |kind| kind == Kind::HorizontalPodAutoscaler, sink).await?;
        let deployments = objects.apply(revision, |kind| kind > Kind::Job, sink).await?;
        self.history.put(revision).await?;
        self.follow(&deployments, sink).await?.map_err(Stopped::Rollout)?;
        self.wait_for_own(&plan.manifests, sink).await?.map_err(Stopped::Rollout)?;
        self.jobs(revision, Moment::After, sink).await?;
        objects.prune(revision, |_| true, sink).await?;
        revision.status = Status::Deployed;
        self.history.put(revision).await?;
        Ok(())
    }

    /// Deletes the oldest records beyond those that are kept; never that of the last good revision.
    async fn trim(&self, state: &Observed, newest: &Revision) -> Result<(), DeployError> {
        let older: Vec<u32> = state
            .revisions
            .iter()
            .map(|revision| revision.number)
            .filter(|number| *number != newest.number)
            .collect();
        let surplus = (older.len() + 1).saturating_sub(self.options.history);
        for number in older.into_iter().take(surplus) {
            self.history.delete(number).await?;
        }
        Ok(())
    }

    /// The time that is left; never nothing, so that what is nearly done is not given up.
    pub(super) fn remaining(&self) -> Duration {
        self.ends.saturating_duration_since(Instant::now()).max(LEAST)
    }
}

/// The reason why a revision did not come up.
pub(super) enum Stopped {
    /// The API server said no, or nothing.
    Call(CallError),
    /// Its pods do not run.
    Rollout(Box<Failure>),
}

impl From<CallError> for Stopped {
    fn from(error: CallError) -> Self {
        Self::Call(error)
    }
}
