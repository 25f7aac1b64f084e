//! The files that a machine is to have: their content, mode and place. Pure.

mod service;

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use skyward_config::Role;

use super::cluster::{Cluster, Machine};
use super::facts::{Facts, Init};
use super::record;
use super::token::hex;

/// A file that a machine is to have.
#[derive(Clone, PartialEq, Eq)]
pub struct DesiredFile {
    /// The path.
    pub path: String,
    /// Permission bits.
    pub mode: u32,
    /// The content, which may be secret.
    pub content: Vec<u8>,
}

impl std::fmt::Debug for DesiredFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {:o}", self.path, self.mode)
    }
}

impl DesiredFile {
    fn new(path: &str, mode: u32, content: impl Into<Vec<u8>>) -> Self {
        Self { path: path.to_owned(), mode, content: content.into() }
    }

    /// The SHA-256 of the content.
    pub fn sum(&self) -> String {
        hex(&Sha256::digest(&self.content))
    }

    /// Returns true where the machine has it with content, mode and owner.
    pub fn is_there(&self, facts: &Facts) -> bool {
        facts.paths.get(&self.path).is_some_and(|entry| {
            entry.sum.as_deref() == Some(&self.sum())
                && entry.mode == format!("{:o}", self.mode)
                && entry.owner == "0:0"
        })
    }
}

/// The head of every file.
const HEAD: &str =
    "# Managed by `cargo xtask deploy-k3s cluster`, which overwrites local changes.\n";

/// A machine as a member of its cluster.
#[derive(Debug, Clone, Copy)]
pub struct Member<'a> {
    /// The machine.
    pub machine: &'a Machine,
    /// The name of its node.
    pub node: &'a str,
    /// The address by which it joins; none for the server that the cluster begins on.
    pub joins: Option<&'a str>,
}

/// Returns all files of a machine but its tokens and k3s itself.
pub fn desired(cluster: &Cluster, member: &Member<'_>, init: Init) -> Vec<DesiredFile> {
    let unit = record::unit(member.machine.role);
    let mut files = vec![DesiredFile::new(record::CONFIG, 0o600, config(cluster, member))];
    if let Some(registries) = registries(cluster) {
        files.push(DesiredFile::new(record::REGISTRIES, 0o600, registries));
    }
    let env = |before: &str| service::environment(&cluster.settings.node_env, before);
    match init {
        Init::OpenRc => {
            files.push(DesiredFile::new(
                &format!("/etc/init.d/{unit}"),
                0o755,
                service::openrc(unit),
            ));
            files.push(DesiredFile::new(&format!("/etc/conf.d/{unit}"), 0o600, env("export ")));
            let rotate = service::logrotate(unit);
            files.push(DesiredFile::new(&format!("/etc/logrotate.d/{unit}"), 0o644, rotate));
        }
        Init::Systemd | Init::Unknown => {
            let path = format!("/etc/systemd/system/{unit}.service");
            files.push(DesiredFile::new(&path, 0o644, service::systemd(unit)));
            files.push(DesiredFile::new(&format!("{path}.env"), 0o600, env("")));
        }
    }
    files
}

/// `config.yaml` (docs.k3s.io, "Configuration File"). It holds no secret, because tokens are in files of their own.
fn config(cluster: &Cluster, member: &Member<'_>) -> String {
    let (machine, settings) = (member.machine, &cluster.settings);
    // Those of all machines that an agent does not know would keep it from starting.
    let is_known = |name: &str| machine.role == Role::Server || !service::is_of_servers(name);
    let of_all = settings.options.iter().filter(|(name, _)| is_known(name));
    let mut keys: Map<String, Value> = of_all.chain(&machine.options).map(option).collect();
    let mut set = |key: &str, value: Value| drop(keys.insert(key.to_owned(), value));
    set("token-file", json!(record::TOKEN));
    set("node-name", json!(member.node));
    if let Some(ip) = &machine.ip {
        set("node-ip", json!(ip));
    }
    if !machine.labels.is_empty() {
        let labels = machine.labels.iter().map(|(name, value)| format!("{name}={value}"));
        set("node-label", labels.collect());
    }
    if !machine.taints.is_empty() {
        set("node-taint", json!(machine.taints));
    }
    if let Some(address) = member.joins {
        set("server", json!(address));
    }
    if machine.role == Role::Server {
        set("agent-token-file", json!(record::AGENT_TOKEN));
        // A single server keeps its data in SQLite; k3s moves it into etcd when this is set.
        if member.joins.is_none() && cluster.servers().count() > 1 {
            set("cluster-init", json!(true));
        }
        let names: BTreeSet<&str> = cluster
            .servers()
            .flat_map(|server| [server.address.as_deref(), server.ip.as_deref()])
            .flatten()
            .chain(settings.endpoint.as_deref())
            .collect();
        if !names.is_empty() {
            set("tls-san", names.into_iter().collect());
        }
        let disabled: Vec<&str> =
            [("traefik", settings.traefik), ("servicelb", settings.servicelb)]
                .into_iter()
                .filter_map(|(name, wanted)| (!wanted).then_some(name))
                .collect();
        if !disabled.is_empty() {
            set("disable", json!(disabled));
        }
        if settings.embedded_registry {
            set("embedded-registry", json!(true));
        }
        let networks =
            [("cluster-cidr", &settings.pod_network), ("service-cidr", &settings.service_network)];
        for (key, network) in networks {
            if let Some(network) = network {
                set(key, json!(network));
            }
        }
        set("secrets-encryption", json!(true));
        set("write-kubeconfig-mode", json!("0600"));
    }
    format!("{HEAD}{}", yaml(&Value::Object(keys)))
}

/// A key that is passed on as it is. Flags that are given once have one value.
fn option((key, values): (&String, &Vec<String>)) -> (String, Value) {
    let value = match values.as_slice() {
        [one] => json!(one),
        many => json!(many),
    };
    (key.clone(), value)
}

/// `registries.yaml`: the configured file, or one with the configured mirrors (docs.k3s.io, "Private Registry Configuration"). The
/// embedded mirror serves the registries that are named there, of which `*` is all.
fn registries(cluster: &Cluster) -> Option<String> {
    if cluster.registries.is_some() {
        return cluster.registries.clone();
    }
    let mirrors = cluster.settings.registries.iter();
    let mut entries: Map<String, Value> = mirrors
        .map(|(registry, addresses)| (registry.clone(), json!({"endpoint": addresses})))
        .collect();
    if cluster.settings.embedded_registry {
        entries.entry("*").or_insert(json!({}));
    }
    (!entries.is_empty()).then(|| format!("{HEAD}{}", yaml(&json!({"mirrors": entries}))))
}

/// Writes a document with its keys by name, as kubectl does. Strings that YAML, 1.1 or 1.2, would read as something else are quoted.
pub(crate) fn yaml(document: &Value) -> String {
    let options = serde_saphyr::ser_options! { prefer_block_scalars: false };
    serde_saphyr::to_string_with_options(document, options)
        .expect("what JSON can say, YAML can say")
}

/// A stamp of all that k3s is started with: its binary, the images that it imports as it starts, its configuration and its service. A
/// running k3s with another stamp is restarted.
pub fn stamp(binary: &str, images: Option<&str>, files: &[DesiredFile]) -> String {
    let mut hash = Sha256::new();
    hash.update(binary);
    hash.update(images.unwrap_or_default());
    for file in files {
        hash.update(&file.path);
        hash.update(file.sum());
    }
    hex(&hash.finalize())
}
