//! The revision to go back to. Pure.

use crate::deploy::DeployError;
use crate::history::{Revision, Status};

/// The revision of that number; without one, the newest good one that says something else than what serves.
///
/// # Errors
/// There is none.
pub fn rollback_target<'a>(
    release: &str,
    revisions: &'a [Revision],
    number: Option<u32>,
) -> Result<&'a Revision, DeployError> {
    let none = |reason: String| DeployError::NoRevision { release: release.to_owned(), reason };
    if let Some(number) = number {
        return revisions
            .iter()
            .find(|revision| revision.number == number)
            .ok_or_else(|| none(format!("there is no revision {number}")));
    }
    let mut good = revisions.iter().rev().filter(|revision| revision.status == Status::Deployed);
    let serving = good.next().ok_or_else(|| none("no revision has ever served".to_owned()))?;
    good.find(|revision| revision.manifests != serving.manifests)
        .ok_or_else(|| none(format!("there is no good revision before {}", serving.number)))
}
