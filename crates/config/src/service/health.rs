//! `service.health`: how it is found out that a service is ready and alive.
//!
//! Everything that asks (`image run --check`, the probes of pods, the load balancer of AWS) takes the answer from
//! [`Service::probes`], so that a service with one port is described in one place.

use crate::Service;

/// The value of `service.health`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "file", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "file", serde(untagged))]
pub enum Health {
    /// A word instead of paths.
    Word(HealthWord),
    /// Paths that answer 200.
    Paths(HealthPaths),
}

/// A kind of health check without paths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "file", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "file", serde(rename_all = "lowercase"))]
pub enum HealthWord {
    /// The service's port takes connections.
    Tcp,
    /// Nothing is asked.
    None,
}

impl HealthWord {
    /// The words of the configuration, with their meanings.
    pub const WORDS: &'static [(&'static str, &'static str)] = &[
        ("tcp", "The service is ready and alive while `port` takes connections."),
        (
            "none",
            "Nothing is asked: a pod counts as ready when its process starts, so a rollout may lose requests, and one that hangs is never restarted.",
        ),
    ];
}

/// The paths of health checks, and their port.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "file", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "file", serde(default, deny_unknown_fields))]
pub struct HealthPaths {
    /// Answers 200 while the service takes requests.
    #[cfg_attr(feature = "file", serde(skip_serializing_if = "Option::is_none"))]
    pub ready: Option<String>,
    /// Answers 200 while the process need not be restarted.
    #[cfg_attr(feature = "file", serde(skip_serializing_if = "Option::is_none"))]
    pub live: Option<String>,
    /// The port of both.
    #[cfg_attr(feature = "file", serde(skip_serializing_if = "Option::is_none"))]
    pub port: Option<u16>,
    /// Seconds that the service may take to start.
    #[cfg_attr(feature = "file", serde(skip_serializing_if = "Option::is_none"))]
    pub start_s: Option<u16>,
}

/// The health checks of a service, settled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probes {
    /// The question.
    pub ask: Ask,
    /// The port that is asked.
    pub port: ProbePort,
    /// Seconds that the service may take to start, where the configuration says so.
    pub start_s: Option<u16>,
}

/// The question of a health check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// GET these paths; 200 is yes.
    Http {
        /// Ready for requests.
        ready: String,
        /// Alive.
        live: String,
    },
    /// Connect.
    Tcp,
    /// None.
    Nothing,
}

/// The port of a health check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProbePort {
    /// `service.port`.
    Service,
    /// `service.admin_port`.
    Admin,
    /// One of their own.
    Other(u16),
}

impl Service {
    /// The health checks.
    pub fn probes(&self) -> Probes {
        let paths = match &self.health {
            None => HealthPaths::default(),
            Some(Health::Paths(paths)) => paths.clone(),
            Some(Health::Word(word)) => {
                let ask = if *word == HealthWord::Tcp { Ask::Tcp } else { Ask::Nothing };
                return Probes { ask, port: ProbePort::Service, start_s: None };
            }
        };
        let HealthPaths { ready, live, port, start_s } = paths;
        let port = match port {
            Some(port) if port == self.port => ProbePort::Service,
            Some(port) if port == self.admin_port => ProbePort::Admin,
            Some(port) => ProbePort::Other(port),
            None if ready.is_some() || live.is_some() => ProbePort::Service,
            None => ProbePort::Admin,
        };
        let ask = Ask::Http {
            ready: ready.clone().or_else(|| live.clone()).unwrap_or_else(|| "/readyz".into()),
            live: live.or(ready).unwrap_or_else(|| "/livez".into()),
        };
        Probes { ask, port, start_s }
    }

    /// Returns true where the service has a second port: the one that its health checks ask.
    pub fn has_admin_port(&self) -> bool {
        self.probes().port == ProbePort::Admin
    }

    /// Tells what is lost where nothing is asked.
    pub fn unasked(&self) -> Option<&'static str> {
        let is_none = self.health == Some(Health::Word(HealthWord::None));
        is_none.then(|| HealthWord::WORDS[1].1)
    }

    /// Returns true where the service answers as `skyward-server` does: `/livez`, `/readyz`, `/healthz` and `/metrics` on
    /// its second port.
    pub fn has_own_probes(&self) -> bool {
        self.health.is_none()
    }
}
