//! The variables of the service, and the settings among them that the pod is built around.

use std::collections::BTreeMap;
use std::net::IpAddr;

use thiserror::Error;

use crate::release::Release;

/// The prefix of the service's settings among the variables.
const PREFIX: &str = "SKYWARD_SERVICE__";

/// Lower ones are for privileged processes, unless the pod says otherwise.
pub(super) const FIRST_UNPRIVILEGED_PORT: u16 = 1024;

/// The variables of the container, and those settings that the pod is built around.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Environment {
    /// Plain variables: `[service]`, and `k3s.env` over them.
    pub(super) variables: BTreeMap<String, String>,
    /// The port of the service.
    pub(super) port: u16,
    /// The second port, of the probes and metrics, where there is one.
    pub(super) admin_port: Option<u16>,
    /// Milliseconds that the service takes at most from SIGTERM to its end.
    pub(super) drain_cap_ms: u32,
}

impl Environment {
    /// Of a release.
    ///
    /// # Errors
    /// When no probe or client could reach the service.
    pub(super) fn of(release: &Release) -> Result<Self, RenderError> {
        let mut variables = release.service.environment();
        variables.extend(release.k3s.env.clone());
        variables.retain(|name, _| !release.k3s.secrets.contains_key(name));
        let read = Settings { release, variables: &variables };
        let host: IpAddr = read.setting("host", "an IP address")?.unwrap_or(release.service.host);
        if host.is_loopback() {
            return Err(read.error(
                "host",
                &format!("nothing outside the pod reaches {host}; take 0.0.0.0 or ::"),
            ));
        }
        let port = read.port("port")?;
        let has_admin_port = release.service.has_admin_port();
        let admin_port = has_admin_port.then(|| read.port("admin_port")).transpose()?;
        if admin_port == Some(port) {
            return Err(read.error(
                "admin_port",
                &format!("{port} is the port of the service too; the two differ"),
            ));
        }
        let drain_cap_ms = read.setting("drain_cap_ms", "a number of milliseconds")?.unwrap_or(
            u32::try_from(release.service.settings().drain_cap_ms()).unwrap_or(u32::MAX),
        );
        Ok(Self { variables, port, admin_port, drain_cap_ms })
    }

    /// The lowest port that the service listens on.
    pub(super) fn lowest_port(&self) -> u16 {
        self.admin_port.map_or(self.port, |admin| admin.min(self.port))
    }
}

/// Reads settings back from the variables: `k3s.env` may have set them again.
struct Settings<'a> {
    release: &'a Release,
    variables: &'a BTreeMap<String, String>,
}

impl Settings<'_> {
    /// A port that the pod can name.
    fn port(&self, key: &str) -> Result<u16, RenderError> {
        match self.setting(key, "a port")? {
            Some(0) | None => {
                Err(self.error(key, "a pod names its ports; give one from 1 to 65535"))
            }
            Some(port) => Ok(port),
        }
    }

    fn setting<T: std::str::FromStr>(
        &self,
        key: &str,
        what: &str,
    ) -> Result<Option<T>, RenderError> {
        let variable = variable(key);
        if self.release.k3s.secrets.contains_key(&variable) {
            return Err(self.error(
                key,
                "the pod is built around this setting, so it cannot come from a Secret",
            ));
        }
        let text = self.variables.get(&variable);
        let value = text.map(|text| {
            text.parse().map_err(|_| self.error(key, &format!("`{text}` is not {what}")))
        });
        value.transpose()
    }

    /// Names the key that the setting came from.
    fn error(&self, key: &str, reason: &str) -> RenderError {
        let variable = variable(key);
        let k3s = &self.release.k3s;
        let key = if k3s.secrets.contains_key(&variable) {
            format!("k3s.secrets.{variable}")
        } else if k3s.env.contains_key(&variable) {
            format!("k3s.env.{variable}")
        } else {
            format!("service.{key}")
        };
        RenderError { key, reason: reason.to_owned() }
    }
}

fn variable(key: &str) -> String {
    format!("{PREFIX}{}", key.to_uppercase())
}

/// The reason why a release cannot be rendered: no pod of it could serve.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{key}: {reason}")]
pub struct RenderError {
    /// The key of the configuration.
    pub key: String,
    /// The mistake in its value, and what would be right.
    pub reason: String,
}
