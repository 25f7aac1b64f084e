//! An object as it is sent to the API server, and its identity.

mod kind;

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use kind::{Kind, OwnKind};

/// The object.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub struct ObjectId {
    /// Its kind.
    pub kind: Kind,
    /// Its namespace; none for a Namespace itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.name)
    }
}

/// An object as it is applied: only the fields that we have an opinion on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Manifest {
    /// Its identity.
    pub id: ObjectId,
    /// The whole object, with `apiVersion`, `kind` and `metadata`.
    pub object: Value,
}

impl Manifest {
    /// From a typed object; its identity is read from its metadata.
    pub fn new<T>(kind: Kind, object: &T) -> Self
    where
        T: Serialize
            + k8s_openapi::Metadata<Ty = k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta>,
    {
        let metadata = object.metadata();
        let id = ObjectId {
            kind,
            namespace: metadata.namespace.clone(),
            name: metadata.name.clone().unwrap_or_default(),
        };
        // Types of the API hold nothing that JSON cannot say.
        let object = serde_json::to_value(object).expect("an object of the API is JSON");
        Self { id, object }
    }
}
