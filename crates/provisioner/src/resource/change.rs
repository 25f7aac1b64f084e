//! The words in which a plan speaks to the kinds: actions, differences and steps.

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;
use serde_json::Value;

use super::Kind;
use crate::stack::Id;

/// An action on a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Nothing: it is as it should be.
    None,
    /// It is waited for: it is as it should be and not ready yet.
    Wait,
    /// It is created.
    Create,
    /// It is changed in place.
    Update,
    /// It is deleted, and created again.
    Replace,
    /// It is deleted.
    Delete,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::None => "unchanged",
            Self::Wait => "wait",
            Self::Create => "create",
            Self::Update => "update",
            Self::Replace => "replace",
            Self::Delete => "delete",
        })
    }
}

/// A field that is not as it should be.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// The field's name, such as `min` or `tags.team`.
    pub field: String,
    /// The value as it was found; null for what is not there.
    pub observed: Value,
    /// The value as it should be.
    pub desired: Value,
}

/// One node of the graph that is carried out.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The resource.
    pub id: Id,
    /// Its kind.
    pub kind: Kind,
    /// The action. A replacement is two steps, a deletion and a creation.
    pub action: Action,
    /// The step is a half of a replacement.
    pub is_replacement: bool,
    /// AWS's id of what exists.
    pub physical: Option<String>,
    /// The steps that must be done before, by their place in the plan.
    pub after: BTreeSet<usize>,
}

impl Step {
    /// This step may begin as soon as that one's resource exists, before it is ready.
    pub(crate) fn begins_early(&self, before: &Self) -> bool {
        self.kind.rules().starts_early.contains(&before.kind)
    }
}
