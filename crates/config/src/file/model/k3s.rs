//! `[k3s]`: the service on Kubernetes and the cluster, as types.

mod cluster;
mod default;
mod workload;

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::file::grammar;

pub use cluster::{Delivery, Ingress, Machine, Role};
pub use workload::{
    Access, Effect, Job, Metric, MetricSource, Peer, Port, Protocol, ServiceType, Spread,
    Toleration, Volume, When, Worker,
};

/// `[k3s]`: the service on Kubernetes, and the cluster that `deploy-k3s cluster` makes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a key of its own")]
pub struct K3s {
    /// The kubeconfig, relative to the folder of the configuration file. Without it: those that `KUBECONFIG` names, else
    /// `~/.kube/config`.
    #[schemars(schema_with = "grammar::path")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kubeconfig: Option<PathBuf>,
    /// The context of the kubeconfig. Without it: no cluster is configured.
    #[schemars(schema_with = "grammar::context")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
    /// The namespace that the service has for itself.
    #[schemars(schema_with = "grammar::namespace")]
    pub namespace: String,
    /// The way of the image to the nodes.
    pub delivery: Delivery,
    /// The name of the Secret (type `kubernetes.io/dockerconfigjson`) that the nodes pull the image with.
    #[schemars(schema_with = "grammar::object_name")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pull_secret: Option<String>,
    /// The number of pods; with `max_replicas`, the least.
    #[schemars(schema_with = "grammar::replicas")]
    pub replicas: u16,
    /// The most pods: a HorizontalPodAutoscaler then chooses the number. Needs a metrics server, which k3s has.
    #[schemars(schema_with = "grammar::replicas")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_replicas: Option<u16>,
    /// The use of the requested CPU, in percent, that the autoscaler aims for.
    #[schemars(schema_with = "grammar::percent")]
    pub target_cpu: u8,
    /// The use of the requested memory, in percent, that the autoscaler aims for beside that of the CPU.
    #[schemars(schema_with = "grammar::percent")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_memory: Option<u8>,
    /// Further metrics that the autoscaler goes by, from a metrics adapter. The one that asks for the most pods counts.
    pub metric: Vec<Metric>,
    /// The CPU that each pod is promised, in cores or thousandths (`m`).
    #[schemars(schema_with = "grammar::cpu")]
    pub cpu: String,
    /// The CPU that a pod may use at most.
    #[schemars(schema_with = "grammar::cpu")]
    pub cpu_limit: String,
    /// The memory that each pod is promised.
    #[schemars(schema_with = "grammar::bytes")]
    pub memory: String,
    /// The memory at which a pod is killed.
    #[schemars(schema_with = "grammar::bytes")]
    pub memory_limit: String,
    /// The disk space (logs and `/tmp`) that each pod is promised.
    #[schemars(schema_with = "grammar::bytes")]
    pub storage: String,
    /// The disk space at which a pod is evicted.
    #[schemars(schema_with = "grammar::bytes")]
    pub storage_limit: String,
    /// Environment variables on Kubernetes alone, over those of `[service]`. They are plain text: a secret belongs in
    /// `secrets`.
    #[schemars(schema_with = "grammar::variables")]
    pub env: BTreeMap<String, String>,
    /// Environment variables from Secrets of the namespace: the variable's name to `SECRET/KEY`. The Secrets are made by
    /// others; only the reference is here.
    #[schemars(schema_with = "grammar::secrets")]
    pub secrets: BTreeMap<String, String>,
    /// Secrets of the namespace whose keys are all environment variables, under `env` and `secrets`.
    #[schemars(schema_with = "grammar::object_names")]
    pub env_from_secrets: Vec<String>,
    /// Files of the pods: the path there to the file here, relative to the folder of the configuration file. A change of one
    /// replaces the pods.
    #[schemars(schema_with = "grammar::files")]
    pub files: BTreeMap<String, String>,
    /// Files of the pods from Secrets of the namespace: the path there to `SECRET/KEY`.
    #[schemars(schema_with = "grammar::secret_files")]
    pub secret_files: BTreeMap<String, String>,
    /// The volumes of the pods, for what has to stay.
    pub volume: Vec<Volume>,
    /// Jobs with the service's image: before or after each deployment, or by a schedule.
    pub job: Vec<Job>,
    /// Further processes with the service's image, without a Service.
    pub worker: Vec<Worker>,
    /// Files with Kubernetes manifests of your own, relative to the folder of the configuration file; `*` stands for any part of a
    /// file's name. Their objects belong to the release.
    #[schemars(schema_with = "grammar::manifest_files")]
    pub manifests: Vec<String>,
    /// Further labels of every object, name to value.
    #[schemars(schema_with = "grammar::kubernetes_labels")]
    pub labels: BTreeMap<String, String>,
    /// Further labels of the pods alone, name to value.
    #[schemars(schema_with = "grammar::kubernetes_labels")]
    pub pod_labels: BTreeMap<String, String>,
    /// Annotations of the pods, name to value.
    #[schemars(schema_with = "grammar::annotations")]
    pub pod_annotations: BTreeMap<String, String>,
    /// The labels that a node must have to run the pods, name to value.
    #[schemars(schema_with = "grammar::kubernetes_labels")]
    pub node_selector: BTreeMap<String, String>,
    /// The taints of nodes that the pods tolerate.
    pub toleration: Vec<Toleration>,
    /// The name of the PriorityClass of the pods.
    #[schemars(schema_with = "grammar::object_name")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority_class: Option<String>,
    /// The spread of the pods over the nodes.
    pub spread: Spread,
    /// The name of a ServiceAccount that others made. Without it: one of the service's own, which may do nothing.
    #[schemars(schema_with = "grammar::object_name")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_account: Option<String>,
    /// Annotations of the service's own ServiceAccount, such as `eks.amazonaws.com/role-arn`.
    #[schemars(schema_with = "grammar::annotations")]
    pub service_account_annotations: BTreeMap<String, String>,
    /// Gives the pods a token of the ServiceAccount, for a service that talks to the API server.
    pub service_account_token: bool,
    /// The host name of the Ingress where `host` gives none, or no Ingress at all.
    pub ingress: Ingress,
    /// The host name of the Ingress.
    #[schemars(schema_with = "grammar::host_name")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Further host names of the Ingress or HTTPRoute.
    #[schemars(schema_with = "grammar::host_names")]
    pub hosts: Vec<String>,
    /// The paths that lead to the service, with all below them.
    #[schemars(schema_with = "grammar::route_paths")]
    pub paths: Vec<String>,
    /// The Gateway of an HTTPRoute instead of the Ingress: `NAME` in the service's namespace, or `NAMESPACE/NAME`. The cluster needs
    /// the Gateway API.
    #[schemars(schema_with = "grammar::gateway")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gateway: Option<String>,
    /// The Gateway's listeners that the HTTPRoute is for, by their names (`sectionName`): `http`, `https`, or both. Without any: all
    /// that take it.
    #[schemars(schema_with = "grammar::listeners")]
    pub gateway_listeners: BTreeMap<String, String>,
    /// Sends those who come by HTTP to HTTPS. Needs `tls_secret`, or the listeners of the Gateway. With an Ingress it is a Middleware
    /// of Traefik's, which k3s has, or where `ingress_class` begins with `nginx` its annotation.
    pub https_redirect: bool,
    /// The type of the Service.
    pub service_type: ServiceType,
    /// Further ports of the pods and of the Service.
    pub extra_port: Vec<Port>,
    /// The IngressClass. Without it: the cluster's default, Traefik in k3s.
    #[schemars(schema_with = "grammar::object_name")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ingress_class: Option<String>,
    /// Annotations of the Ingress, name to value, as its controller takes them.
    #[schemars(schema_with = "grammar::annotations")]
    pub ingress_annotations: BTreeMap<String, String>,
    /// The name of the Secret (type `kubernetes.io/tls`) with the certificate for the host. Without it: HTTP only.
    #[schemars(schema_with = "grammar::object_name")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_secret: Option<String>,
    /// The namespaces whose pods may reach the service: at least that of the Ingress controller (`kube-system` in k3s).
    #[schemars(schema_with = "grammar::namespaces")]
    pub clients: Vec<String>,
    /// The networks that the service itself may reach, beside DNS.
    #[schemars(schema_with = "grammar::networks")]
    pub egress: Vec<String>,
    /// Makes the NetworkPolicies. Without them, who reaches whom is left to others.
    pub network_policies: bool,
    /// Pods and networks that may reach the service, beside those of `clients`.
    pub allow_from: Vec<Peer>,
    /// Pods and networks that the service may reach, beside those of `egress`.
    pub allow_to: Vec<Peer>,
    /// The pods beyond their number that a rolling update may start at a time, or a percentage.
    #[schemars(schema_with = "grammar::count_or_percent")]
    pub max_surge: String,
    /// The pods that may be away during a rolling update, or a percentage.
    #[schemars(schema_with = "grammar::count_or_percent")]
    pub max_unavailable: String,
    /// Seconds that a pod must have been ready for before it counts.
    #[schemars(schema_with = "grammar::seconds_or_none")]
    pub min_ready_s: u16,
    /// Seconds that a pod keeps serving before SIGTERM reaches it, while proxies learn that it ends.
    #[schemars(schema_with = "grammar::seconds_or_none")]
    pub pre_stop_s: u16,
    /// Seconds without progress after which a rollout has failed.
    #[schemars(schema_with = "grammar::seconds")]
    pub progress_deadline_s: u16,
    /// Seconds that a whole deployment may take.
    #[schemars(schema_with = "grammar::seconds")]
    pub timeout_s: u16,
    /// The number of revisions that are kept to roll back to.
    #[schemars(schema_with = "grammar::revisions")]
    pub history: u16,
    /// The name of the cluster that `cluster up` makes, and of its context where `context` names none.
    #[schemars(schema_with = "grammar::namespace")]
    pub cluster: String,
    /// The name or address at which all servers of the cluster are reached, such as a virtual address or a balancer's: the kubeconfig
    /// leads there, and it is in the certificates. Without it: the first server that answers.
    #[schemars(schema_with = "grammar::endpoint")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// The machines of the cluster. Without any: this machine alone.
    pub machine: Vec<Machine>,
    /// The release of k3s.
    #[schemars(schema_with = "grammar::k3s_version")]
    pub version: String,
    /// The SHA-256 of k3s's binary of that release for each architecture (`amd64`, `arm64`, `arm`). Without it: the one that
    /// the release publishes.
    #[schemars(schema_with = "grammar::k3s_checksums")]
    pub sha256: BTreeMap<String, String>,
    /// The address of the releases, before `/VERSION/FILE`.
    #[schemars(schema_with = "grammar::web_address")]
    pub download: String,
    /// A folder with the release's files instead of the network, relative to that of the configuration file: `k3s` (`k3s-arm64`,
    /// `k3s-armhf`), `sha256sum-ARCH.txt`, and `k3s-airgap-images-ARCH.tar.zst` (or `.tar.gz`, `.tar`), which the nodes get too.
    #[schemars(schema_with = "grammar::path")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub airgap: Option<PathBuf>,
    /// Mirrors of registries, registry to addresses; `*` is every registry.
    #[schemars(schema_with = "grammar::mirrors")]
    pub registries: BTreeMap<String, Vec<String>>,
    /// A whole `registries.yaml` for the nodes instead of `registries`, relative to the folder of the configuration file: it may hold
    /// credentials, and stays out of version control.
    #[schemars(schema_with = "grammar::path")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registries_file: Option<PathBuf>,
    /// Lets each node offer its images to the others (k3s's embedded registry mirror): an image on one node is then on all.
    pub embedded_registry: bool,
    /// Installs Traefik, the Ingress controller that k3s brings.
    pub traefik: bool,
    /// Installs servicelb, which gives Services of type `LoadBalancer` the nodes' addresses.
    pub servicelb: bool,
    /// Environment variables of k3s itself on the machines, such as `HTTPS_PROXY`. They are plain text.
    #[schemars(schema_with = "grammar::variables")]
    pub node_env: BTreeMap<String, String>,
    /// The network of the pods, in which no machine has an address; with one of IPv6 after a comma, both. It stays as it is once the
    /// cluster has begun. Without it: k3s's own, `10.42.0.0/16`.
    #[schemars(schema_with = "grammar::cluster_network")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod_network: Option<String>,
    /// The network of the Services, as that of the pods. Without it: k3s's own, `10.43.0.0/16`.
    #[schemars(schema_with = "grammar::cluster_network")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_network: Option<String>,
    /// Further keys of k3s's own configuration on all machines, key to values, as they are: `flannel-iface = ["eth1"]` or
    /// `kubelet-arg = ["max-pods=50"]`. An agent leaves out what servers alone know.
    #[schemars(schema_with = "grammar::k3s_options")]
    pub options: BTreeMap<String, Vec<String>>,
    /// Seconds that a machine may take until its node is ready, and that a command waits for one of another operator.
    #[schemars(schema_with = "grammar::seconds")]
    pub node_timeout_s: u16,
}
