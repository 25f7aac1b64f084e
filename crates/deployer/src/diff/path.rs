//! The path of a field.

use std::fmt::Write;

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
