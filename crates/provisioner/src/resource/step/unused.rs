//! Deletions of what others may still use.

use std::time::Duration;

use skyward_aws::{Call, Class};
use tokio::time::Instant;

use super::StepContext;
use crate::caller::{CallError, RetryPolicy};

/// The time for which a deletion waits without a word until nothing uses the resource any more.
const QUIET: Duration = Duration::from_secs(30);
/// The pause between attempts at a deletion meanwhile.
const STILL_USED: Duration = Duration::from_secs(2);

impl StepContext<'_> {
    /// Makes a deletion that waits until nothing uses the resource any more. Where that takes its time, it tells what AWS says.
    pub(crate) async fn delete<C: Call>(&self, call: C) -> Result<(), CallError> {
        self.delete_held(call, async || Ok(None)).await
    }

    /// The same; where it takes its time, it tells what `holders` finds.
    pub(crate) async fn delete_held<C: Call>(
        &self,
        call: C,
        holders: impl AsyncFn() -> Result<Option<String>, CallError>,
    ) -> Result<(), CallError> {
        let policy = RetryPolicy { not_yet: Duration::ZERO, ..RetryPolicy::DELETE };
        let (begun, limit) = (Instant::now(), RetryPolicy::DELETE.not_yet);
        loop {
            let said = match self.run.caller.send(call.clone(), policy).await {
                Ok(_) => return Ok(()),
                Err(error) if error.class() == Some(Class::NotFound) => return Ok(()),
                Err(CallError::Api(error)) if error.class() == Class::NotYet => error.message,
                Err(error) => return Err(error),
            };
            if begun.elapsed() >= QUIET {
                let by = holders().await?.unwrap_or(said);
                if begun.elapsed() >= limit {
                    let (id, minutes) = (self.id(), limit.as_secs() / 60);
                    return Err(CallError::Advised {
                        problem: format!("{id} is in use after {minutes} minutes: {by}"),
                        next: "delete what uses it, or give --everything, which deletes network interfaces that nothing uses; then run it again, and it continues from there".into(),
                    });
                }
                self.progress(&format!("in use: {by}"));
            }
            self.run.caller.sleep(STILL_USED).await?;
        }
    }
}
