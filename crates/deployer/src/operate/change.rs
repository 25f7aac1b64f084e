//! Changes without a new configuration: pods that are started again, and another number of them.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use thiserror::Error;

use crate::api::{ApiServer, Apply, CallError};
use crate::deploy::Desired;
use crate::event::{self, Action, Sink};
use crate::history::{self, Revision};
use crate::lock::{Lock, LockError};
use crate::manifest::{Kind, Manifest, ObjectId};
use crate::rollout::{self, DeploymentRef, Failure, Outcome};

/// The manager of the annotation that a restart sets: a deployment, which does not say it, leaves it as it is.
const RESTARTER: &str = "skyward-restart";

/// The annotation of the pods' template that a restart changes.
const RESTARTED: &str = "skyward.dev/restarted-at";

/// The reasons why nothing was restarted or scaled.
#[derive(Debug, Error)]
pub enum OperateError {
    /// The API server said no, or nothing.
    #[error(transparent)]
    Call(#[from] CallError),
    /// Someone deploys.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// Nothing serves.
    #[error(
        "{operation} {release}: no revision of it serves. Next step: see `history`, and deploy it"
    )]
    NothingServes {
        /// The operation.
        operation: &'static str,
        /// The release.
        release: String,
    },
    /// There is no such process.
    #[error(
        "{operation} {release}: it has no Deployment {name}; there are {known}. Next step: name one of them"
    )]
    NoSuch {
        /// The operation.
        operation: &'static str,
        /// The release.
        release: String,
        /// The name that was given.
        name: String,
        /// Those that there are.
        known: String,
    },
    /// Two that set the number would take turns.
    #[error(
        "scaling {release}: an autoscaler sets the number of its pods. Next step: change `replicas` and `max_replicas` under [k3s], and deploy"
    )]
    Autoscaled {
        /// The release.
        release: String,
    },
    /// The new pods do not run.
    #[error("restarting {name}: {}. Next step: {}", .failure.reason, .failure.next)]
    Failed {
        /// The Deployment.
        name: String,
        /// The reason.
        failure: Box<Failure>,
    },
    /// Asked to end.
    #[error("interrupted: the restart goes on in the cluster. Next step: see `status`")]
    Interrupted,
}

/// The Deployments of the revision that serves, or the one of the process that is named.
fn deployments<'r>(
    operation: &'static str,
    revision: &'r Revision,
    release: &str,
    only: Option<&str>,
) -> Result<Vec<&'r Manifest>, OperateError> {
    let all: Vec<_> =
        revision.manifests.iter().filter(|it| it.id.kind == Kind::Deployment).collect();
    let Some(only) = only else { return Ok(all) };
    let wanted = if only == release { only.to_owned() } else { format!("{release}-{only}") };
    let found = all.iter().find(|it| it.id.name == wanted);
    found.map(|found| vec![*found]).ok_or_else(|| {
        let prefix = format!("{release}-");
        let known = all.iter().map(|it| it.id.name.strip_prefix(&prefix).unwrap_or(&it.id.name));
        OperateError::NoSuch {
            operation,
            release: release.to_owned(),
            name: only.to_owned(),
            known: known.collect::<Vec<_>>().join(", "),
        }
    })
}

fn serving<'r>(
    operation: &'static str,
    revisions: &'r [Revision],
    release: &str,
) -> Result<&'r Revision, OperateError> {
    let nothing = || OperateError::NothingServes { operation, release: release.to_owned() };
    history::serving(revisions).ok_or_else(nothing)
}

/// Replaces the pods by new ones of the same template, in the way of a rolling update.
///
/// # Errors
/// Someone deploys, or the new pods do not run.
pub async fn restart(
    api: &ApiServer,
    place: (&str, &str),
    only: Option<&str>,
    revisions: &[Revision],
    timeout: Duration,
    sink: &Sink<'_>,
) -> Result<usize, OperateError> {
    let (namespace, release) = place;
    let ends = Instant::now() + timeout;
    let revision = serving("restarting", revisions, release)?;
    let wanted = deployments("restarting", revision, release, only)?;
    let held = Lock::acquire(api, namespace, release, timeout, sink).await?;
    let restarted = all_again(&held.api(), &wanted, ends, sink).await;
    let released = held.release().await;
    restarted?;
    released?;
    Ok(wanted.len())
}

/// All are told first, so that they take the time of the slowest.
async fn all_again(
    api: &ApiServer,
    wanted: &[&Manifest],
    ends: Instant,
    sink: &Sink<'_>,
) -> Result<(), OperateError> {
    let now = jiff::Timestamp::now().to_string();
    let how = Apply { manager: RESTARTER, force: true, ..Apply::default() };
    let mut started = Vec::new();
    for manifest in wanted {
        let after = api.apply(&annotated(&manifest.id, &now), how).await?;
        sink.emit(event::object(&manifest.id, Action::Changed));
        started.extend(DeploymentRef::of(&after));
    }
    for target in started {
        let left = ends.saturating_duration_since(Instant::now()).max(Duration::from_secs(1));
        if let Outcome::Failed(failure) = rollout::follow(api, &target, left, sink).await? {
            event::tell_failure(&failure, sink);
            return Err(OperateError::Failed { name: target.name, failure });
        }
    }
    Ok(())
}

/// The part of a Deployment that a restart says.
fn annotated(id: &ObjectId, when: &str) -> Manifest {
    let object = json!({
        "apiVersion": id.kind.api_version(),
        "kind": id.kind.as_str(),
        "metadata": { "name": id.name, "namespace": id.namespace },
        "spec": { "template": { "metadata": { "annotations": { RESTARTED: when } } } },
    });
    Manifest { id: id.clone(), object }
}

/// The release that serves, with another number of pods. It is deployed like any other, so that it is recorded, and can be
/// gone back from; the next deployment from the configuration has the configuration's number again.
///
/// # Errors
/// Nothing serves, there is no such process, or an autoscaler sets its number.
pub fn scaled(
    place: (&str, &str),
    only: Option<&str>,
    replicas: u32,
    revisions: &[Revision],
) -> Result<Desired, OperateError> {
    let (namespace, release) = place;
    let revision = serving("scaling", revisions, release)?;
    let only = only.unwrap_or(release);
    let id = deployments("scaling", revision, release, Some(only))?[0].id.clone();
    let scales = |manifest: &Manifest| {
        manifest.id.kind == Kind::HorizontalPodAutoscaler
            && manifest.object.pointer("/spec/scaleTargetRef/name").and_then(Value::as_str)
                == Some(id.name.as_str())
    };
    if revision.manifests.iter().any(scales) {
        return Err(OperateError::Autoscaled { release: id.name });
    }
    let mut desired = Desired::nothing(release, namespace).back_to(revision);
    desired.rollback_of = None;
    for manifest in desired.manifests.iter_mut().filter(|it| it.id == id) {
        manifest.object["spec"]["replicas"] = json!(replicas);
    }
    Ok(desired)
}
