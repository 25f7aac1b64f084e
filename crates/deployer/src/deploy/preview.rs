//! The changes that applying would make, as the API server itself computes them.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::api::{ApiServer, Apply, CallError, Reason};
use crate::deploy::DeployError;
use crate::deploy::desired::Desired;
use crate::deploy::jobs::{self, Moment};
use crate::deploy::observed::Observed;
use crate::deploy::plan::ApplyPlan;
use crate::deploy::replicas;
use crate::diff::{self, Change, Difference};
use crate::history::Revision;
use crate::manifest::{Kind, Manifest, ObjectId};
use crate::rights;

/// The difference of every object, from a server-side dry run of those that are not as they should be.
///
/// # Errors
/// The dry run's: a conflict, an unknown field, a missing permission.
pub async fn preview(
    api: &ApiServer,
    state: &Observed,
    plan: &ApplyPlan,
    runs_jobs: bool,
    force: bool,
) -> Result<Vec<Difference>, DeployError> {
    let mut differences = Vec::with_capacity(plan.manifests.len());
    for manifest in &plan.manifests {
        if manifest.id.kind == Kind::Job {
            // Those of what serves have run, and those before a canary.
            let has_run = plan.promotes && jobs::runs(manifest, Moment::Before);
            if runs_jobs && !has_run && !plan.is_deployed(state) {
                let job = jobs::of_revision(manifest, plan.number);
                let live = state.live.get(&job.id);
                let made = wanted(api, state, plan, &job, force).await?;
                differences.push(diff::compare(&job.id, live, Some(&made)));
            }
            continue;
        }
        let live = state.live.get(&manifest.id);
        let wanted = if plan.stale.contains(&manifest.id) {
            Some(wanted(api, state, plan, manifest, force).await?)
        } else {
            live.cloned()
        };
        differences.push(diff::compare(&manifest.id, live, wanted.as_ref()));
    }
    for owned in &plan.prune {
        let live = api.get(&owned.id).await?;
        differences.push(diff::compare(&owned.id, live.as_ref(), None));
    }
    Ok(differences)
}

/// Sees that we may do all that the plan wants, so that nothing is left half way. In a namespace that is yet to be made nobody has
/// rights before.
pub(super) async fn permitted(
    api: &ApiServer,
    desired: &Desired,
    plan: &ApplyPlan,
) -> Result<(), DeployError> {
    if !plan.namespace_is_there {
        return Ok(());
    }
    let kinds = plan.record.iter().map(|it| it.id.kind);
    rights_on(api, desired, kinds.chain(plan.prune.iter().map(|it| it.id.kind)).collect()).await
}

/// The objects as they are; where we may not look, all that we may not is told.
pub(super) async fn look(
    api: &ApiServer,
    desired: &Desired,
    revisions: Vec<Revision>,
) -> Result<Observed, DeployError> {
    match Observed::of(api, revisions, &desired.looked_at()).await {
        Err(error) if matches!(error.reason, Reason::Forbidden(_)) => {
            let kinds = desired.manifests.iter().map(|it| it.id.kind).collect();
            rights_on(api, desired, kinds).await?;
            Err(error.into())
        }
        looked => Ok(looked?),
    }
}

async fn rights_on(
    api: &ApiServer,
    desired: &Desired,
    kinds: BTreeSet<Kind>,
) -> Result<(), DeployError> {
    let Desired { namespace, release, .. } = desired;
    let missing = rights::missing(api, namespace, &rights::of_kinds(&kinds)).await?;
    if missing.is_empty() {
        return Ok(());
    }
    let missing = missing.iter().map(rights::Right::shown).collect::<Vec<_>>().join(", ");
    let (namespace, release) = (namespace.clone(), release.clone());
    Err(DeployError::Rights { release, namespace, missing })
}

/// The object as the API server would keep it. In a namespace that is not there yet it cannot say: then as it is rendered.
async fn wanted(
    api: &ApiServer,
    state: &Observed,
    plan: &ApplyPlan,
    manifest: &Manifest,
    force: bool,
) -> Result<Value, DeployError> {
    let live = state.live.get(&manifest.id);
    if manifest.id.namespace.is_some() && !plan.namespace_is_there {
        return Ok(manifest.object.clone());
    }
    let manifest = replicas::kept(manifest, live);
    let how = Apply { dry_run: true, force, ..Apply::default() };
    match replicas::apply(api, plan, &manifest, how).await {
        // The API server says of one field that it cannot be changed, and no more; the difference then shows all.
        Err(CallError { reason: Reason::Immutable { .. }, .. }) => {
            Ok(overlaid(live.cloned().unwrap_or_default(), &manifest.object))
        }
        applied => Ok(applied?),
    }
}

/// `live` with all that `rendered` says.
fn overlaid(mut live: Value, rendered: &Value) -> Value {
    match (&mut live, rendered) {
        (Value::Object(fields), Value::Object(rendered)) => {
            for (name, value) in rendered {
                let before = fields.remove(name).unwrap_or_default();
                fields.insert(name.clone(), overlaid(before, value));
            }
            live
        }
        _ => rendered.clone(),
    }
}

/// The first field that cannot be changed, with its object.
pub(super) fn immutable(differences: &[Difference]) -> Option<(&ObjectId, &str)> {
    differences.iter().filter(|difference| difference.change == Change::Update).find_map(|it| {
        let field = it.fields.iter().find(|field| field.immutable)?;
        Some((&it.id, field.path.as_str()))
    })
}
