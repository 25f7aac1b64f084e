//! Long answers: what is asked for, and the parts in which it comes.

use std::collections::BTreeMap;

use serde::Serialize;

/// The names that the values and operations of every kind use.
pub(crate) mod prelude {
    pub(crate) use std::collections::{BTreeMap, BTreeSet};

    pub(crate) use serde::{Deserialize, Serialize};

    pub(crate) use super::{Page, Select, Tags};
}

/// The tag that marks a resource as a stack's own; its value is the stack's name.
pub const STACK_TAG: &str = "skyward:stack";

/// Name to value.
pub type Tags = BTreeMap<String, String>;

/// A selection of many: sent to AWS as a filter, so that the answer is as long as what is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Select {
    /// Everything in the region, including what belongs to others: to be counted, never to be touched.
    All,
    /// Those whose tag [`STACK_TAG`] has this value.
    Stack(String),
    /// Those with these ids. Ids that do not exist are no error: they are sent as a filter.
    Ids(Vec<String>),
    /// Those in this VPC.
    Vpc(String),
    /// Those with this name, which is unique (a launch template's).
    Name(String),
}

/// A part of a long answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The items of this part.
    pub items: Vec<T>,
    /// The token that asks for the next part; none at the end.
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// The only page.
    pub fn only(items: Vec<T>) -> Self {
        Self { items, next: None }
    }
}
