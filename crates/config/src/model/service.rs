use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::grammar;

/// `[service]`: the web service.
///
/// Limits and deadlines that are `None` are the service's own defaults: they are stated there,
/// once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Service {
    /// The name of the service in logs, on Kubernetes and in labels.
    #[schemars(schema_with = "grammar::name")]
    pub name: String,
    /// The cargo package that is the service.
    #[schemars(schema_with = "grammar::package")]
    pub package: String,
    /// The binary of that package. Without it: the package's name.
    #[schemars(schema_with = "grammar::package")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub binary: Option<String>,
    /// The address it listens on.
    #[schemars(schema_with = "grammar::ip")]
    pub host: IpAddr,
    /// The port of the service itself. 0 takes a free one, and the start-up line says which.
    #[schemars(schema_with = "grammar::port")]
    pub port: u16,
    /// The port of `/livez`, `/readyz`, `/healthz` and `/metrics`. 0 takes a free one.
    #[schemars(schema_with = "grammar::port")]
    pub admin_port: u16,
    /// The form of the access log.
    pub log_format: LogFormat,
    /// Further arguments for the service's command line.
    #[schemars(schema_with = "grammar::arguments")]
    pub args: Vec<String>,
    /// Environment variables of the service, name to value. They are plain text: a secret does not
    /// belong here.
    #[schemars(schema_with = "grammar::variables")]
    pub env: BTreeMap<String, String>,
    /// Milliseconds for a request's header to arrive. Without it: the service's default.
    #[schemars(schema_with = "grammar::deadline")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header_timeout_ms: Option<u64>,
    /// Milliseconds between two requests on a connection; longer than those of the load balancer.
    /// Without it: the service's default.
    #[schemars(schema_with = "grammar::deadline")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idle_timeout_ms: Option<u64>,
    /// Milliseconds between two parts of a request's body. Without it: the service's default.
    #[schemars(schema_with = "grammar::deadline")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body_timeout_ms: Option<u64>,
    /// Milliseconds between two parts of an answer that the client takes. Without it: the
    /// service's default.
    #[schemars(schema_with = "grammar::deadline")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub write_timeout_ms: Option<u64>,
    /// Milliseconds from a request's header to the end of its answer. Without it: the service's
    /// default.
    #[schemars(schema_with = "grammar::deadline")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_timeout_ms: Option<u64>,
    /// Connections open at one time; one more is answered with 503. Without it: the service's
    /// default.
    #[schemars(schema_with = "grammar::connections")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_connections: Option<u32>,
    /// Bytes of a request's header; more is answered with 431 or 414. Without it: the service's
    /// default.
    #[schemars(schema_with = "grammar::header_bytes")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_header_bytes: Option<u32>,
    /// Bytes of a request's body; more is answered with 413. Without it: the service's default.
    #[schemars(schema_with = "grammar::body_bytes")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_body_bytes: Option<u64>,
    /// Milliseconds that it goes on accepting after SIGTERM, while `/readyz` says 503. Without it:
    /// the service's default.
    #[schemars(schema_with = "grammar::delay")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drain_delay_ms: Option<u64>,
    /// Milliseconds for an idle connection's last request, once it no longer accepts. Without it:
    /// the service's default.
    #[schemars(schema_with = "grammar::delay")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drain_grace_ms: Option<u64>,
    /// Milliseconds after SIGTERM at which it ends at the latest; less than what the orchestrator
    /// waits. Without it: the service's default.
    #[schemars(schema_with = "grammar::delay")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drain_cap_ms: Option<u64>,
    /// Networks whose `X-Forwarded-For` is believed. Without it: the service's default.
    #[schemars(schema_with = "grammar::networks")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trusted_proxies: Option<Vec<String>>,
    /// Hosts that it answers for, `*.HOST` for all below; others are answered with 421. An empty
    /// list: all. Without it: the service's default.
    #[schemars(schema_with = "grammar::hosts")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed_hosts: Option<Vec<String>>,
}

impl Service {
    /// The name of the binary: `binary`, or the package's name.
    pub fn binary(&self) -> &str {
        self.binary.as_deref().unwrap_or(&self.package)
    }

    /// The variables that tell the service its settings, and those of `env` over them. A setting that the configuration
    /// leaves open is left to the service.
    pub fn environment(&self) -> BTreeMap<String, String> {
        let Ok(Value::Object(settings)) = serde_json::to_value(self) else {
            return BTreeMap::new();
        };
        let mut variables = BTreeMap::new();
        for (key, value) in settings {
            // These say how the service is built and started; the others are its own settings.
            if matches!(key.as_str(), "package" | "binary" | "args" | "env") {
                continue;
            }
            let text = match value {
                Value::Null => continue,
                Value::String(text) => text,
                Value::Array(items) => {
                    items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(",")
                }
                other => other.to_string(),
            };
            variables.insert(format!("SKYWARD_SERVICE__{}", key.to_uppercase()), text);
        }
        variables.extend(self.env.clone());
        variables
    }
}

impl Default for Service {
    fn default() -> Self {
        Self {
            name: "skyward-service".into(),
            package: "skyward-service".into(),
            binary: None,
            host: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            port: 8000,
            admin_port: 9000,
            log_format: LogFormat::default(),
            args: Vec::new(),
            env: BTreeMap::new(),
            header_timeout_ms: None,
            idle_timeout_ms: None,
            body_timeout_ms: None,
            write_timeout_ms: None,
            request_timeout_ms: None,
            max_connections: None,
            max_header_bytes: None,
            max_body_bytes: None,
            drain_delay_ms: None,
            drain_grace_ms: None,
            drain_cap_ms: None,
            trusted_proxies: None,
            allowed_hosts: None,
        }
    }
}

/// The form of the access log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// As Python's `http.server` writes it: `127.0.0.1 - - [27/Oct/2023 21:20:37] "GET / HTTP/1.1"
    /// 200 -`.
    #[default]
    Default,
    /// The Common Log Format.
    Common,
    /// The Common Log Format with referrer and user agent.
    Combined,
    /// One JSON object a line.
    Json,
}

impl LogFormat {
    /// The word in the configuration and on the service's command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Common => "common",
            Self::Combined => "combined",
            Self::Json => "json",
        }
    }
}
