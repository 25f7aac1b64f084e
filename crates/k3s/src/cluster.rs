//! The cluster as the configuration asks for it: its machines, and the settings that they share.

use std::collections::BTreeMap;
use std::time::Duration;

use skyward_config::{K3s, Loaded, Role};

use super::version::Version;

/// The port of k3s's API server (docs.k3s.io, "Networking").
pub(crate) const API_SERVER: u16 = 6443;

/// A cluster that is asked for.
#[derive(Debug, Clone)]
pub struct Cluster {
    /// Its name.
    pub name: String,
    /// The context that the kubeconfig gets.
    pub context: String,
    /// The machines, in the configuration's order.
    pub machines: Vec<Machine>,
    /// Machines of the configuration that were not reached. They count as members, and nothing is done on them.
    pub away: Vec<Machine>,
    /// The version of k3s.
    pub version: Version,
    /// `[k3s]` of the configuration.
    pub settings: K3s,
    /// The content of `k3s.registries_file`. It may hold credentials.
    pub registries: Option<String>,
}

/// A setting of the configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingError {
    /// A file cannot be read.
    #[error("reading {key} of the configuration: {path}: {reason}")]
    File {
        /// The key.
        key: &'static str,
        /// The file.
        path: String,
        /// The system's words.
        reason: String,
    },
    /// `k3s.version` is not a version of k3s.
    #[error("k3s.version: {0} is not a version of k3s, such as v1.36.3+k3s1")]
    Version(String),
}

/// A machine as it is configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    /// The address that ssh connects to; none for this machine.
    pub address: Option<String>,
    /// The user of ssh.
    pub user: Option<String>,
    /// The port of ssh.
    pub port: Option<u16>,
    /// Its role.
    pub role: Role,
    /// The address that other machines reach it by, where it is not `address`.
    pub ip: Option<String>,
    /// The name of its node, where it is not its host name.
    pub name: Option<String>,
    /// The labels of its node.
    pub labels: BTreeMap<String, String>,
    /// The taints of its node.
    pub taints: Vec<String>,
    /// Further keys of k3s's configuration, over those of the cluster.
    pub options: BTreeMap<String, Vec<String>>,
}

impl Cluster {
    /// Reads the configuration, and the files that it names.
    ///
    /// # Errors
    /// The file that `k3s.registries_file` names cannot be read.
    pub fn read(loaded: &Loaded) -> Result<Self, SettingError> {
        let settings = loaded.config.k3s.clone();
        let machines = match &settings.machine[..] {
            [] => vec![Machine::this()],
            listed => listed.iter().map(Machine::from_config).collect(),
        };
        let read = |file| {
            let path = loaded.root.join(file);
            std::fs::read_to_string(&path).map_err(|error| SettingError::File {
                key: "k3s.registries_file",
                path: path.display().to_string(),
                reason: error.to_string(),
            })
        };
        Ok(Self {
            name: settings.cluster.clone(),
            context: settings.context.clone().unwrap_or_else(|| settings.cluster.clone()),
            machines,
            away: Vec::new(),
            version: Version::parse(&settings.version)
                .ok_or_else(|| SettingError::Version(settings.version.clone()))?,
            registries: settings.registries_file.as_ref().map(read).transpose()?,
            settings,
        })
    }

    /// All machines of the configuration, those that were not reached last.
    pub fn all(&self) -> impl Iterator<Item = &Machine> {
        self.machines.iter().chain(&self.away)
    }

    /// The servers, also those that were not reached.
    pub fn servers(&self) -> impl Iterator<Item = &Machine> {
        self.all().filter(|machine| machine.role == Role::Server)
    }

    /// The longest wait for a node to be ready.
    pub fn node_timeout(&self) -> Duration {
        Duration::from_secs(self.settings.node_timeout_s.into())
    }
}

impl Machine {
    /// This machine, as the only one.
    pub fn this() -> Self {
        Self {
            address: None,
            user: None,
            port: None,
            role: Role::Server,
            ip: None,
            name: None,
            labels: BTreeMap::new(),
            taints: Vec::new(),
            options: BTreeMap::new(),
        }
    }

    fn from_config(listed: &skyward_config::Machine) -> Self {
        let is_this = matches!(listed.address.as_str(), "localhost" | "127.0.0.1" | "::1");
        // With a port it is another machine: a virtual one behind a forwarded port.
        let address = (!is_this || listed.port.is_some()).then(|| listed.address.clone());
        Self {
            address,
            user: listed.user.clone(),
            port: listed.port,
            role: listed.role,
            ip: listed.ip.clone(),
            name: listed.name.clone(),
            labels: listed.labels.clone(),
            taints: listed.taints.clone(),
            options: listed.options.clone(),
        }
    }

    /// Its name for people.
    pub fn label(&self) -> String {
        match (&self.address, self.port) {
            (Some(address), Some(port)) => format!("{}:{port}", in_address(address)),
            (Some(address), None) => address.clone(),
            (None, _) => "this machine".to_owned(),
        }
    }

    /// The address at which other machines and clients reach it; none for this machine without an `ip`.
    pub fn address_for_others(&self) -> Option<&str> {
        self.ip.as_deref().or(self.address.as_deref())
    }

    /// The address of its API server for clients on the operator's machine.
    pub fn api_server(&self) -> String {
        api_server(self.address_for_others().unwrap_or("127.0.0.1"))
    }
}

/// The address of the API server on a host.
pub fn api_server(host: &str) -> String {
    format!("https://{}:{API_SERVER}", in_address(host))
}

/// A host as it is written before a port: an address of IPv6 in brackets (RFC 3986, section 3.2.2).
fn in_address(host: &str) -> String {
    if host.contains(':') && !host.starts_with('[') { format!("[{host}]") } else { host.to_owned() }
}
