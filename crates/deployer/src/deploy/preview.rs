//! The changes that applying would make, as the API server itself computes them.

use serde_json::Value;

use crate::api::{ApiServer, Apply, CallError, Reason};
use crate::deploy::DeployError;
use crate::deploy::jobs::{self, Moment};
use crate::deploy::observed::Observed;
use crate::deploy::plan::ApplyPlan;
use crate::deploy::replicas;
use crate::diff::{self, Change, Difference};
use crate::manifest::{Kind, Manifest, ObjectId};

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
