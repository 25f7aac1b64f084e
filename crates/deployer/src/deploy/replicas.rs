//! The number of pods has one owner: the configuration, or an autoscaler.
//!
//! A field that its only owner no longer applies falls back to its default, which for `replicas` is 1. So where an
//! autoscaler takes over, the number is handed to a manager of its own name first (Kubernetes' "Server-Side Apply",
//! "Transferring ownership between managers"), and stays what it is until the autoscaler changes it.

use serde_json::{Value, json};

use crate::api::{ApiServer, Apply, CallError, Reason};
use crate::deploy::plan::ApplyPlan;
use crate::manifest::{Kind, Manifest};
use crate::release::MANAGER;

/// The manager that holds `replicas` while the autoscaler has not yet spoken.
pub(super) const HOLDER: &str = "skyward-replicas";

/// The object to apply as [`HOLDER`] before `manifest`, where that gives the number away.
pub(super) fn handover(manifest: &Manifest, live: Option<&Value>) -> Option<Manifest> {
    let live = live.filter(|live| gives_away(manifest, live))?;
    let object = json!({
        "apiVersion": manifest.object["apiVersion"],
        "kind": manifest.object["kind"],
        "metadata": { "name": manifest.id.name, "namespace": manifest.id.namespace },
        "spec": { "replicas": live["spec"]["replicas"] },
    });
    Some(Manifest { id: manifest.id.clone(), object })
}

/// `manifest` as it is dry-run: with the number that it has after a handover.
pub(super) fn kept(manifest: &Manifest, live: Option<&Value>) -> Manifest {
    let mut manifest = manifest.clone();
    if let Some(live) = live.filter(|live| gives_away(&manifest, live)) {
        manifest.object["spec"]["replicas"] = live["spec"]["replicas"].clone();
    }
    manifest
}

/// Applies `manifest`, and takes the number back from an autoscaler that this plan ends. Another one, whoever made it,
/// keeps it: that is a conflict, as any other.
pub(super) async fn apply(
    api: &ApiServer,
    plan: &ApplyPlan,
    manifest: &Manifest,
    how: Apply,
) -> Result<Value, CallError> {
    match api.apply(manifest, how).await {
        Err(error) if may_take_back(&error, plan, manifest) => {
            api.apply(manifest, Apply { force: true, ..how }).await
        }
        applied => applied,
    }
}

/// Returns true where only the number conflicts, and its owner goes.
fn may_take_back(error: &CallError, plan: &ApplyPlan, manifest: &Manifest) -> bool {
    const AUTOSCALER: &str = "kube-controller-manager";
    let Reason::Conflict { fields } = &error.reason else { return false };
    let ends = plan.prune.iter().any(|owned| owned.id.kind == Kind::HorizontalPodAutoscaler);
    let goes = |owner: &str| owner == HOLDER || (ends && owner == AUTOSCALER);
    manifest.id.kind == Kind::Deployment
        && !fields.is_empty()
        && fields.iter().all(|(owner, field)| field == ".spec.replicas" && goes(owner))
}

/// Returns true where the number is ours so far and no longer rendered.
fn gives_away(manifest: &Manifest, live: &Value) -> bool {
    let owned = || {
        let entries = live["metadata"]["managedFields"].as_array().into_iter().flatten();
        entries
            .filter(|entry| entry["manager"] == MANAGER && entry["operation"] == "Apply")
            .any(|entry| entry.pointer("/fieldsV1/f:spec/f:replicas").is_some())
    };
    manifest.id.kind == Kind::Deployment && manifest.object["spec"]["replicas"].is_null() && owned()
}
