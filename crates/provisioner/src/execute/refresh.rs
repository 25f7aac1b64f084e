use std::time::Duration;

use tokio::time::Instant;

use super::context::At;
use crate::caller::Fault;
use crate::topology::Kind;
use skyward_aws::model::Tags;

/// Waits a moment for what someone else made to be seen.
pub(super) async fn soon(at: &At<'_>) -> Result<(), Fault> {
    at.progress("made by someone else, and not visible yet");
    at.run.caller.sleep(Duration::from_secs(1)).await
}

/// The bound for that.
pub(super) fn is_late(at: &At<'_>) -> bool {
    at.begun.elapsed() > at.run.settings.settle * 8
}

/// Adopts what has the name of this resource already: an interrupted run made it, or one that goes on at the same time. It
/// may not be seen yet, and its tags may not be seen yet; one that is seen without them for a while is someone else's.
pub(super) async fn adopt<T>(
    at: &At<'_>,
    what: &str,
    name: &str,
    look: impl AsyncFn() -> Result<Option<(T, Tags)>, Fault>,
) -> Result<T, Fault> {
    let (begun, settle) = (Instant::now(), at.run.settings.settle);
    loop {
        match look().await? {
            Some((found, tags)) if at.run.is_ours(&tags) => {
                // The group that comes with a VPC is nobody else's.
                if at.step.kind != Kind::DefaultSecurityGroup {
                    at.run.adopted();
                }
                return Ok(found);
            }
            Some(_) if begun.elapsed() > settle => {
                return Err(Fault::Foreign { what: what.into(), name: name.into() });
            }
            None if begun.elapsed() > settle * 4 => {
                return Err(Fault::Failed(format!(
                    "the {what} {name} is there and cannot be seen"
                )));
            }
            _ => soon(at).await?,
        }
    }
}
