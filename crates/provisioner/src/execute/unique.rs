//! What has neither a name nor a token. A creation whose answer is lost, or one by someone else at the same time, makes a
//! second one. So: look, create, wait until everyone sees what everyone has made, look again, keep the one that all choose
//! alike, and delete the others. It converges; for a moment there may be two.

use std::future::Future;
use std::time::Duration;

use tokio::time::Instant;

use super::context::At;
use crate::caller::Fault;
use skyward_aws::Class;

/// How such a thing is found, made and deleted.
pub(super) trait Unique {
    type Item: Clone;

    /// All of this resource that can be seen.
    fn list(&self) -> impl Future<Output = Result<Vec<Self::Item>, Fault>>;
    /// Makes one; its id.
    fn create(&self) -> impl Future<Output = Result<String, Fault>>;
    /// The one that everyone chooses.
    fn choose<'a>(&self, items: &'a [Self::Item]) -> Option<&'a Self::Item>;
    fn id(item: &Self::Item) -> &str;
    fn delete(&self, id: String) -> impl Future<Output = Result<(), Fault>>;
}

/// Makes sure that there is exactly one, and says which.
pub(super) async fn ensure<U: Unique>(at: &At<'_>, unique: &U) -> Result<U::Item, Fault> {
    let settle = at.run.settings.settle;
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
                at.progress("deleting a second one");
                unique.delete(U::id(other).to_owned()).await?;
            }
            return Ok(kept.clone());
        }
        if found.is_empty() && mine.as_ref().is_none_or(is_seen) {
            match unique.create().await {
                Ok(id) => mine = Some((id, Instant::now())),
                // It may be there: the next look tells.
                Err(fault) if fault.class() == Some(Class::Unknown) => mine = None,
                // The second ones that others have made may take up the quota for a moment.
                Err(fault) if fault.class() == Some(Class::Quota) && full < 3 => full += 1,
                Err(fault) => return Err(fault),
            }
            (is_first, asked) = (true, Instant::now());
        }
        if asked.elapsed() > at.estimate().limit {
            return Err(Fault::Failed(format!("{} was made and cannot be seen", at.id())));
        }
        at.progress("looking whether it is the only one");
        at.run.caller.sleep(if is_first { settle } else { Duration::from_secs(1) }).await?;
        is_first = false;
    }
}
