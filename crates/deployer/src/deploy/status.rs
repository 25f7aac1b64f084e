//! The state of a release: its revision, the drift of its live objects, its pods.

use k8s_openapi::api::core::v1::Pod;
use serde::Serialize;
use serde_json::Value;
use skyward_terminal::units;

use std::collections::BTreeSet;

use crate::api::{ApiServer, Apply};
use crate::deploy::observed::Observed;
use crate::deploy::{DeployError, canary};
use crate::diff::{self, Change};
use crate::history::{self, History, Revision, Status};
use crate::manifest::{Kind, Manifest, ObjectId};
use crate::release::INSTANCE;
use crate::rollout::{self, DeploymentRef, Snapshot, Verdict};

/// The state of a release.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReleaseStatus {
    /// The revision that was last seen to serve; none where none ever was.
    pub revision: Option<u32>,
    /// The newest revision, where it is another one, and how it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub newest: Option<String>,
    /// The image of the revision.
    pub image: Option<String>,
    /// The revisions that cannot be read, a sentence each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unreadable: Vec<String>,
    /// The progress of the rollout.
    pub rollout: String,
    /// True where all is as it should be.
    pub healthy: bool,
    /// The revision's objects.
    pub objects: Vec<ObjectReport>,
    /// The release's pods.
    pub pods: Vec<PodReport>,
}

/// The state of an object.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ObjectReport {
    /// The object.
    pub id: ObjectId,
    /// Its drift.
    pub state: Drift,
}

/// The comparison of a live object with what was applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Drift {
    /// It holds all that was applied.
    InSync,
    /// Someone has changed it since.
    Drifted,
    /// It is not there.
    Missing,
}

/// The state of a pod.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PodReport {
    /// Its name.
    pub name: String,
    /// Its phase, or why its container waits.
    pub state: String,
    /// True where it gets requests.
    pub ready: bool,
    /// The number of restarts of its containers.
    pub restarts: i32,
    /// The node that it runs on.
    pub node: Option<String>,
}

/// Looks; none where there is no release of the name.
pub async fn status(
    api: &ApiServer,
    release: &str,
    namespace: &str,
) -> Result<Option<ReleaseStatus>, DeployError> {
    let (revisions, damaged) = History::new(api, namespace, release).readable().await?;
    let unreadable: Vec<_> = damaged.iter().map(ToString::to_string).collect();
    let Some(shown) = history::serving(&revisions).or(revisions.last()) else { return Ok(None) };
    let manifests = match revisions.last() {
        Some(newest) if newest.status == Status::Canary => canary::beside(shown, newest),
        _ => shown.manifests.clone(),
    };
    let state = Observed::of(api, revisions, &manifests).await?;
    let pods: Vec<Pod> = api.list(Some(namespace), &format!("{INSTANCE}={release}")).await?;
    let same = unchanged_by_an_apply(api, &state, &manifests).await?;
    let report =
        |newest| ReleaseStatus { unreadable, ..report(&state, newest, &manifests, &pods, &same) };
    Ok(state.revisions.last().map(report))
}

/// The objects that differ and that an apply would not change all the same: others have written what the release does not say. Only
/// the API server can tell, by a dry run; where it may not be asked, what differs has drifted.
async fn unchanged_by_an_apply(
    api: &ApiServer,
    state: &Observed,
    manifests: &[Manifest],
) -> Result<BTreeSet<ObjectId>, DeployError> {
    let mut same = BTreeSet::new();
    for manifest in manifests {
        let Some(live) = state.live.get(&manifest.id) else { continue };
        if diff::in_sync(&manifest.object, live) {
            continue;
        }
        let how = Apply { dry_run: true, ..Apply::default() };
        if let Ok(applied) = api.apply(manifest, how).await
            && diff::compare(&manifest.id, Some(live), Some(&applied)).change == Change::Unchanged
        {
            same.insert(manifest.id.clone());
        }
    }
    Ok(same)
}

fn report(
    state: &Observed,
    newest: &Revision,
    manifests: &[Manifest],
    pods: &[Pod],
    same: &BTreeSet<ObjectId>,
) -> ReleaseStatus {
    let good = state.last_good();
    let lasting = manifests.iter().filter(|manifest| manifest.id.kind != Kind::Job);
    let objects: Vec<_> = lasting.map(|manifest| drift(manifest, state, same)).collect();
    let (rollout, done) = rollout(state, manifests);
    let settled = good.is_some_and(|good| good.number == newest.number);
    ReleaseStatus {
        revision: good.map(|good| good.number),
        newest: (!settled).then(|| told(newest)),
        image: good.map(|good| good.image.clone()),
        unreadable: Vec::new(),
        rollout,
        healthy: done
            && good.is_some()
            && objects.iter().all(|object| object.state == Drift::InSync),
        objects,
        pods: pods.iter().map(pod).collect(),
    }
}

fn told(revision: &Revision) -> String {
    let number = revision.number;
    match (revision.status, &revision.reason) {
        (Status::Failed, Some(reason)) => format!("revision {number} failed: {reason}"),
        (Status::Failed, None) => format!("revision {number} failed"),
        (Status::Canary, _) => format!(
            "the canary of revision {number} runs, in {}: `promote` rolls it out, `abort` ends it",
            units::counted(revision.canary.map_or(0, |canary| canary.pods.into()), "pod")
        ),
        (Status::Pending, _) if revision.tried_by().is_some() => {
            format!("the canary of revision {number} is being started, or was interrupted")
        }
        _ => format!("revision {number} is being deployed, or was interrupted"),
    }
}

fn drift(manifest: &Manifest, state: &Observed, same: &BTreeSet<ObjectId>) -> ObjectReport {
    let drift = match state.live.get(&manifest.id) {
        None => Drift::Missing,
        Some(_) if same.contains(&manifest.id) => Drift::InSync,
        Some(live) if diff::in_sync(&manifest.object, live) => Drift::InSync,
        Some(_) => Drift::Drifted,
    };
    ObjectReport { id: manifest.id.clone(), state: drift }
}

fn rollout(state: &Observed, manifests: &[Manifest]) -> (String, bool) {
    let mut available = 0;
    for manifest in manifests.iter().filter(|manifest| manifest.id.kind == Kind::Deployment) {
        match state.live.get(&manifest.id).map(verdict) {
            None => return (format!("{} is not there", manifest.id), false),
            Some(Verdict::Done(replicas)) => available += replicas,
            Some(Verdict::Waiting(what)) => return (what, false),
            Some(Verdict::Failed(failure)) => return (failure.reason.clone(), false),
        }
    }
    (format!("{available} pods available"), true)
}

/// The verdict on a rollout from its Deployment alone.
pub(super) fn verdict(live: &Value) -> Verdict {
    let Some(target) = DeploymentRef::of(live) else {
        return Verdict::Waiting("the Deployment is not there".to_owned());
    };
    let snapshot =
        Snapshot { deployment: serde_json::from_value(live.clone()).ok(), ..Snapshot::default() };
    rollout::decide(&snapshot, &target, jiff::Timestamp::now())
}

fn pod(pod: &Pod) -> PodReport {
    let status = pod.status.clone().unwrap_or_default();
    let containers = status.container_statuses.unwrap_or_default();
    let waiting = containers
        .iter()
        .find_map(|container| container.state.as_ref()?.waiting.as_ref()?.reason.clone());
    let ending = pod.metadata.deletion_timestamp.as_ref().map(|_| "Ending".to_owned());
    let phase = status.phase.unwrap_or_default();
    let is_ready = |condition: &k8s_openapi::api::core::v1::PodCondition| {
        condition.type_ == "Ready" && condition.status == "True"
    };
    PodReport {
        name: pod.metadata.name.clone().unwrap_or_default(),
        state: ending.or(waiting).unwrap_or(phase),
        ready: status.conditions.iter().flatten().any(is_ready),
        restarts: containers.iter().map(|container| container.restart_count).sum(),
        node: pod.spec.as_ref().and_then(|spec| spec.node_name.clone()),
    }
}
