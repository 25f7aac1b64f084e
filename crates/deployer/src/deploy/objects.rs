//! The objects of a plan: applied in order, pruned by UID.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::api::{ApiServer, Apply, CallError, Reason};
use crate::deploy::observed::Observed;
use crate::deploy::plan::ApplyPlan;
use crate::deploy::run::Run;
use crate::deploy::{canary, inventory, replicas};
use crate::event::{self, Action, Sink};
use crate::history::Revision;
use crate::manifest::{Kind, Manifest, ObjectId};

/// The time between two looks for something that is being deleted.
const PAUSE: Duration = Duration::from_millis(250);

/// The steps of a run on objects, under its lock.
pub(super) struct Objects<'a> {
    pub(super) run: &'a Run<'a>,
    pub(super) state: &'a Observed,
    pub(super) plan: &'a ApplyPlan,
}

/// The namespace comes before the lock, which lies in it.
pub(super) async fn make_namespace(
    api: &ApiServer,
    plan: &ApplyPlan,
    force: bool,
    sink: &Sink<'_>,
) -> Result<(), CallError> {
    let namespace = plan.manifests.iter().find(|it| it.id.kind == Kind::Namespace);
    if let Some(namespace) =
        namespace.filter(|it| plan.stale.contains(&it.id) && !plan.namespace_is_there)
    {
        api.apply(namespace, Apply { force, ..Apply::default() }).await?;
        sink.emit(event::object(&namespace.id, Action::Created));
    }
    Ok(())
}

impl Objects<'_> {
    /// Applies what may not be as it should be, of the kinds that `which` chooses; returns the Deployments as they are afterwards.
    pub(super) async fn apply(
        &self,
        revision: &mut Revision,
        which: impl Fn(Kind) -> bool,
        sink: &Sink<'_>,
    ) -> Result<Vec<Value>, CallError> {
        let mut deployments = Vec::new();
        let wanted = self.plan.manifests.iter().filter(|it| it.id.kind != Kind::Job);
        for manifest in wanted.filter(|manifest| which(manifest.id.kind)) {
            let before = self.state.live.get(&manifest.id);
            let after = if self.plan.stale.contains(&manifest.id) {
                self.apply_one(manifest, before).await?
            } else {
                before.cloned().unwrap_or_default()
            };
            inventory::record(&mut revision.inventory, &manifest.id, inventory::uid(&after));
            sink.emit(event::object(&manifest.id, action(before, &after)));
            if manifest.id.kind == Kind::Deployment {
                deployments.push(after);
            }
        }
        Ok(deployments)
    }

    async fn apply_one(
        &self,
        manifest: &Manifest,
        before: Option<&Value>,
    ) -> Result<Value, CallError> {
        let how = Apply { force: self.run.options.force, ..Apply::default() };
        if let Some(handover) = replicas::handover(manifest, before) {
            let how = Apply { manager: replicas::HOLDER, force: true, ..how };
            self.run.api.apply(&handover, how).await?;
        }
        let applied = replicas::apply(self.run.api, self.plan, manifest, how).await;
        match (applied, before) {
            (Err(CallError { reason: Reason::Immutable { .. }, .. }), Some(before))
                if self.run.options.replace =>
            {
                self.replace(manifest, inventory::uid(before), how).await
            }
            (applied, _) => applied,
        }
    }

    /// Deletes the object and creates it again, as soon as it is gone.
    async fn replace(
        &self,
        manifest: &Manifest,
        uid: &str,
        how: Apply,
    ) -> Result<Value, CallError> {
        let api = self.run.api;
        api.delete(&manifest.id, uid).await?;
        gone(api, &manifest.id, Some(uid), self.run.ends, |_| ()).await?;
        api.apply(manifest, how).await
    }

    /// Deletes what is ours and no longer wanted, of the kinds that `which` chooses. A canary's pods serve until they have ended, and
    /// the next canary has the same name: its end is waited for.
    pub(super) async fn prune(
        &self,
        revision: &mut Revision,
        which: impl Fn(Kind) -> bool,
        sink: &Sink<'_>,
    ) -> Result<(), CallError> {
        for owned in inventory::unwanted(&revision.inventory, &revision.manifests, revision.number)
        {
            if !which(owned.id.kind) {
                continue;
            }
            if self.run.api.delete(&owned.id, &owned.uid).await? {
                sink.emit(event::object(&owned.id, Action::Deleted));
            }
            if canary::is_of(&self.run.desired.release, &owned.id) {
                let waiting =
                    |left| sink.emit(event::waiting(owned.id.to_string(), "is ending", left));
                gone(self.run.api, &owned.id, Some(&owned.uid), self.run.ends, waiting).await?;
            }
            revision.inventory.retain(|it| it.id != owned.id);
        }
        Ok(())
    }
}

/// Waits until the object of this UID is gone, or where no UID is given every object of this name. `waiting` is told once how long it
/// may still take. False: the time is over, and it is still there.
pub(super) async fn gone(
    api: &ApiServer,
    id: &ObjectId,
    uid: Option<&str>,
    ends: Instant,
    waiting: impl FnOnce(Duration),
) -> Result<bool, CallError> {
    let mut waiting = Some(waiting);
    while let Some(live) = api.get(id).await? {
        if uid.is_some_and(|uid| inventory::uid(&live) != uid) {
            break;
        }
        let left = ends.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(false);
        }
        if let Some(waiting) = waiting.take() {
            waiting(left);
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(true)
}

/// The outcome of applying, by the object's version before and after.
fn action(before: Option<&Value>, after: &Value) -> Action {
    let version = |object: &Value| object["metadata"]["resourceVersion"].clone();
    match before {
        None => Action::Created,
        Some(before) if version(before) == version(after) => Action::Unchanged,
        Some(_) => Action::Changed,
    }
}
