//! An object as it is sent to the API server, and its identity.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The kinds of object that a release has, in the order in which they are applied: each after what it needs.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub enum Kind {
    /// Holds all the others.
    Namespace,
    /// The identity of the pods.
    ServiceAccount,
    /// The peers of the pods; before them, so that none runs open.
    NetworkPolicy,
    /// The pods' address.
    Service,
    /// The pods.
    Deployment,
    /// The number of pods that may be away at one time.
    PodDisruptionBudget,
    /// The number of pods.
    HorizontalPodAutoscaler,
    /// The entry from outside; last, so that it leads somewhere.
    Ingress,
}

impl Kind {
    /// All of them, in order.
    pub const ALL: [Self; 8] = [
        Self::Namespace,
        Self::ServiceAccount,
        Self::NetworkPolicy,
        Self::Service,
        Self::Deployment,
        Self::PodDisruptionBudget,
        Self::HorizontalPodAutoscaler,
        Self::Ingress,
    ];

    /// `apiVersion`.
    pub const fn api_version(self) -> &'static str {
        match self {
            Self::Namespace | Self::ServiceAccount | Self::Service => "v1",
            Self::NetworkPolicy | Self::Ingress => "networking.k8s.io/v1",
            Self::Deployment => "apps/v1",
            Self::PodDisruptionBudget => "policy/v1",
            Self::HorizontalPodAutoscaler => "autoscaling/v2",
        }
    }

    /// The name in paths of the API.
    pub const fn plural(self) -> &'static str {
        match self {
            Self::Namespace => "namespaces",
            Self::ServiceAccount => "serviceaccounts",
            Self::NetworkPolicy => "networkpolicies",
            Self::Service => "services",
            Self::Deployment => "deployments",
            Self::PodDisruptionBudget => "poddisruptionbudgets",
            Self::HorizontalPodAutoscaler => "horizontalpodautoscalers",
            Self::Ingress => "ingresses",
        }
    }

    /// The name as `kind` spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Namespace => "Namespace",
            Self::ServiceAccount => "ServiceAccount",
            Self::NetworkPolicy => "NetworkPolicy",
            Self::Service => "Service",
            Self::Deployment => "Deployment",
            Self::PodDisruptionBudget => "PodDisruptionBudget",
            Self::HorizontalPodAutoscaler => "HorizontalPodAutoscaler",
            Self::Ingress => "Ingress",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

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
