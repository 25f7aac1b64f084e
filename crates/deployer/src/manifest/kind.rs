//! The kinds of object that a release has.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The kinds of object that a release has, in the order in which they are applied: each after what it needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Holds all the others.
    Namespace,
    /// The identity of the pods.
    ServiceAccount,
    /// Files of the pods.
    ConfigMap,
    /// Disk space that outlives the pods.
    PersistentVolumeClaim,
    /// The peers of the pods; before them, so that none runs open.
    NetworkPolicy,
    /// A kind of the user's own objects.
    Own(&'static OwnKind),
    /// The pods' address.
    Service,
    /// A process that ends; before the pods, which may need what it does.
    Job,
    /// The pods.
    Deployment,
    /// A process that is started by a schedule.
    CronJob,
    /// The number of pods that may be away at one time.
    PodDisruptionBudget,
    /// The number of pods.
    HorizontalPodAutoscaler,
    /// The entry from outside; last, so that it leads somewhere.
    Ingress,
    /// The same, of the Gateway API.
    HttpRoute,
}

/// A kind of the user's own objects.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OwnKind {
    /// `kind`.
    pub kind: String,
    /// The name in paths of the API.
    pub plural: String,
    /// `apiVersion`.
    pub api_version: String,
}

/// The kinds that this process has met. There are as many as the user's manifests have, so that none is ever given back.
static MET: Mutex<BTreeSet<&'static OwnKind>> = Mutex::new(BTreeSet::new());

impl OwnKind {
    /// The kind of this description: one for all that are equal, so that a [`Kind`] stays a small value.
    pub fn of(kind: Self) -> Kind {
        let mut met = MET.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = met.get(&kind) {
            return Kind::Own(known);
        }
        let kind: &'static Self = Box::leak(Box::new(kind));
        met.insert(kind);
        Kind::Own(kind)
    }
}

impl Kind {
    /// All that are ours, in order.
    pub const ALL: [Self; 13] = [
        Self::Namespace,
        Self::ServiceAccount,
        Self::ConfigMap,
        Self::PersistentVolumeClaim,
        Self::NetworkPolicy,
        Self::Service,
        Self::Job,
        Self::Deployment,
        Self::CronJob,
        Self::PodDisruptionBudget,
        Self::HorizontalPodAutoscaler,
        Self::Ingress,
        Self::HttpRoute,
    ];

    /// `apiVersion`.
    pub fn api_version(self) -> &'static str {
        match self {
            Self::Namespace
            | Self::ServiceAccount
            | Self::ConfigMap
            | Self::PersistentVolumeClaim
            | Self::Service => "v1",
            Self::NetworkPolicy | Self::Ingress => "networking.k8s.io/v1",
            Self::Deployment => "apps/v1",
            Self::Job | Self::CronJob => "batch/v1",
            Self::PodDisruptionBudget => "policy/v1",
            Self::HorizontalPodAutoscaler => "autoscaling/v2",
            Self::HttpRoute => "gateway.networking.k8s.io/v1",
            Self::Own(own) => &own.api_version,
        }
    }

    /// The name in paths of the API.
    pub fn plural(self) -> &'static str {
        match self {
            Self::Namespace => "namespaces",
            Self::ServiceAccount => "serviceaccounts",
            Self::ConfigMap => "configmaps",
            Self::PersistentVolumeClaim => "persistentvolumeclaims",
            Self::NetworkPolicy => "networkpolicies",
            Self::Service => "services",
            Self::Job => "jobs",
            Self::Deployment => "deployments",
            Self::CronJob => "cronjobs",
            Self::PodDisruptionBudget => "poddisruptionbudgets",
            Self::HorizontalPodAutoscaler => "horizontalpodautoscalers",
            Self::Ingress => "ingresses",
            Self::HttpRoute => "httproutes",
            Self::Own(own) => &own.plural,
        }
    }

    /// The name as `kind` spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Namespace => "Namespace",
            Self::ServiceAccount => "ServiceAccount",
            Self::ConfigMap => "ConfigMap",
            Self::PersistentVolumeClaim => "PersistentVolumeClaim",
            Self::NetworkPolicy => "NetworkPolicy",
            Self::Service => "Service",
            Self::Job => "Job",
            Self::Deployment => "Deployment",
            Self::CronJob => "CronJob",
            Self::PodDisruptionBudget => "PodDisruptionBudget",
            Self::HorizontalPodAutoscaler => "HorizontalPodAutoscaler",
            Self::Ingress => "Ingress",
            Self::HttpRoute => "HTTPRoute",
            Self::Own(own) => &own.kind,
        }
    }

    /// The place in the order, as the names of files have it.
    pub fn order(self) -> u8 {
        match self {
            Self::Namespace => 10,
            Self::ServiceAccount => 20,
            Self::ConfigMap => 22,
            Self::PersistentVolumeClaim => 24,
            Self::NetworkPolicy => 30,
            Self::Own(_) => 35,
            Self::Service => 40,
            Self::Job => 45,
            Self::Deployment => 50,
            Self::CronJob => 55,
            Self::PodDisruptionBudget => 60,
            Self::HorizontalPodAutoscaler => 70,
            Self::Ingress => 80,
            Self::HttpRoute => 85,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The kind's name; of a kind of the user's own, `KIND/PLURAL/APIVERSION`.
impl Serialize for Kind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Own(own) => {
                let OwnKind { kind, plural, api_version } = own;
                serializer.collect_str(&format_args!("{kind}/{plural}/{api_version}"))
            }
            ours => serializer.serialize_str(ours.as_str()),
        }
    }
}

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if let Some(ours) = Self::ALL.into_iter().find(|kind| kind.as_str() == text) {
            return Ok(ours);
        }
        let mut parts = text.splitn(3, '/').map(str::to_owned);
        match (parts.next(), parts.next(), parts.next()) {
            (Some(kind), Some(plural), Some(api_version)) => {
                Ok(OwnKind::of(OwnKind { kind, plural, api_version }))
            }
            _ => Err(D::Error::custom(format!("`{text}` is no kind of object"))),
        }
    }
}

impl JsonSchema for Kind {
    fn schema_name() -> Cow<'static, str> {
        "Kind".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let ours: Vec<_> = Self::ALL.iter().map(|kind| kind.as_str()).collect();
        json_schema!({
            "type": "string",
            "description": "The kind of an object; of one of the user's own, KIND/PLURAL/APIVERSION.",
            "examples": ours,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_written_and_read_again() {
        let own = || OwnKind {
            kind: "Widget".into(),
            plural: "widgets".into(),
            api_version: "example.com/v1".into(),
        };
        let all = Kind::ALL.into_iter().chain([OwnKind::of(own())]);
        for kind in all {
            let text = serde_json::to_string(&kind).expect("JSON");
            assert_eq!(serde_json::from_str::<Kind>(&text).expect("a kind"), kind, "{text}");
        }
        assert_eq!(OwnKind::of(own()), OwnKind::of(own()));
        assert!(serde_json::from_str::<Kind>("\"Nothing\"").is_err());
        assert!(
            Kind::ALL.windows(2).all(|pair| pair[0] < pair[1] && pair[0].order() < pair[1].order())
        );
    }
}
