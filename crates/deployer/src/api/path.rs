//! The paths of objects in the API, and the requests for them.

use std::fmt;

use kube::core::Request as Builder;
use kube::core::params::GetParams;

use crate::manifest::ObjectId;

/// A request as it is sent; it can be sent again.
pub(super) type Request = http::Request<Vec<u8>>;

/// One object's or collection's place in the API.
#[derive(Debug, Clone)]
pub(crate) struct ResourcePath {
    /// The path of the collection.
    pub(crate) collection: String,
    /// The object's name; empty for the whole collection.
    pub(crate) name: String,
    /// The name for people, such as `Deployment web`.
    pub(crate) shown: String,
}

impl ResourcePath {
    /// An object of a kind that [`crate::manifest::Kind`] does not know.
    pub(crate) fn new(
        kind: &str,
        api_version: &str,
        plural: &str,
        namespace: &str,
        name: &str,
    ) -> Self {
        Self {
            collection: collection(api_version, plural, Some(namespace)),
            name: name.to_owned(),
            shown: match name {
                "" => format!("{plural} in namespace {namespace}"),
                name => format!("{kind} {name} in namespace {namespace}"),
            },
        }
    }

    /// The builder of requests for it.
    pub(super) fn builder(&self) -> Builder {
        Builder::new(self.collection.as_str())
    }
}

impl From<&ObjectId> for ResourcePath {
    fn from(id: &ObjectId) -> Self {
        let shown = match &id.namespace {
            Some(namespace) => format!("{id} in namespace {namespace}"),
            None => id.to_string(),
        };
        Self {
            collection: collection(
                id.kind.api_version(),
                id.kind.plural(),
                id.namespace.as_deref(),
            ),
            name: id.name.clone(),
            shown,
        }
    }
}

impl fmt::Display for ResourcePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

/// The path of a collection.
pub(super) fn collection(api_version: &str, plural: &str, namespace: Option<&str>) -> String {
    let root = if api_version.contains('/') { "apis" } else { "api" };
    match namespace {
        Some(namespace) => format!("/{root}/{api_version}/namespaces/{namespace}/{plural}"),
        None => format!("/{root}/{api_version}/{plural}"),
    }
}

/// `GET /version`.
pub(super) fn version() -> Request {
    // A fixed path without a body cannot fail to build.
    Builder::new("").get("version", &GetParams::default()).expect("a fixed path is a request")
}
