//! The way back after a revision did not come up: to the last good one, or the removal of a first install.

use crate::api::{CallError, Reason};
use crate::deploy::DeployError;
use crate::deploy::desired::OnFailure;
use crate::deploy::observed::Observed;
use crate::deploy::plan::ApplyPlan;
use crate::deploy::remove::{Volumes, take_down};
use crate::deploy::run::{Run, Stopped};
use crate::event::{self, Event, Sink};
use crate::history::{Revision, Status};
use crate::rollout::Failure;

/// Writes the failure down, goes back, and returns what to tell. What cannot be told apart from the failure of the way
/// back is told beside it: the first reason is never lost.
pub(super) async fn fall_back(
    run: &Run<'_>,
    state: &Observed,
    revision: Revision,
    stopped: Stopped,
    sink: &Sink<'_>,
) -> DeployError {
    let failure = match stopped {
        // Nobody to talk to, or no right to: the next run continues from here.
        Stopped::Call(error) if is_cut_off(&error) => return error.into(),
        Stopped::Call(error) => refused(&error),
        Stopped::Rollout(failure) => *failure,
    };
    event::tell_failure(&failure, sink);
    let number = revision.number;
    let after = match go_back(run, state, revision, &failure, sink).await {
        Ok(after) => after,
        Err(error) => format!("and going back failed too: {error}"),
    };
    DeployError::Failed { revision: number, failure: Box::new(failure), after }
}

/// Returns true where the API server cannot be talked to at all: going back would fail in the same way.
fn is_cut_off(error: &CallError) -> bool {
    matches!(
        error.reason,
        Reason::Unreachable(_)
            | Reason::Timeout(_)
            | Reason::Unavailable(_)
            | Reason::CertificateExpired(_)
            | Reason::Untrusted(_)
            | Reason::Unauthorized
            | Reason::Terminating(_)
            | Reason::LockLost(_)
    )
}

/// An apply that was refused, told as a failed revision.
fn refused(error: &CallError) -> Failure {
    Failure { reason: error.to_string(), next: "see the reason".to_owned(), ..Failure::default() }
}

/// Returns what serves now.
async fn go_back(
    run: &Run<'_>,
    state: &Observed,
    mut revision: Revision,
    failure: &Failure,
    sink: &Sink<'_>,
) -> Result<String, DeployError> {
    revision.status = Status::Failed;
    revision.reason = Some(failure.reason.clone());
    run.history.put(&revision).await?;
    match state.last_good() {
        _ if run.options.on_failure == OnFailure::Leave => {
            Ok("nothing was rolled back, as asked".to_owned())
        }
        None if run.options.on_failure == OnFailure::KeepFirst => {
            Ok("the failed first install is kept, as asked".to_owned())
        }
        None => {
            let (history, desired) = (&run.history, run.desired);
            take_down(
                run.api,
                history,
                desired,
                (&revision.inventory, Volumes::Keep),
                run.ends,
                sink,
            )
            .await?;
            Ok("the failed first install was removed again".to_owned())
        }
        Some(good) => again(run, good, sink).await,
    }
}

/// Brings up the objects of `good` as a new revision.
async fn again(run: &Run<'_>, good: &Revision, sink: &Sink<'_>) -> Result<String, DeployError> {
    sink.emit(Event::Note { text: format!("going back to revision {}", good.number) });
    let desired = run.desired.back_to(good);
    let run = run.with(&desired);
    let state = Observed::look(run.api, &run.history, &desired.manifests).await?;
    let plan = ApplyPlan::new(&state, &desired.manifests, &desired.release, run.options.force)?;
    let mut revision = run.revision(&state, &plan);
    match run.bring_up(&mut revision, &state, &plan, sink).await {
        Ok(()) => {
            Ok(format!("revision {} serves again, as revision {}", good.number, revision.number))
        }
        Err(Stopped::Call(error)) => Err(error.into()),
        Err(Stopped::Rollout(failure)) => {
            revision.status = Status::Failed;
            revision.reason = Some(failure.reason.clone());
            run.history.put(&revision).await?;
            Ok(format!("revision {} does not come up either: {}", good.number, failure.reason))
        }
    }
}
