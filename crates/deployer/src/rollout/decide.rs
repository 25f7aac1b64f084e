//! The decision. The rules are kubectl's and the Deployment controller's own, and stricter where those wait in vain: kstatus
//! ignores `ReplicaFailure`, and kube's `is_deployment_completed` looks at one condition of a status that may be stale.

use std::time::Duration;

use k8s_openapi::api::apps::v1::{Deployment, DeploymentStatus};
use k8s_openapi::jiff::Timestamp;

use super::advice::{next, of_refusal};
use super::progress::{is_ready, progress};
use super::snapshot::{Snapshot, uid};
use super::trouble::{Tolerance, Trouble, troubles};
use super::wording::concise;
use super::{DeploymentRef, Failure};

/// The verdict on a rollout.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// Wait; how far it is and what it lacks.
    Waiting(String),
    /// It is done, with this many pods.
    Done(i32),
    /// It has failed; without the evidence that calls to the API server would bring.
    Failed(Box<Failure>),
}

/// Seconds for which a refusal of pods is borne: the ReplicaSet controller tries again at once, and a quota is counted again
/// a moment after pods have gone.
const REFUSAL_S: i64 = 5;

/// Seconds for which a refusal is borne that tells of an API server which has started a moment ago: the controllers try again at
/// longer and longer intervals.
const STARTING_S: i64 = 60;

/// Seconds for which a Deployment may be away: someone may be replacing it.
const AWAY_S: i64 = 5;

const SOMEONE_ELSE: &str = "see who else deploys into this namespace, then run this again";

/// Decides whether the rollout is done, has failed or needs more time.
pub fn decide(seen: &Snapshot, target: &DeploymentRef, now: Timestamp) -> Verdict {
    let deployment = match present(seen, target, now) {
        Ok(deployment) => deployment,
        Err(verdict) => return *verdict,
    };
    let status = deployment.status.clone().unwrap_or_default();
    let spec = deployment.spec.clone().unwrap_or_default();
    // A status of an earlier generation tells of an earlier rollout. The live generation counts too: a status that an
    // autoscaler's change has made stale says nothing either.
    let generation = deployment.metadata.generation.unwrap_or_default().max(target.generation);
    if status.observed_generation.unwrap_or_default() < generation {
        return Verdict::Waiting("the Deployment controller has not looked at it yet".to_owned());
    }
    if spec.paused == Some(true) {
        let reason = format!("{target}: its rollout is paused");
        let next = "resume it (kubectl rollout resume), or ask who paused it and why";
        return failed(reason, next);
    }
    // The live number: an autoscaler may have changed it.
    let wanted = spec.replicas.unwrap_or(1);
    if is_done(&status, wanted) {
        return Verdict::Done(wanted);
    }
    if let Some(message) = refusal(seen, now) {
        let reason = format!("{target}: its pods are refused: {message}");
        return failed(reason, &of_refusal(&message));
    }
    let troubles = troubles(seen);
    if let Some(trouble) = troubles.iter().find(|trouble| is_over(seen, trouble, now)) {
        return Verdict::Failed(Box::new(failure(target, trouble, deployment)));
    }
    let state = progress(seen, &status, wanted, &troubles);
    if is_late(seen, now) && !is_to_be_counted(seen, wanted) {
        let what = format!("no progress for {} s", seen.progress_deadline());
        return Verdict::Failed(Box::new(unfinished(seen, target, &what, &state)));
    }
    Verdict::Waiting(state)
}

/// The Deployment, where it is there and still ours.
fn present<'s>(
    seen: &'s Snapshot,
    target: &DeploymentRef,
    now: Timestamp,
) -> Result<&'s Deployment, Box<Verdict>> {
    let what = match &seen.deployment {
        Some(deployment) if is_ours(deployment, target) => return Ok(deployment),
        Some(deployment) if deployment.metadata.deletion_timestamp.is_some() => {
            "is being deleted by someone else"
        }
        Some(_) => "was deleted and made again by someone else",
        None => "is gone: someone deleted it",
    };
    if seconds_since(seen.timings.away_since, now) < AWAY_S {
        return Err(Box::new(Verdict::Waiting(format!("{target} {what}"))));
    }
    let reason = format!("{target} {what} while it was rolled out");
    Err(Box::new(failed(reason, SOMEONE_ELSE)))
}

/// Returns true for the Deployment that was applied, and that stays.
pub(super) fn is_ours(deployment: &Deployment, target: &DeploymentRef) -> bool {
    uid(&deployment.metadata) == target.uid && deployment.metadata.deletion_timestamp.is_none()
}

/// Every pod is of the new template and available, and none of an older one is left.
fn is_done(status: &DeploymentStatus, wanted: i32) -> bool {
    let updated = status.updated_replicas.unwrap_or_default();
    updated == wanted
        && status.replicas.unwrap_or_default() == updated
        && status.available_replicas.unwrap_or_default() == updated
}

/// The reason why the API server refuses the newest pods (a quota, Pod Security, a webhook), once that is more than a moment.
fn refusal(seen: &Snapshot, now: Timestamp) -> Option<String> {
    let message = seen.refusal()?;
    // Pods that go give back what they hold of the quota.
    let frees_up = message.contains("exceeded quota") && seen.has_terminating();
    let tolerance = if is_starting(message) { STARTING_S } else { REFUSAL_S };
    let lasts = seconds_since(seen.timings.refused_since, now) >= tolerance;
    (lasts && !frees_up).then(|| concise(message))
}

/// Returns true where an API server refuses what it has not read yet: its own controller's roles, or the objects that admission looks up.
fn is_starting(message: &str) -> bool {
    message
        .contains("User \"system:serviceaccount:kube-system:replicaset-controller\" cannot create")
        || message.contains("not yet ready to handle request")
}

fn is_over(seen: &Snapshot, trouble: &Trouble, now: Timestamp) -> bool {
    match trouble.tolerance {
        Tolerance::Deadline => false,
        Tolerance::Seconds(0) => true,
        Tolerance::Seconds(tolerance) => {
            let since = seen.timings.since.get(&trouble.key()).copied();
            seconds_since(since, now) >= i64::from(tolerance)
        }
    }
}

/// Returns true once the progress deadline has passed, and with it the one that was given once more: the controller says it only once,
/// and what was missing may be there now.
fn is_late(seen: &Snapshot, now: Timestamp) -> bool {
    let deadline = i64::from(seen.progress_deadline());
    let since = seen.timings.pardoned_since;
    seen.is_late() && (since.is_none() || seconds_since(since, now) >= deadline)
}

/// Returns true where every new pod is ready and only the controllers have not counted it. After an API server was away they come back
/// one by one, up to a minute later, so the Deployment may be called late by one that does not know yet what its pods are.
fn is_to_be_counted(seen: &Snapshot, wanted: i32) -> bool {
    let ready = seen.new_pods().iter().filter(|pod| is_ready(pod)).count();
    i32::try_from(ready).is_ok_and(|ready| ready >= wanted)
}

/// Seconds from `since` to `now`; none where nothing is known.
fn seconds_since(since: Option<Timestamp>, now: Timestamp) -> i64 {
    since.map_or(0, |since| now.as_second() - since.as_second())
}

/// A failure that is not a single pod's.
fn failed(reason: String, next: &str) -> Verdict {
    Verdict::Failed(Box::new(Failure { reason, next: next.to_owned(), ..Failure::default() }))
}

fn failure(target: &DeploymentRef, trouble: &Trouble, deployment: &Deployment) -> Failure {
    let container = trouble.container.as_deref();
    let part = container.map_or_else(String::new, |name| format!(", container {name}"));
    Failure {
        reason: format!("{target}: pod {}{part}: {}", trouble.pod, trouble.reason()),
        next: next(trouble, target, deployment),
        pod: Some(trouble.pod.clone()),
        container: trouble.container.clone(),
        image: trouble.image.clone(),
        ..Failure::default()
    }
}

/// The verdict at the end of the caller's own time.
pub(super) fn timed_out(
    seen: &Snapshot,
    target: &DeploymentRef,
    after: Duration,
    now: Timestamp,
) -> Verdict {
    match decide(seen, target, now) {
        Verdict::Waiting(state) => {
            let what = format!("not done after {} s", after.as_secs());
            Verdict::Failed(Box::new(unfinished(seen, target, &what, &state)))
        }
        verdict => verdict,
    }
}

/// The failure once time is up: the reason is what the pods still lack; the Deployment itself only says that time is up.
fn unfinished(seen: &Snapshot, target: &DeploymentRef, what: &str, state: &str) -> Failure {
    let troubles = troubles(seen);
    if let (Some(trouble), Some(deployment)) = (troubles.first(), &seen.deployment) {
        let failure = failure(target, trouble, deployment);
        let reason = format!("{}; {what}", failure.reason);
        return Failure { reason, ..failure };
    }
    let next = "see its events; raise k3s.progress_deadline_s and k3s.timeout_s where the pods only need longer";
    Failure {
        reason: format!("{target}: {what}: {state}"),
        next: next.to_owned(),
        pod: seen.new_pods().first().and_then(|pod| pod.metadata.name.clone()),
        ..Failure::default()
    }
}
