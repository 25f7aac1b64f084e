use std::time::Duration;

use super::context::At;
use crate::caller::Fault;

/// Waits a moment for what someone else made to be seen.
pub(super) async fn soon(at: &At<'_>) -> Result<(), Fault> {
    at.progress("made by someone else, and not visible yet");
    at.run.caller.sleep(Duration::from_secs(1)).await
}

/// The bound for that.
pub(super) fn is_late(at: &At<'_>) -> bool {
    at.begun.elapsed() > at.run.settings.settle * 8
}
