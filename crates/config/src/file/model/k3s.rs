//! `[k3s]`: the service on Kubernetes and the cluster, as types.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::file::grammar;

/// `[k3s]`: the service on Kubernetes, and the cluster that `deploy-k3s cluster` makes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
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
    /// Further labels of every object, name to value.
    #[schemars(schema_with = "grammar::kubernetes_labels")]
    pub labels: BTreeMap<String, String>,
    /// The host name of the Ingress where `host` gives none, or no Ingress at all.
    pub ingress: Ingress,
    /// The host name of the Ingress.
    #[schemars(schema_with = "grammar::host_name")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
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
    /// Seconds that a machine may take until its node is ready.
    #[schemars(schema_with = "grammar::seconds")]
    pub node_timeout_s: u16,
}

impl Default for K3s {
    fn default() -> Self {
        Self {
            kubeconfig: None,
            context: None,
            namespace: "skyward".into(),
            delivery: Delivery::default(),
            pull_secret: None,
            replicas: 2,
            max_replicas: None,
            target_cpu: 80,
            cpu: "50m".into(),
            cpu_limit: "1".into(),
            memory: "16Mi".into(),
            memory_limit: "64Mi".into(),
            storage: "16Mi".into(),
            storage_limit: "64Mi".into(),
            env: BTreeMap::new(),
            secrets: BTreeMap::new(),
            labels: BTreeMap::new(),
            ingress: Ingress::default(),
            host: None,
            ingress_class: None,
            ingress_annotations: BTreeMap::new(),
            tls_secret: None,
            clients: vec!["kube-system".into()],
            egress: Vec::new(),
            min_ready_s: 3,
            pre_stop_s: 5,
            progress_deadline_s: 120,
            timeout_s: 300,
            history: 10,
            cluster: "skyward".into(),
            machine: Vec::new(),
            version: "v1.36.3+k3s1".into(),
            sha256: BTreeMap::new(),
            download: "https://github.com/k3s-io/k3s/releases/download".into(),
            airgap: None,
            registries: BTreeMap::new(),
            registries_file: None,
            embedded_registry: false,
            traefik: true,
            servicelb: true,
            node_env: BTreeMap::new(),
            node_timeout_s: 300,
        }
    }
}

/// The way of the image to the nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Delivery {
    /// `push` where `image.repository` names a registry, else `load`.
    #[default]
    Auto,
    /// Into the registry of `image.repository`, from which the nodes pull it.
    Push,
    /// Into all nodes of the cluster that `cluster up` made, else into k3s or containerd on this machine, which is the only node.
    Load,
    /// Not at all: it is in the registry already.
    None,
}

/// The host name of the Ingress where none is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Ingress {
    /// A nip.io name of a node's address, such as `web.10-0-0-5.nip.io`.
    #[default]
    NipIo,
    /// None: the Ingress answers under every name and address.
    AnyHost,
    /// There is no Ingress.
    None,
}

/// `[[k3s.machine]]`: one machine of the cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Machine {
    /// The address that ssh reaches it by: a host name, an IP address, or a `Host` of `ssh_config`. `localhost` is this machine, without ssh.
    #[schemars(schema_with = "grammar::ssh_address")]
    pub address: String,
    /// The user of ssh. Without it: as `ssh_config` says. One who is not root needs sudo without a password.
    #[schemars(schema_with = "grammar::ssh_user")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The port of ssh. Without it: as `ssh_config` says.
    #[schemars(schema_with = "grammar::ssh_port")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// Its part in the cluster.
    #[serde(default)]
    pub role: Role,
    /// The address that the other machines reach it by, where `address` is a name that only `ssh_config` knows.
    #[schemars(schema_with = "grammar::node_address")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip: Option<String>,
    /// The name of its node. Without it: its host name.
    #[schemars(schema_with = "grammar::object_name")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Labels that its node gets when it joins, name to value.
    #[schemars(schema_with = "grammar::kubernetes_labels")]
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
}

/// The part of a machine in the cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// It has the control plane and etcd, and runs pods too.
    #[default]
    Server,
    /// It runs pods.
    Agent,
}
