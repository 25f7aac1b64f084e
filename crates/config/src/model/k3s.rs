use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::grammar;

/// `[k3s]`: the service on Kubernetes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct K3s {
    /// The context of the kubeconfig. Without it: no cluster is configured.
    #[schemars(schema_with = "grammar::context")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
    /// The namespace that the service has for itself.
    #[schemars(schema_with = "grammar::namespace")]
    pub namespace: String,
    /// How many pods run the service.
    #[schemars(schema_with = "grammar::replicas")]
    pub replicas: u16,
    /// The host name of the Ingress. Without it: a nip.io name of the node's address.
    #[schemars(schema_with = "grammar::host_name")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
}

impl Default for K3s {
    fn default() -> Self {
        Self { context: None, namespace: "skyward".into(), replicas: 2, host: None }
    }
}
