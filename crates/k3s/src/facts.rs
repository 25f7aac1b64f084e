//! The facts of a machine. One script that changes nothing asks for them, and a pure function reads its answer.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde::Serialize;

use super::host::{Host, HostError};
use super::network::Network;
use super::record::{self, Record};

/// The init system, which runs services.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Init {
    /// systemd.
    Systemd,
    /// `OpenRC`.
    OpenRc,
    /// Something else.
    #[default]
    Unknown,
}

/// Facts of a machine.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a question of its own")]
pub struct Facts {
    /// The host name.
    pub hostname: String,
    /// The architecture as the kernel calls it, such as `x86_64`.
    pub machine: String,
    /// The init system, which runs services.
    pub init: Init,
    /// Seconds that its clock is ahead of this machine's, give or take the time of the question.
    pub ahead_s: i64,
    /// Memory in MiB.
    pub memory_mib: u64,
    /// Processors.
    pub cores: u32,
    /// Memory that programs can still have, in MiB.
    pub available_mib: Option<u64>,
    /// Free space below `/var/lib`, in MiB.
    pub disk_mib: u64,
    /// All space there, in MiB.
    pub disk_total_mib: Option<u64>,
    /// The inodes there that are free, and all of them.
    pub inodes: Option<(u64, u64)>,
    /// True where the kernel counts memory by cgroup.
    pub memory_cgroup: bool,
    /// True where the kernel has the first version of cgroups, whole or in part.
    pub cgroup_v1: bool,
    /// TCP ports that something listens on.
    pub tcp: Vec<u16>,
    /// UDP ports that something listens on.
    pub udp: Vec<u16>,
    /// A firewall that is active.
    pub firewall: Option<String>,
    /// The service `nm-cloud-setup` or its timer, where it is enabled.
    pub cloud_setup: Option<String>,
    /// True where `SELinux` enforces a policy that does not know k3s.
    pub selinux: bool,
    /// Modules of the kernel that are needed and can not be loaded.
    pub modules: Vec<String>,
    /// True where it swaps.
    pub swap: bool,
    /// The use of inotify by root.
    pub inotify: Option<Inotify>,
    /// Its own addresses.
    pub addresses: Vec<IpAddr>,
    /// Ports of other machines that it does not reach.
    pub closed: Vec<Closed>,
    /// Programs that are needed and missing.
    pub lacking: Vec<String>,
    /// True where rules of CNI plugins exist.
    pub cni_rules: bool,
    /// The settings of the kernel that a kubelet changes, by their paths below `/proc/sys`.
    pub sysctls: BTreeMap<String, String>,
    /// The entries of the file system that exist among [`record::paths`].
    pub paths: BTreeMap<String, Entry>,
    /// The record of an earlier run, or the reason that it cannot be read.
    pub record: Option<Result<Record, String>>,
    /// The version that k3s reports.
    pub version: Option<String>,
    /// True while its service runs.
    pub active: bool,
    /// True where its service starts with the machine.
    pub enabled: bool,
    /// The stamp that it was started with (see [`crate::files::stamp`]).
    pub started: Option<String>,
    /// The address in its configuration by which it joined; none on the server that the cluster began on.
    pub joined: Option<String>,
    /// The network of the pods in its configuration, where that is not k3s's own.
    pub pod_network: Option<String>,
    /// The network of the Services in its configuration, where that is not k3s's own.
    pub service_network: Option<String>,
    /// The networks of IPv4 that it has a route to, but for those of k3s and the default.
    pub routes: Vec<Route>,
    /// The restore that was begun on it, and how far it is.
    pub restored: Option<String>,
    /// True while we keep pods off its node.
    pub cordoned: bool,
    /// The authority's hash in its token.
    pub token_authority: Option<String>,
    /// The fingerprint of its token.
    pub token: Option<String>,
    /// The fingerprint of its agent token.
    pub agent_token: Option<String>,
    /// The hash of the authority of a server that has run.
    pub authority: Option<String>,
}

/// Instances and watches of inotify: those in use, and the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Inotify {
    /// Instances in use.
    pub instances: u64,
    /// The most instances.
    pub most_instances: u64,
    /// Watches in use.
    pub watches: u64,
    /// The most watches.
    pub most_watches: u64,
}

impl Inotify {
    /// Reads the four numbers.
    fn parse(text: &str) -> Option<Self> {
        let mut numbers = text.split(' ').map(str::parse);
        let mut number = || numbers.next()?.ok();
        Some(Self {
            instances: number()?,
            most_instances: number()?,
            watches: number()?,
            most_watches: number()?,
        })
    }
}

/// A port of another machine that is not reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed {
    /// The address by which it was tried.
    pub address: String,
    /// The port.
    pub port: u16,
    /// The reason, in the system's words.
    pub reason: String,
}

impl Closed {
    /// Reads `ADDRESS PORT REASON`.
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, ' ');
        let (address, port) = (parts.next()?, parts.next()?.parse().ok()?);
        Some(Self {
            address: address.to_owned(),
            port,
            reason: parts.next().unwrap_or_default().to_owned(),
        })
    }
}

/// A route to a network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The network link.
    pub link: String,
    /// The network.
    pub network: Network,
}

impl Route {
    /// Reads `LINK ADDRESS MASK` as `/proc/net/route` has them: in the machine's order of bytes, which is little-endian wherever k3s is.
    fn parse(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let link = words.next()?.to_owned();
        let mut number = || u32::from_str_radix(words.next()?, 16).ok().map(u32::swap_bytes);
        let (address, mask) = (number()?, number()?);
        Some(Self { link, network: Network { address, prefix: mask.leading_ones() } })
    }
}

/// An entry of the file system.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Entry {
    /// The mode in octal digits.
    pub mode: String,
    /// `uid:gid`.
    pub owner: String,
    /// The SHA-256 of a file's content.
    pub sum: Option<String>,
}

impl Facts {
    /// The record, where it can be read.
    pub fn recorded(&self) -> Option<&Record> {
        self.record.as_ref().and_then(|read| read.as_ref().ok())
    }

    /// Returns true where we have started its k3s.
    pub fn is_member(&self) -> bool {
        self.recorded().is_some() && self.started.is_some()
    }

    /// Returns true where something is at the path.
    pub fn has(&self, path: &str) -> bool {
        self.paths.contains_key(path)
    }
}

/// Prints lines of `key TAB value`. Secrets leave the machine as hashes only; `printf` and `[` are the shell's own, so that no process
/// is given them.
const SCRIPT: &str = include_str!("scripts/facts.sh");

/// Gathers the facts of a machine, from which the ports of its `peers` are tried.
///
/// # Errors
/// The machine does not answer.
pub async fn gather(host: &Host, peers: &[(String, u16)]) -> Result<Facts, HostError> {
    let mut words = record::paths();
    words.push("--".to_owned());
    words.extend(peers.iter().flat_map(|(address, port)| [address.clone(), port.to_string()]));
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (asked, began) = (now(), Instant::now());
    let text = host.text("gathering facts", SCRIPT, &words).await?;
    // The clock was read at some moment between the question and the answer.
    let half = i64::try_from(began.elapsed().as_secs() / 2).unwrap_or(0);
    Ok(parse(&text, asked.saturating_add(half)))
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// Reads the answer of the script; `now` is this machine's time in seconds.
pub fn parse(text: &str, now: i64) -> Facts {
    let mut facts = Facts::default();
    for line in text.lines() {
        if let Some((key, value)) = line.split_once('\t') {
            take(&mut facts, key, value, now);
        }
    }
    facts.tcp.sort_unstable();
    facts.tcp.dedup();
    facts.udp.sort_unstable();
    facts.udp.dedup();
    facts
}

fn take(facts: &mut Facts, key: &str, value: &str, now: i64) {
    let some = || Some(value.to_owned());
    match key {
        "hostname" => value.clone_into(&mut facts.hostname),
        "machine" => value.clone_into(&mut facts.machine),
        "init" if value == "systemd" => facts.init = Init::Systemd,
        "init" if value == "openrc" => facts.init = Init::OpenRc,
        "clock" => facts.ahead_s = value.parse::<i64>().unwrap_or(0).saturating_sub(now),
        "lacking" => facts.lacking.push(value.to_owned()),
        "cni" => facts.cni_rules = true,
        "sysctl" => {
            if let Some((name, value)) = value.split_once(' ') {
                facts.sysctls.insert(name.to_owned(), value.to_owned());
            }
        }
        "record" => {
            facts.record = Some(serde_json::from_str(value).map_err(|error| error.to_string()));
        }
        "started" => facts.started = some(),
        "restored" => facts.restored = some(),
        "server" => facts.joined = some(),
        "cluster-cidr" => facts.pod_network = some(),
        "service-cidr" => facts.service_network = some(),
        "cordoned" => facts.cordoned = true,
        "version" => facts.version = value.split_whitespace().nth(2).map(str::to_owned),
        "active" => facts.active = true,
        "enabled" => facts.enabled = true,
        "token" => facts.token = some(),
        "agent-token" => facts.agent_token = some(),
        "token-authority" | "agent-token-authority" => facts.token_authority = some(),
        "authority" => facts.authority = some(),
        "path" => {
            let mut parts = value.split('\t');
            let (path, stat, sum) = (parts.next(), parts.next(), parts.next());
            if let (Some(path), Some((mode, owner))) =
                (path, stat.and_then(|stat| stat.split_once(' ')))
            {
                let sum = sum.filter(|sum| *sum != "-").map(str::to_owned);
                let entry = Entry { mode: mode.to_owned(), owner: owner.to_owned(), sum };
                facts.paths.insert(path.to_owned(), entry);
            }
        }
        _ => take_of_system(facts, key, value),
    }
}

/// Takes what tells of the machine itself: its memory, disk, kernel and network.
fn take_of_system(facts: &mut Facts, key: &str, value: &str) {
    let port = || u16::from_str_radix(value, 16).ok();
    let mebibytes = |text: &str| text.parse::<u64>().ok().map(|kibibytes| kibibytes / 1024);
    match key {
        "memory" => facts.memory_mib = mebibytes(value).unwrap_or(0),
        "available" => facts.available_mib = mebibytes(value),
        "cores" => facts.cores = value.parse().unwrap_or(0),
        "disk" => {
            let (free, total) = value.split_once(' ').unwrap_or((value, ""));
            facts.disk_mib = mebibytes(free).unwrap_or(0);
            facts.disk_total_mib = mebibytes(total);
        }
        "inodes" => {
            let numbers = value.split_once(' ');
            facts.inodes =
                numbers.and_then(|(free, all)| Some((free.parse().ok()?, all.parse().ok()?)));
        }
        "cgroup" if value == "v1" => facts.cgroup_v1 = true,
        "cgroup" => facts.memory_cgroup = true,
        "tcp" => facts.tcp.extend(port()),
        "udp" => facts.udp.extend(port()),
        "address" => facts.addresses.extend(value.parse::<IpAddr>()),
        "route" => facts.routes.extend(Route::parse(value)),
        "closed" => facts.closed.extend(Closed::parse(value)),
        "firewall" => facts.firewall = Some(value.to_owned()),
        "cloud-setup" => facts.cloud_setup = Some(value.to_owned()),
        "selinux" => facts.selinux = true,
        "module" => facts.modules.push(value.to_owned()),
        "swap" => facts.swap = true,
        "inotify" => facts.inotify = Inotify::parse(value),
        _ => {}
    }
}
