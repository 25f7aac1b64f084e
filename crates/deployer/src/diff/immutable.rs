//! The fields that the API server refuses to change.

use crate::manifest::Kind;

/// Returns true where the field at `path`, or what it lies in, cannot be changed once the object is there.
///
/// From the API server's own validation (`pkg/apis/*/validation`) of 1.33 to 1.36, for the kinds that a release has. A
/// Service's `clusterIP` can be set where there was none, and be cleared together with the type; marking it is the safe side.
pub(super) fn is_immutable(kind: Kind, path: &str) -> bool {
    let fields: &[&str] = match kind {
        Kind::Deployment => &["spec.selector"],
        Kind::Service => &["spec.clusterIP", "spec.clusterIPs"],
        _ => &[],
    };
    let own = ["metadata.name", "metadata.namespace"];
    fields.iter().chain(&own).any(|field| {
        path.strip_prefix(field).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    })
}
