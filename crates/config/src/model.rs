//! The configuration as types. Everything else (the JSON Schema, validation, the reference) is
//! derived from what stands here.

mod aws;
mod image;
mod k3s;
mod machine;
mod order;
mod service;

pub use aws::{Aws, DatabaseEngine, DatabaseStorage};
pub use image::{Compression, Image};
pub use k3s::{Delivery, Ingress, K3s};
pub use machine::{Machine, Role};
pub use service::{LogFormat, Service};

pub(crate) use order::sections;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The effective configuration: the file, its environment, variables and flags, merged and valid.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The web service: how it is built, and how it runs everywhere (on this machine, in the
    /// image, on Kubernetes).
    pub service: Service,
    /// The service's OCI image.
    pub image: Image,
    /// The service on Kubernetes, k3s first.
    pub k3s: K3s,
    /// The topology in AWS.
    pub aws: Aws,
}
