//! The machines and what is wanted of them, from the configuration.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use skyward_config::{K3s, Loaded, Role};

use super::FleetError;
use super::release::Version;

/// What is wanted: machines, and what they have in common.
#[derive(Debug, Clone)]
pub struct Fleet {
    /// The cluster's name.
    pub cluster: String,
    /// The context that the kubeconfig gets.
    pub context: String,
    /// The machines, in the configuration's order.
    pub machines: Vec<Machine>,
    /// The release of k3s.
    pub version: Version,
    /// What all machines have in common.
    pub options: Options,
}

/// What all machines have in common.
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a key of the configuration")]
pub struct Options {
    /// The content of `registries.yaml`, if there is to be one. It may hold credentials.
    pub registries: Option<String>,
    /// Whether the nodes offer their images to each other.
    pub embedded_registry: bool,
    /// Whether k3s brings Traefik.
    pub traefik: bool,
    /// Whether k3s brings servicelb.
    pub servicelb: bool,
    /// Whether machines get the images for air-gapped use.
    pub images: bool,
    /// k3s's own environment.
    pub env: BTreeMap<String, String>,
    /// Seconds that a machine may take until its node is ready.
    pub node_timeout_s: u16,
}

/// A machine as it is configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    /// Where ssh reaches it; none for this machine.
    pub address: Option<String>,
    /// The user of ssh.
    pub user: Option<String>,
    /// The port of ssh.
    pub port: Option<u16>,
    /// What it does.
    pub role: Role,
    /// The address that other machines reach it by, where it is not `address`.
    pub ip: Option<String>,
    /// The name of its node, where it is not its host name.
    pub name: Option<String>,
    /// The labels of its node.
    pub labels: BTreeMap<String, String>,
}

impl Fleet {
    /// Reads what the configuration says, and the files that it names.
    ///
    /// # Errors
    /// A file that `k3s.registries_file` names cannot be read.
    pub fn read(loaded: &Loaded) -> Result<Self, FleetError> {
        let k3s = &loaded.config.k3s;
        let machines = match &k3s.machine[..] {
            [] => vec![Machine::this()],
            listed => listed.iter().map(Machine::from_config).collect(),
        };
        Ok(Self {
            cluster: k3s.cluster.clone(),
            context: k3s.context.clone().unwrap_or_else(|| k3s.cluster.clone()),
            machines,
            version: Version::parse(&k3s.version).ok_or_else(|| {
                FleetError::Unfit(format!("k3s.version: {} is no release of k3s", k3s.version))
            })?,
            options: Options {
                registries: registries(k3s, &loaded.root)?,
                embedded_registry: k3s.embedded_registry,
                traefik: k3s.traefik,
                servicelb: k3s.servicelb,
                images: k3s.airgap.is_some(),
                env: k3s.node_env.clone(),
                node_timeout_s: k3s.node_timeout_s,
            },
        })
    }

    /// The servers.
    pub fn servers(&self) -> impl Iterator<Item = &Machine> {
        self.machines.iter().filter(|machine| machine.role == Role::Server)
    }
}

/// The content of `registries.yaml`.
fn registries(k3s: &K3s, root: &Path) -> Result<Option<String>, FleetError> {
    if let Some(file) = &k3s.registries_file {
        let path: PathBuf = root.join(file);
        return std::fs::read_to_string(&path).map(Some).map_err(|error| FleetError::Configured {
            key: "k3s.registries_file",
            path: path.display().to_string(),
            reason: error.to_string(),
        });
    }
    Ok(super::files::registries(&k3s.registries, k3s.embedded_registry))
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
        }
    }

    fn from_config(listed: &skyward_config::Machine) -> Self {
        let is_this = matches!(listed.address.as_str(), "localhost" | "127.0.0.1" | "::1");
        // A port makes it another: a virtual machine behind a forwarded one.
        let address = (!is_this || listed.port.is_some()).then(|| listed.address.clone());
        Self {
            address,
            user: listed.user.clone(),
            port: listed.port,
            role: listed.role,
            ip: listed.ip.clone(),
            name: listed.name.clone(),
            labels: listed.labels.clone(),
        }
    }

    /// What people call it.
    pub fn label(&self) -> String {
        match (&self.address, self.port) {
            (Some(address), Some(port)) => format!("{address}:{port}"),
            (Some(address), None) => address.clone(),
            (None, _) => "this machine".to_owned(),
        }
    }

    /// Where the other machines and clients reach it; none for this machine where no `ip` is given.
    pub fn reached_at(&self) -> Option<&str> {
        self.ip.as_deref().or(self.address.as_deref())
    }

    /// The address of its API server for clients on the operator's machine.
    pub fn api_server(&self) -> String {
        let host = self.reached_at().unwrap_or("127.0.0.1");
        if host.contains(':') && !host.starts_with('[') {
            format!("https://[{host}]:6443")
        } else {
            format!("https://{host}:6443")
        }
    }
}
