//! The differences between a stack as it should be and as it was found, and the order in which they are changed. Pure.

mod changes;
mod diff;
mod steps;

use std::collections::BTreeSet;

use serde::Serialize;

use crate::cost::Cost;
use crate::resource::Kind;
pub use crate::resource::{Action, Difference, Step};
use crate::stack::Id;

pub use changes::{plan, plan_destroy};
pub use diff::differences;

/// The change of one resource.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// The resource.
    pub id: Id,
    /// Its kind.
    pub kind: Kind,
    /// The action.
    pub action: Action,
    /// AWS's id or name of what is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub physical: Option<String>,
    /// The properties of what is made, in a few words.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// Field by field, as it is and as it is to be.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub differences: Vec<Difference>,
    /// The reason, where the differences do not say it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// It would take data with it, and is only done where that is asked for.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_guarded: bool,
}

/// All changes of a stack.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Plan {
    /// The stack.
    pub stack: String,
    /// The region.
    pub region: String,
    /// The changes, in the order of the topology, without the resources that stay as they are.
    pub changes: Vec<Change>,
    /// The number of resources that stay as they are.
    pub unchanged: usize,
    /// The same as single steps, each with those that must be done before.
    #[serde(skip)]
    pub steps: Vec<Step>,
    /// The seconds that it usually takes.
    pub expected_s: f64,
    /// The seconds that it takes at the least, and where AWS takes its time.
    pub range_s: (f64, f64),
    /// The cost of the whole stack a month, once it is as planned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<Box<Cost>>,
    /// Sentences to know before one agrees.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

impl Plan {
    /// Nothing is to be done.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// The number of resources with this action.
    pub fn count(&self, action: Action) -> usize {
        self.changes.iter().filter(|change| change.action == action).count()
    }

    /// The changes that are only made where that is asked for.
    pub fn guarded(&self) -> impl Iterator<Item = &Change> {
        self.changes.iter().filter(|change| change.is_guarded)
    }

    /// The number of resources of this kind that are to be created.
    pub fn makes(&self, kind: Kind) -> usize {
        let is_made = |change: &&Change| {
            change.kind == kind && matches!(change.action, Action::Create | Action::Replace)
        };
        self.changes.iter().filter(is_made).count()
    }

    /// The steps on the expected critical path.
    pub fn critical(&self) -> BTreeSet<usize> {
        steps::critical(&self.steps)
    }
}
