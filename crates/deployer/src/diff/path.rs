//! The path of a field, and the fields that the API server refuses to change.

use std::fmt::Write;

use crate::manifest::Kind;

/// One step on the way to a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// Into the field of a map.
    Field(String),
    /// To the item of a list that has this key.
    Item(String),
    /// To the item at this position.
    Index(usize),
    /// To the order of a list's keys.
    Order,
}

/// The way as people write it: `spec.containers[web].args`, and `metadata.labels["app.kubernetes.io/name"]` where a name holds
/// more than a field's does.
pub(super) fn show(path: &[Step]) -> String {
    let mut shown = String::new();
    for step in path {
        // Writing to a string does not fail.
        let _ = match step {
            Step::Field(name) if is_plain(name) && shown.is_empty() => write!(shown, "{name}"),
            Step::Field(name) if is_plain(name) => write!(shown, ".{name}"),
            Step::Field(name) => write!(shown, "[{name:?}]"),
            Step::Item(key) => write!(shown, "[{key}]"),
            Step::Index(index) => write!(shown, "[{index}]"),
            Step::Order => write!(shown, " (order)"),
        };
    }
    shown
}

fn is_plain(name: &str) -> bool {
    !name.is_empty()
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '$'))
}

/// Returns true where the field at `path`, or what it lies in, cannot be changed once the object is there.
///
/// From the API server's own validation (`pkg/apis/*/validation`) of 1.33 to 1.36, for the kinds that a release has. A
/// Service's `clusterIP` can be set where there was none, and be cleared together with the type; marking it is the safe side.
pub(super) fn is_immutable(kind: Kind, path: &str) -> bool {
    let fields: &[&str] = match kind {
        Kind::Deployment => &["spec.selector"],
        Kind::PersistentVolumeClaim => &["spec.storageClassName", "spec.accessModes"],
        Kind::Service => &["spec.clusterIP", "spec.clusterIPs"],
        _ => &[],
    };
    let own = ["metadata.name", "metadata.namespace"];
    fields.iter().chain(&own).any(|field| {
        path.strip_prefix(field).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    })
}
