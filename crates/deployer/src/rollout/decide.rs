//! The decision.

use k8s_openapi::jiff::Timestamp;

use super::{Failure, Snapshot, Target};

/// What to do about a rollout.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// Wait; how far it is and what it lacks.
    Waiting(String),
    /// It is done, with this many pods.
    Done(i32),
    /// It has failed; without the evidence that calls to the API server would bring.
    Failed(Box<Failure>),
}

/// Decides whether the rollout is done, has failed or needs more time.
pub fn decide(seen: &Snapshot, target: &Target, _now: Timestamp) -> Verdict {
    let Some(deployment) = &seen.deployment else {
        return Verdict::Waiting(format!("Deployment {} is not there", target.name));
    };
    let status = deployment.status.clone().unwrap_or_default();
    if status.observed_generation.unwrap_or_default() < target.generation {
        return Verdict::Waiting("the Deployment controller has not looked at it yet".to_owned());
    }
    let wanted = deployment.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1);
    let [updated, total, available] =
        [status.updated_replicas, status.replicas, status.available_replicas]
            .map(Option::unwrap_or_default);
    if updated == wanted && total == updated && available == updated {
        return Verdict::Done(updated);
    }
    let late = status.conditions.iter().flatten().find(|condition| {
        condition.type_ == "Progressing"
            && condition.reason.as_deref() == Some("ProgressDeadlineExceeded")
    });
    match late {
        Some(_) => Verdict::Failed(Box::new(Failure {
            reason: format!("Deployment {}: no progress within its deadline", target.name),
            ..Failure::default()
        })),
        None => Verdict::Waiting(format!("{available} of {wanted} pods available")),
    }
}
