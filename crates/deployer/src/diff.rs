//! The changes that a release would make.
//!
//! [`in_sync`] answers whether anything has to be applied at all, from what a GET returned. [`compare`] says what an apply
//! would change, from the answer to a server-side dry run, so that defaults, webhooks and the fields of other owners are
//! already in it. [`text`] shows it to people; for programs a [`Difference`] is JSON.

mod compare;
mod lists;
mod path;
mod secret;
mod sync;
mod text;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

pub use compare::compare;
pub use sync::in_sync;
pub use text::{summary, text};

use crate::manifest::ObjectId;

/// The change of one object.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Difference {
    /// The object.
    pub id: ObjectId,
    /// The kind of change.
    pub change: Change,
    /// The fields that would change, in the order of their paths; the whole object as one where it is created or deleted.
    pub fields: Vec<Field>,
}

/// The kind of change that would be made to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// It is not there.
    Create,
    /// It is there and differs.
    Update,
    /// It is there and no longer wanted.
    Delete,
    /// It is as it should be.
    Unchanged,
}

/// A field that would change.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Field {
    /// Its path, such as `spec.template.spec.containers[web].env[RUST_LOG].value`: list items that have a key are named
    /// by it, others by their position. Empty: the whole object.
    pub path: String,
    /// Its value now; none where it is not there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// Its value afterwards; none where it goes away.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
    /// The API server refuses a change of it: the object would have to be deleted and made again.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub immutable: bool,
}
