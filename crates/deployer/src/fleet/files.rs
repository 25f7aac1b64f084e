//! The files of a machine: their content, mode and place. Pure.

mod service;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use skyward_config::Role;

use super::facts::{Facts, Init};
use super::machine::{Fleet, Machine};
use super::record;
use super::secret::hex;
use crate::render::yaml_document as document;

/// A file that a machine is to have.
#[derive(Clone, PartialEq, Eq)]
pub struct Desired {
    /// Where.
    pub path: String,
    /// Permission bits.
    pub mode: u32,
    /// What it holds; it may be secret.
    pub content: Vec<u8>,
}

impl std::fmt::Debug for Desired {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {:o}", self.path, self.mode)
    }
}

impl Desired {
    fn new(path: &str, mode: u32, content: impl Into<Vec<u8>>) -> Self {
        Self { path: path.to_owned(), mode, content: content.into() }
    }

    /// The SHA-256 of the content.
    pub fn sum(&self) -> String {
        hex(&Sha256::digest(&self.content))
    }

    /// Whether the machine has it: content, mode and owner.
    pub fn is_there(&self, facts: &Facts) -> bool {
        facts.paths.get(&self.path).is_some_and(|entry| {
            entry.sum.as_deref() == Some(&self.sum())
                && entry.mode == format!("{:o}", self.mode)
                && entry.owner == "0:0"
        })
    }
}

const HEAD: &str =
    "# Written by `cargo xtask deploy-k3s cluster`, which writes it anew where it differs.\n";

/// Where a machine stands in its cluster.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The machine.
    pub machine: &'a Machine,
    /// The name of its node.
    pub node: &'a str,
    /// The server that the cluster began on.
    pub first: &'a Machine,
    /// Whether this is it.
    pub is_first: bool,
}

/// All files of a machine but its tokens and k3s itself.
pub fn desired(fleet: &Fleet, place: &Place<'_>, init: Init) -> Vec<Desired> {
    let unit = record::unit(place.machine.role);
    let mut files = vec![Desired::new(record::CONFIG, 0o600, config(fleet, place))];
    if let Some(registries) = &fleet.options.registries {
        files.push(Desired::new(record::REGISTRIES, 0o600, registries.clone()));
    }
    let env = |before: &str| service::environment(&fleet.options.env, before);
    match init {
        Init::OpenRc => {
            files.push(Desired::new(&format!("/etc/init.d/{unit}"), 0o755, service::openrc(unit)));
            files.push(Desired::new(&format!("/etc/conf.d/{unit}"), 0o600, env("export ")));
            let rotate = service::logrotate(unit);
            files.push(Desired::new(&format!("/etc/logrotate.d/{unit}"), 0o644, rotate));
        }
        Init::Systemd | Init::Unknown => {
            let path = format!("/etc/systemd/system/{unit}.service");
            files.push(Desired::new(&path, 0o644, service::systemd(unit)));
            files.push(Desired::new(&format!("{path}.env"), 0o600, env("")));
        }
    }
    files
}

/// `config.yaml` (docs.k3s.io, "Configuration File"). It holds no secret: tokens are in files of their own.
fn config(fleet: &Fleet, place: &Place<'_>) -> String {
    let (machine, options) = (place.machine, &fleet.options);
    let mut keys = Map::new();
    let mut set = |key: &str, value: Value| drop(keys.insert(key.to_owned(), value));
    set("token-file", json!(record::TOKEN));
    set("node-name", json!(place.node));
    if let Some(ip) = &machine.ip {
        set("node-ip", json!(ip));
    }
    if !machine.labels.is_empty() {
        let labels = machine.labels.iter().map(|(name, value)| format!("{name}={value}"));
        set("node-label", labels.collect());
    }
    if !place.is_first {
        set("server", json!(place.first.api_server()));
    }
    if machine.role == Role::Server {
        set("agent-token-file", json!(record::AGENT_TOKEN));
        // With one server alone the data is in SQLite; k3s moves it into etcd when this is there.
        if place.is_first && fleet.servers().count() > 1 {
            set("cluster-init", json!(true));
        }
        let names: BTreeSet<&str> = fleet
            .servers()
            .flat_map(|server| [server.address.as_deref(), server.ip.as_deref()])
            .flatten()
            .collect();
        if !names.is_empty() {
            set("tls-san", names.into_iter().collect());
        }
        let disabled: Vec<&str> = [("traefik", options.traefik), ("servicelb", options.servicelb)]
            .into_iter()
            .filter_map(|(name, wanted)| (!wanted).then_some(name))
            .collect();
        if !disabled.is_empty() {
            set("disable", json!(disabled));
        }
        if options.embedded_registry {
            set("embedded-registry", json!(true));
        }
        set("secrets-encryption", json!(true));
        set("write-kubeconfig-mode", json!("0600"));
    }
    format!("{HEAD}{}", document(&Value::Object(keys)))
}

/// `registries.yaml` (docs.k3s.io, "Private Registry Configuration"); none where nothing is mirrored. The embedded mirror serves
/// the registries that are named there, and `*` is all.
pub fn registries(mirrors: &BTreeMap<String, Vec<String>>, embedded: bool) -> Option<String> {
    let mut entries: Map<String, Value> = mirrors
        .iter()
        .map(|(registry, addresses)| (registry.clone(), json!({"endpoint": addresses})))
        .collect();
    if embedded {
        entries.entry("*").or_insert(json!({}));
    }
    (!entries.is_empty()).then(|| format!("{HEAD}{}", document(&json!({"mirrors": entries}))))
}

/// What tells whether k3s runs with what it is to run with: its binary, its configuration and its service.
pub fn stamp(binary: &str, files: &[Desired]) -> String {
    let mut hash = Sha256::new();
    hash.update(binary);
    for file in files {
        hash.update(&file.path);
        hash.update(file.sum());
    }
    hex(&hash.finalize())
}
