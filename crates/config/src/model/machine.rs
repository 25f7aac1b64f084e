use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::grammar;

/// `[[k3s.machine]]`: one machine of the cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Machine {
    /// Where ssh reaches it: a host name, an IP address, or a `Host` of `ssh_config`. `localhost` is this machine, without ssh.
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
    /// What it does in the cluster.
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

/// What a machine does in the cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// It has the control plane and etcd, and runs pods too.
    #[default]
    Server,
    /// It runs pods.
    Agent,
}
