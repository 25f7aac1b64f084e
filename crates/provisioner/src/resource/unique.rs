//! Resources that have neither a name nor a client token.
//!
//! A creation whose answer is lost, or one by someone else at the same time, makes a second one of these. So: look, create, wait
//! until everyone sees what everyone has made, look again, keep the one that all choose alike, and delete the others. It
//! converges; for a moment there may be two.

use std::future::Future;
use std::time::Duration;

use skyward_aws::Class;
use tokio::time::Instant;

use super::StepContext;
use crate::caller::CallError;

/// The attempts at a creation while the account's quota is used up: the second ones that others make take it for a moment.
const FULL: u32 = 3;
/// The pause between looks after the first.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// The way in which such a resource is listed, created and deleted.
pub(crate) trait Unique {
    type Item: Clone;

    /// All of this resource that can be seen.
    fn list(&self) -> impl Future<Output = Result<Vec<Self::Item>, CallError>>;
    /// Creates one, and returns its id.
    fn create(&self) -> impl Future<Output = Result<String, CallError>>;
    /// The one that everyone chooses.
    fn choose<'a>(&self, items: &'a [Self::Item]) -> Option<&'a Self::Item>;
    fn id(item: &Self::Item) -> &str;
    fn delete(&self, id: String) -> impl Future<Output = Result<(), CallError>>;
}

/// Makes sure that there is exactly one, and returns it.
pub(crate) async fn ensure_one<U: Unique>(
    step: &StepContext<'_>,
    unique: &U,
) -> Result<U::Item, CallError> {
    let settle = step.run.settings.settle;
    let mut mine: Option<(String, Instant)> = None;
    let (mut is_first, mut full) = (true, 0);
    let mut asked = Instant::now();
    loop {
        let found = unique.list().await?;
        let is_seen = |(id, made): &(String, Instant)| {
            // One that others have taken for the second one is gone for good.
            found.iter().any(|item| U::id(item) == id) || made.elapsed() >= settle * 2
        };
        if !is_first
            && mine.as_ref().is_none_or(is_seen)
            && let Some(kept) = unique.choose(&found)
        {
            for other in found.iter().filter(|item| U::id(item) != U::id(kept)) {
                step.progress("deleting a second one");
                unique.delete(U::id(other).to_owned()).await?;
            }
            return Ok(kept.clone());
        }
        if found.is_empty() && mine.as_ref().is_none_or(is_seen) {
            match unique.create().await {
                Ok(id) => mine = Some((id, Instant::now())),
                // It may exist: the next look tells.
                Err(error) if error.class() == Some(Class::Unknown) => mine = None,
                Err(error) if error.class() == Some(Class::Quota) && full < FULL => full += 1,
                Err(error) => return Err(error),
            }
            (is_first, asked) = (true, Instant::now());
        }
        if asked.elapsed() > step.estimate().limit {
            return Err(step.invisible());
        }
        step.progress("making sure that it is the only one");
        step.run.caller.sleep(if is_first { settle } else { LOOK_AGAIN }).await?;
        is_first = false;
    }
}
