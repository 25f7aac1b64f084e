//! The record of a machine: the paths that existed before us. It is written before the first change, and `down` reads it.
//!
//! This module names every path that k3s and this crate touch, so that the inspection looks at each of them and `down` removes each that
//! was not there before.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use skyward_config::Role;

/// The record.
pub const RECORD: &str = "/var/lib/skyward/k3s/record.json";
/// Files that were there before ours took their place.
pub const BEFORE: &str = "/var/lib/skyward/k3s/before";
/// The stamp that k3s was last started with.
pub const STARTED: &str = "/var/lib/skyward/k3s/started";
/// Says how far the restore of a snapshot is: the SHA-256 of its data, and `begun`, `data` or `done`.
pub const RESTORED: &str = "/var/lib/skyward/k3s/restored";
/// Exists while we keep pods off the node.
pub const CORDONED: &str = "/var/lib/skyward/k3s/cordoned";

/// The lock that an operator holds while it changes the machine. It goes with the operator, and with the machine's next start.
pub const LOCK: &str = "/run/skyward-k3s.lock";

/// k3s's binary.
pub const BINARY: &str = "/usr/local/bin/k3s";
/// k3s's configuration.
pub const CONFIG: &str = "/etc/rancher/k3s/config.yaml";
/// The token that servers join with.
pub const TOKEN: &str = "/etc/rancher/k3s/token";
/// The token that agents join with.
pub const AGENT_TOKEN: &str = "/etc/rancher/k3s/agent-token";
/// Mirrors and credentials of registries.
pub const REGISTRIES: &str = "/etc/rancher/k3s/registries.yaml";
/// The folder from which k3s imports images.
pub const IMAGES: &str = "/var/lib/rancher/k3s/agent/images";

/// A server's data.
pub const SERVER_DATA: &str = "/var/lib/rancher/k3s/server";
/// A node's data.
pub const AGENT_DATA: &str = "/var/lib/rancher/k3s/agent";

/// The files that we may write, for all init systems and roles.
pub const FILES: [&str; 15] = [
    BINARY,
    CONFIG,
    TOKEN,
    AGENT_TOKEN,
    REGISTRIES,
    "/etc/systemd/system/k3s.service",
    "/etc/systemd/system/k3s.service.env",
    "/etc/systemd/system/k3s-agent.service",
    "/etc/systemd/system/k3s-agent.service.env",
    "/etc/init.d/k3s",
    "/etc/init.d/k3s-agent",
    "/etc/conf.d/k3s",
    "/etc/conf.d/k3s-agent",
    "/etc/logrotate.d/k3s",
    "/etc/logrotate.d/k3s-agent",
];

/// Trees that k3s makes: `down` removes those that did not exist before.
pub const TREES: [&str; 19] = [
    "/etc/rancher/k3s/k3s.yaml",
    "/etc/rancher/node",
    "/var/lib/rancher/k3s",
    "/var/lib/kubelet",
    "/usr/libexec/kubernetes",
    "/run/containerd",
    "/var/lib/cni/networks/cbr0",
    "/var/lib/cni/flannel",
    "/run/k3s",
    "/run/flannel",
    "/run/cni",
    "/var/log/pods",
    "/var/log/containers",
    "/var/log/k3s.log",
    "/var/log/k3s-agent.log",
    SERVER_DATA,
    AGENT_DATA,
    "/var/lib/rancher/k3s/data",
    "/var/lib/rancher/k3s/storage",
];

/// Trees of a kubelet that may have existed before: `down` removes what was not in them then.
pub const SWEPT: [&str; 6] = [
    "/etc/rancher/node",
    "/var/lib/kubelet",
    "/run/k3s",
    "/run/flannel",
    "/var/log/pods",
    "/var/log/containers",
];

/// Folders that are made for the files, deepest first: `down` removes those that did not exist before and are empty.
pub const FOLDERS: [&str; 13] = [
    "/var/lib/cni/networks",
    "/var/lib/cni/results",
    "/var/lib/cni",
    "/etc/rancher/k3s",
    "/etc/rancher",
    "/var/lib/rancher",
    "/usr/local/bin",
    "/usr/libexec",
    "/etc/systemd/system/multi-user.target.wants",
    "/etc/systemd/system",
    "/etc/init.d",
    "/etc/conf.d",
    "/etc/logrotate.d",
];

/// Settings of the kernel below `/proc/sys` and the values that the kubelet gives them (`setupKernelTunables` in
/// `pkg/kubelet/cm/container_manager_linux.go`).
pub const SYSCTLS: [(&str, &str); 4] = [
    ("vm/overcommit_memory", "1"),
    ("vm/panic_on_oom", "0"),
    ("kernel/panic", "10"),
    ("kernel/panic_on_oops", "1"),
];

/// Network links that k3s makes, as the paths under which they exist.
pub const LINKS: [&str; 4] = [
    "/sys/class/net/cni0",
    "/sys/class/net/flannel.1",
    "/sys/class/net/flannel-v6.1",
    "/sys/class/net/flannel-wg",
];

/// Every path that the inspection looks at.
pub fn paths() -> Vec<String> {
    let images = ["amd64", "arm64", "arm"].into_iter().flat_map(|arch| {
        ["tar.zst", "tar.gz", "tar"]
            .map(|ending| format!("{IMAGES}/k3s-airgap-images-{arch}.{ending}"))
    });
    let fixed = FILES.into_iter().chain(TREES).chain(FOLDERS).chain(LINKS);
    fixed.map(str::to_owned).chain(images).collect()
}

/// The record of a machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The cluster's name.
    pub cluster: String,
    /// The ID that tells it from other clusters of its name.
    pub id: String,
    /// The role of the machine.
    pub role: Role,
    /// The name of its node.
    pub node: String,
    /// True for the machine that the cluster began on.
    pub first: bool,
    /// The paths that existed before.
    pub before: BTreeSet<String>,
    /// True where rules of other CNI plugins existed before.
    #[serde(default)]
    pub cni_rules: bool,
    /// The settings of the kernel before, by their paths below `/proc/sys`.
    #[serde(default)]
    pub sysctls: BTreeMap<String, String>,
}

impl Record {
    /// The name of its service.
    pub fn unit(&self) -> &'static str {
        unit(self.role)
    }

    /// Its content as a file.
    pub fn content(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }
}

/// The name of k3s's service, as its own installer calls it.
pub fn unit(role: Role) -> &'static str {
    match role {
        Role::Server => "k3s",
        Role::Agent => "k3s-agent",
    }
}
