//! placeholder
use serde::Serialize;

/// Something that stands in the way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What is wrong.
    pub problem: String,
    /// What to do about it.
    pub next: String,
}
