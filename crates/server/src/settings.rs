//! What the service can be told, by flags and by environment variables. It reads no file: its image holds
//! nothing but the binary.

pub mod read;
pub mod table;

use crate::access_log::LogFormat;
use crate::client_address::Cidr;
use crate::connection::deadline::Deadlines;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

/// Everything that can be set, with its default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The name in the service's own lines: a DNS label.
    pub name: String,
    /// The address to listen on, for both ports.
    pub host: IpAddr,
    /// The service's port; 0 picks a free one.
    pub port: u16,
    /// The port of probes and metrics; 0 picks a free one.
    pub admin_port: u16,
    /// How the access log is written.
    pub log_format: LogFormat,
    /// How long things may take.
    pub deadlines: Deadlines,
    /// How many connections may be open; none for [`table::DEFAULT_CONNECTIONS`], or what the limit of open
    /// files allows.
    pub max_connections: Option<usize>,
    /// Bytes of a request's head.
    pub max_header_bytes: usize,
    /// Bytes of a request's body.
    pub max_body_bytes: u64,
    /// How long to go on accepting after the first signal.
    pub drain_delay: Duration,
    /// When to end at the latest after the first signal.
    pub drain_cap: Duration,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Cidr>,
    /// Hosts to answer for; empty for every host.
    pub allowed_hosts: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            name: "skyward-service".into(),
            host: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            port: 8000,
            admin_port: 9000,
            log_format: LogFormat::Default,
            deadlines: Deadlines {
                header: Duration::from_secs(10),
                // Longer than the load balancer's (ALB 60 s, Traefik 90 s): else it sends requests into
                // connections that we close, and answers 502.
                idle: Duration::from_mins(2),
                body: Duration::from_secs(15),
                write: Duration::from_secs(15),
                request: Duration::from_secs(30),
                drain_grace: Duration::from_millis(500),
            },
            max_connections: None,
            max_header_bytes: 16 * 1024,
            max_body_bytes: 1024 * 1024,
            drain_delay: Duration::from_secs(1),
            // Below the 10 s after which `docker stop` kills (Kubernetes waits 30 s).
            drain_cap: Duration::from_secs(8),
            trusted_proxies: Vec::new(),
            allowed_hosts: Vec::new(),
        }
    }
}
