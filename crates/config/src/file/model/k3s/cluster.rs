//! The cluster's machines, and the ways to it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::file::grammar;

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
    #[schemars(schema_with = "grammar::node_name")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Labels that its node gets when it joins, name to value.
    #[schemars(schema_with = "grammar::kubernetes_labels")]
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Taints that its node gets when it joins, such as `dedicated=web:NoSchedule`.
    #[schemars(schema_with = "grammar::node_taints")]
    #[serde(default)]
    pub taints: Vec<String>,
    /// Further keys of k3s's own configuration on this machine, over those of `k3s.options`.
    #[schemars(schema_with = "grammar::k3s_options")]
    #[serde(default)]
    pub options: BTreeMap<String, Vec<String>>,
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
