//! Jobs, workers, volumes, ports and the peers of the pods: all that is beside the service and around it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::file::grammar;

/// `[[k3s.job]]`: a process with the service's image, variables and files that ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Job {
    /// Its name, to which the service's is prefixed.
    #[schemars(schema_with = "grammar::process_name")]
    pub name: String,
    /// The moment at which it runs.
    #[serde(default)]
    pub when: When,
    /// With `when = "schedule"`: minute, hour, day of the month, month and day of the week, as cron has them.
    #[schemars(schema_with = "grammar::schedule")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<String>,
    /// The time zone of the schedule, such as `Europe/Berlin`. Without it: that of the cluster, mostly UTC.
    #[schemars(schema_with = "grammar::time_zone")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// The program, instead of the image's own.
    #[schemars(schema_with = "grammar::arguments")]
    #[serde(default)]
    pub command: Vec<String>,
    /// Its arguments, instead of those of `[service]`.
    #[schemars(schema_with = "grammar::arguments")]
    #[serde(default)]
    pub args: Vec<String>,
    /// Environment variables of its own, over those of the service.
    #[schemars(schema_with = "grammar::variables")]
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// Seconds that it may take.
    #[schemars(schema_with = "grammar::seconds")]
    #[serde(default = "five_minutes")]
    pub timeout_s: u16,
    /// The times that it is started again after it has failed.
    #[schemars(schema_with = "grammar::retries")]
    #[serde(default)]
    pub retries: u8,
}

fn five_minutes() -> u16 {
    300
}

/// The moment at which a job runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum When {
    /// Once a revision, before any pod of it is started: such as a migration. Where it fails, no pod is changed.
    #[default]
    Before,
    /// Once a revision, after its pods run.
    After,
    /// By its schedule, while the release is there. Two runs are never at the same time.
    Schedule,
}

/// `[[k3s.worker]]`: a process with the service's image, variables and files that serves no requests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Worker {
    /// Its name, to which the service's is prefixed.
    #[schemars(schema_with = "grammar::process_name")]
    pub name: String,
    /// The program, instead of the image's own.
    #[schemars(schema_with = "grammar::arguments")]
    #[serde(default)]
    pub command: Vec<String>,
    /// Its arguments, instead of those of `[service]`.
    #[schemars(schema_with = "grammar::arguments")]
    #[serde(default)]
    pub args: Vec<String>,
    /// Environment variables of its own, over those of the service.
    #[schemars(schema_with = "grammar::variables")]
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// The number of its pods.
    #[schemars(schema_with = "grammar::replicas")]
    #[serde(default = "one")]
    pub replicas: u16,
    /// The CPU that each pod is promised. Without it: as for the service; so with the next three.
    #[schemars(schema_with = "grammar::cpu")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu: Option<String>,
    /// The CPU that a pod may use at most.
    #[schemars(schema_with = "grammar::cpu")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_limit: Option<String>,
    /// The memory that each pod is promised.
    #[schemars(schema_with = "grammar::bytes")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<String>,
    /// The memory at which a pod is killed.
    #[schemars(schema_with = "grammar::bytes")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_limit: Option<String>,
    /// Seconds from SIGTERM until a pod is killed.
    #[schemars(schema_with = "grammar::seconds")]
    #[serde(default = "half_a_minute")]
    pub stop_s: u16,
}

fn one() -> u16 {
    1
}

fn half_a_minute() -> u16 {
    30
}

/// `[[k3s.metric]]`: a metric that the autoscaler goes by, beside the use of CPU and memory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Metric {
    /// Its name, as the metrics adapter offers it.
    #[schemars(schema_with = "grammar::metric_name")]
    pub name: String,
    /// The things that it is measured of.
    #[serde(default)]
    pub source: MetricSource,
    /// The labels that choose the series, name to value. Without any: all of that name.
    #[schemars(schema_with = "grammar::kubernetes_labels")]
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// The value that is aimed for, for each pod.
    #[schemars(schema_with = "grammar::amount")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_pod: Option<String>,
    /// The value that is aimed for in all, of an external metric; instead of `per_pod`.
    #[schemars(schema_with = "grammar::amount")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<String>,
}

/// The things that a metric is measured of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum MetricSource {
    /// The pods (`custom.metrics.k8s.io`), such as requests a second.
    #[default]
    Pods,
    /// Something outside the cluster (`external.metrics.k8s.io`), such as the length of a queue.
    External,
}

/// `[[k3s.volume]]`: disk space that outlives the pods: a PersistentVolumeClaim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Volume {
    /// Its name, to which the service's is prefixed.
    #[schemars(schema_with = "grammar::process_name")]
    pub name: String,
    /// The folder of the pods that it is.
    #[schemars(schema_with = "grammar::pod_path")]
    pub path: String,
    /// Its size.
    #[schemars(schema_with = "grammar::bytes")]
    pub size: String,
    /// The StorageClass. Without it: the cluster's default.
    #[schemars(schema_with = "grammar::object_name")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// The pods that may have it at the same time.
    #[serde(default)]
    pub access: Access,
}

/// The pods that may have a volume at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Access {
    /// One pod: the old one ends before the new one starts, and `replicas` is 1.
    #[default]
    Single,
    /// Several, wherever they run. The StorageClass must be able to.
    Shared,
}

/// `[[k3s.toleration]]`: a taint of nodes that the pods tolerate.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Toleration {
    /// The taint's key. Without it: every taint.
    #[schemars(schema_with = "grammar::taint")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The taint's value. Without it: every value.
    #[schemars(schema_with = "grammar::label_value")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// The taint's effect.
    #[serde(default)]
    pub effect: Effect,
}

/// The effect of a taint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// Any of them.
    #[default]
    Any,
    /// No pod is scheduled.
    NoSchedule,
    /// Pods are rather scheduled elsewhere.
    PreferNoSchedule,
    /// Pods are evicted.
    NoExecute,
}

/// The spread of the pods over the nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Spread {
    /// Over nodes and zones where that is possible.
    #[default]
    Prefer,
    /// Over nodes; a pod that would make it uneven waits.
    Nodes,
    /// Over zones; a pod that would make it uneven waits.
    Zones,
    /// As the scheduler likes.
    None,
}

/// The type of the Service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ServiceType {
    /// An address within the cluster.
    #[default]
    ClusterIp,
    /// A port of every node as well.
    NodePort,
    /// A load balancer of the cloud, or of k3s's servicelb, as well.
    LoadBalancer,
}

/// `[[k3s.extra_port]]`: a further port of the pods and of the Service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Port {
    /// Its name.
    #[schemars(schema_with = "grammar::port_name")]
    pub name: String,
    /// The port that the service listens on.
    #[schemars(schema_with = "grammar::ssh_port")]
    pub target: u16,
    /// The port of the Service. Without it: the same.
    #[schemars(schema_with = "grammar::ssh_port")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// Its protocol.
    #[serde(default)]
    pub protocol: Protocol,
}

/// The protocol of a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// TCP.
    #[default]
    Tcp,
    /// UDP.
    Udp,
}

/// `[[k3s.allow_from]]` and `[[k3s.allow_to]]`: pods or a network at the other end of connections.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Peer {
    /// The namespace of the pods; `*` is every one. Without it: the service's own.
    #[schemars(schema_with = "grammar::namespace_or_all")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// The labels of the pods, name to value. Without any: all of the namespace.
    #[schemars(schema_with = "grammar::kubernetes_labels")]
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// A network instead of pods.
    #[schemars(schema_with = "grammar::network")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<String>,
    /// The ports that are connected to. Without any: every one.
    #[schemars(schema_with = "grammar::ports")]
    #[serde(default)]
    pub ports: Vec<u16>,
    /// The protocol of the ports.
    #[serde(default)]
    pub protocol: Protocol,
}
