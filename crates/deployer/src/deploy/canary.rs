//! A canary: some pods of a new revision beside those that serve, until someone promotes or aborts it.
//!
//! It is a second Deployment, `NAME-canary`, whose pods the Service chooses as it chooses the others. The Deployment that serves is
//! not touched before the promotion, so a deployer that is killed at any call leaves it as it was, nobody serves with fewer pods than
//! before, and to go back is to delete one object. Pausing the Deployment itself after its first new pods (`spec.paused`) was weighed
//! against it: that is a second write after the one that starts the rollout, and a deployer that is killed between the two leaves a
//! rollout which nobody holds back; while it is paused, an autoscaler spreads its pods over both revisions; and a change by others of
//! the paused template would be part of the promotion. The price of the second Deployment: more pods while it runs, and an autoscaler
//! that counts their load with that of its own.
//!
//! What comes before the pods (policies, files, the Service, jobs) is applied and run as in any rollout; workers, the autoscaler and
//! the Ingress wait for the promotion. The revision is recorded as a whole from the beginning, so that what is promoted is what was tried.

use serde_json::json;
use skyward_terminal::{program, units};

use crate::deploy::DeployError;
use crate::deploy::desired::{Desired, Extent};
use crate::deploy::jobs::{self, Moment};
use crate::deploy::observed::Observed;
use crate::deploy::plan::ApplyPlan;
use crate::history::{self, Revision, Status};
use crate::manifest::{Kind, Manifest, ObjectId};
use crate::release::INSTANCE;

/// The label of a canary's pods, by which its Deployment chooses its own.
const LABEL: &str = "skyward.dev/canary";

/// Returns true for the Deployment of the service itself, and false for those of workers.
fn is_service(manifest: &Manifest) -> bool {
    manifest.id.kind == Kind::Deployment
        && manifest.object["metadata"]["labels"][INSTANCE] == manifest.id.name.as_str()
}

fn name(release: &str) -> String {
    format!("{release}-canary")
}

/// Returns true for the identity of a canary's Deployment.
pub(super) fn is_of(release: &str, id: &ObjectId) -> bool {
    id.kind == Kind::Deployment && id.name == name(release)
}

/// The canary's Deployment.
fn deployment(service: &Manifest, pods: u16) -> Manifest {
    let mut canary = service.clone();
    canary.id.name = name(&service.id.name);
    canary.object["metadata"]["name"] = json!(canary.id.name);
    let spec = &mut canary.object["spec"];
    spec["replicas"] = json!(pods);
    spec["selector"]["matchLabels"][LABEL] = json!("true");
    spec["template"]["metadata"]["labels"][LABEL] = json!("true");
    canary
}

/// The Deployment of a revision's canary; none where it never had one.
pub(super) fn of(revision: &Revision) -> Option<Manifest> {
    let pods = revision.canary?.pods;
    revision.manifests.iter().find(|it| is_service(it)).map(|it| deployment(it, pods))
}

/// The objects of a release that its canary needs, and its Deployment.
pub(super) fn staged(manifests: &[Manifest], pods: u16) -> Vec<Manifest> {
    let needed = |it: &&Manifest| it.id.kind < Kind::Job || jobs::runs(it, Moment::Before);
    let canary = manifests.iter().find(|it| is_service(it)).map(|it| deployment(it, pods));
    manifests.iter().filter(needed).cloned().chain(canary).collect()
}

/// The objects that are there while a canary runs beside `good`.
pub(super) fn beside(good: &Revision, canary: &Revision) -> Vec<Manifest> {
    let Some(pods) = canary.tried_by() else { return good.manifests.clone() };
    let mut all = staged(&canary.manifests, pods);
    let others = good.manifests.iter().filter(|it| all.iter().all(|ours| ours.id != it.id));
    let others: Vec<_> = others.cloned().collect();
    all.extend(others);
    all.sort_by_key(|it| it.id.kind);
    all
}

/// The pods of the canary that a run brings up; none where it brings up the whole.
pub(super) fn pods(
    extent: Extent,
    state: &Observed,
    record: &[Manifest],
    notes: &mut Vec<String>,
) -> Option<u16> {
    let Extent::Canary(pods) = extent else { return None };
    let Some(good) = state.last_good() else {
        notes.push(
            "nothing serves yet that a canary could run beside: all of it is deployed".into(),
        );
        return None;
    };
    (good.manifests != record).then_some(pods)
}

/// Refuses what a canary stands in the way of, and a canary beside something else than a revision that serves.
pub(super) fn admit(
    state: &Observed,
    desired: &Desired,
    record: &[Manifest],
    pods: Option<u16>,
) -> Result<(), DeployError> {
    let Some(newest) = state.revisions.last() else { return Ok(()) };
    let release = || desired.release.clone();
    if let (Status::Canary, Some(runs)) = (newest.status, newest.tried_by()) {
        let is_its_own = newest.manifests == record && pods == Some(runs);
        let ends_it =
            desired.rollback_of.is_some() || desired.extent == Extent::Promotion(newest.number);
        if !is_its_own && !ends_it {
            let (revision, pods) = (newest.number, runs);
            return Err(DeployError::CanaryRuns { release: release(), revision, pods });
        }
    }
    if pods.is_none() {
        return Ok(());
    }
    let refuse = |reason: String| Err(DeployError::NoCanary { release: release(), reason });
    // Neither a canary nor the way back from one has touched what serves.
    let good = state.last_good().map(|good| good.number);
    let is_way_back = |it: &Revision| {
        it.status != Status::Deployed && it.rollback_of.is_some_and(|to| Some(to) == good)
    };
    let rollout =
        state.revisions.iter().rev().find(|it| it.tried_by().is_none() && !is_way_back(it));
    if let Some(rollout) = rollout.filter(|it| it.status != Status::Deployed) {
        let number = rollout.number;
        return refuse(format!(
            "the rollout of revision {number} is not done, so that pods of several revisions serve. Next step: `{}`, or deploy without \
             a canary",
            program::command("deploy-k3s rollback")
        ));
    }
    let service = record.iter().find(|it| is_service(it));
    if service.is_some_and(|it| it.object["spec"]["strategy"]["type"] == "Recreate") {
        let reason = "it has a volume for one pod alone, which a canary would be the second of. Next step: deploy without a canary";
        return refuse(reason.to_owned());
    }
    if record.iter().any(|it| is_of(&desired.release, &it.id)) {
        let reason = "a worker has the name canary, and so its Deployment. Next step: rename the worker, and deploy that first";
        return refuse(reason.to_owned());
    }
    Ok(())
}

/// The revision to promote: the one whose canary runs, or whose promotion was interrupted or is done.
///
/// # Errors
/// There is none.
pub fn promotion_target<'r>(
    release: &str,
    revisions: &'r [Revision],
) -> Result<&'r Revision, DeployError> {
    let newest = revisions.last();
    let is_promoted = |it: &&Revision| it.canary.is_some_and(|canary| canary.promoted);
    match newest {
        Some(newest) if newest.status == Status::Canary => return Ok(newest),
        Some(newest) if is_promoted(&newest) && newest.status != Status::Failed => {
            return Ok(newest);
        }
        _ => {}
    }
    let reason = match newest {
        Some(newest) if newest.status == Status::Pending && newest.tried_by().is_some() => {
            let number = newest.number;
            format!(
                "the canary of revision {number} was interrupted before its pods ran. Next step: deploy it again with --canary, or `{}`",
                program::command("deploy-k3s abort")
            )
        }
        _ => none_runs(revisions),
    };
    Err(DeployError::NoCanary { release: release.to_owned(), reason })
}

/// The good revision to go back to from a canary, from one that was interrupted or failed, or from one that was aborted already.
///
/// # Errors
/// There is no canary.
pub fn abort_target<'r>(
    release: &str,
    revisions: &'r [Revision],
) -> Result<&'r Revision, DeployError> {
    let newest = revisions.last();
    let is_tried = newest.is_some_and(|it| it.canary.is_some() && it.status != Status::Deployed);
    let before = revisions.iter().rev().nth(1);
    let is_aborted = || {
        let was_tried = before.is_some_and(|it| it.canary.is_some() && it.status == Status::Failed);
        newest.filter(|it| was_tried && it.status != Status::Failed)?.rollback_of
    };
    let target = if is_tried {
        history::serving(revisions)
    } else {
        is_aborted().and_then(|number| revisions.iter().find(|it| it.number == number))
    };
    target.ok_or_else(|| DeployError::NoCanary {
        release: release.to_owned(),
        reason: none_runs(revisions),
    })
}

fn none_runs(revisions: &[Revision]) -> String {
    let serves = history::serving(revisions)
        .map_or("nothing serves".to_owned(), |it| format!("revision {} serves", it.number));
    format!(
        "none runs; {serves}. Next step: start one with `{} --canary 1`",
        program::command("deploy-k3s")
    )
}

/// The sentence on the canary that runs, for those who look at what an apply would change; none where none runs.
pub fn canary_note(state: &Observed, plan: &ApplyPlan) -> Option<String> {
    let newest = state.revisions.last().filter(|newest| newest.status == Status::Canary)?;
    let (number, pods) = (newest.number, units::counted(newest.tried_by()?.into(), "pod"));
    let (promote, abort) =
        (program::command("deploy-k3s promote"), program::command("deploy-k3s abort"));
    Some(if plan.canary.is_some() && plan.record == newest.manifests {
        format!("the canary of revision {number} runs, in {pods}")
    } else if plan.record == newest.manifests {
        format!(
            "the canary of revision {number} runs, in {pods}; these changes are those of `{promote}`"
        )
    } else {
        format!(
            "the canary of revision {number} runs, in {pods}, of another configuration; before these changes `{promote}` it, or `{abort}`"
        )
    })
}
