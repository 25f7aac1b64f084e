//! The spans of an apply: the time that each step took.

use std::time::Duration;

use serde::Serialize;

use crate::resource::Kind;
use crate::stack::Id;

/// One step, from the first call until the resource was ready (or gone).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Span {
    /// The resource.
    pub id: Id,
    /// Its kind.
    pub kind: Kind,
    /// `create`, `update`, `replace`, `delete`.
    pub action: String,
    /// Since the begin of the run.
    pub started: Duration,
    /// Since the begin of the run; not before `started`.
    pub ended: Duration,
    /// It is one of those that the run as a whole waited for.
    pub is_critical: bool,
}
