//! What is on a machine: asked for by one script that changes nothing, read by a pure function.

use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde::Serialize;

use super::host::{Host, HostError};
use super::record::{self, Record};

/// How services are run.
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

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a question of its own")]
pub struct Facts {
    /// The host name.
    pub hostname: String,
    /// The architecture as the kernel calls it, such as `x86_64`.
    pub machine: String,
    /// How services are run.
    pub init: Init,
    /// How far its clock is ahead of this machine's, in seconds, give or take the time of the question.
    pub ahead_s: i64,
    /// Memory in MiB.
    pub memory_mib: u64,
    /// Processors.
    pub cores: u32,
    /// Free space below `/var/lib`, in MiB.
    pub disk_mib: u64,
    /// Whether the kernel counts memory by cgroup.
    pub memory_cgroup: bool,
    /// Ports that something listens on: TCP, and UDP.
    pub tcp: Vec<u16>,
    /// As `tcp`.
    pub udp: Vec<u16>,
    /// A firewall that is active.
    pub firewall: Option<String>,
    /// Programs that are needed and absent.
    pub lacking: Vec<String>,
    /// Whether rules of CNI plugins are there.
    pub cni_rules: bool,
    /// What is at each path that is looked at and not empty: mode, owner, SHA-256 where it is a file.
    pub paths: BTreeMap<String, Entry>,
    /// The record of an earlier run; its text where it cannot be read.
    pub record: Option<Result<Record, String>>,
    /// What k3s says its version is.
    pub version: Option<String>,
    /// Whether its service runs.
    pub active: bool,
    /// Whether its service starts with the machine.
    pub enabled: bool,
    /// What it was started with.
    pub started: Option<String>,
    /// Whether we keep pods from its node.
    pub cordoned: bool,
    /// The authority's hash in its token.
    pub token_authority: Option<String>,
    /// The fingerprint of its token.
    pub token: Option<String>,
    /// The fingerprint of its agent token.
    pub agent_token: Option<String>,
    /// On a server: the hash of its authority, which is there once it has run.
    pub authority: Option<String>,
}

/// What is at a path.
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
    /// The record, where there is one that is understood.
    pub fn recorded(&self) -> Option<&Record> {
        self.record.as_ref().and_then(|read| read.as_ref().ok())
    }

    /// Whether its k3s has been started by us.
    pub fn is_member(&self) -> bool {
        self.recorded().is_some() && self.started.is_some()
    }

    /// Whether anything is at a path.
    pub fn has(&self, path: &str) -> bool {
        self.paths.contains_key(path)
    }
}

/// Lines of `key TAB value`. Secrets leave it as hashes only; `printf` and `[` are the shell's own, so that no process gets them.
const SCRIPT: &str = r#"f() { printf '%s\t%s\n' "$1" "$2"; }
f hostname "$(cat /proc/sys/kernel/hostname)"
f machine "$(uname -m)"
if [ -d /run/systemd/system ] && command -v systemctl >/dev/null; then init=systemd
elif command -v rc-service >/dev/null; then init=openrc
else init=unknown; fi
f init $init
f clock "$(date +%s)"
f memory "$(awk '$1 == "MemTotal:" { print $2 }' /proc/meminfo)"
f cores "$(grep -c ^processor /proc/cpuinfo)"
at=/var/lib; [ -d /var/lib/rancher ] && at=/var/lib/rancher
f disk "$(df -Pk $at | awk 'NR == 2 { print $4 }')"
if [ -e /sys/fs/cgroup/cgroup.controllers ]; then grep -qw memory /sys/fs/cgroup/cgroup.controllers && f cgroup memory
else awk '$1 == "memory" && $4 == 1 { print "cgroup\tmemory" }' /proc/cgroups; fi
for p in tcp udp; do for v in '' 6; do
  [ -r /proc/net/$p$v ] && awk -v p=$p 'NR > 1 && (p == "udp" || $4 == "0A") { n = split($2, a, ":"); print p "\t" a[n] }' /proc/net/$p$v
done; done | sort -u
for t in sha256sum stat awk sort df mktemp; do command -v $t >/dev/null || f lacking $t; done
if [ $init = systemd ]; then for u in firewalld ufw; do systemctl is-active -q $u 2>/dev/null && f firewall $u; done; fi
command -v iptables-save >/dev/null && iptables-save 2>/dev/null | grep -q CNI- && f cni rules
for p in "$@"; do
  [ -e "$p" ] || [ -L "$p" ] || continue
  sum=-; [ -f "$p" ] && { sum=$(sha256sum "$p"); sum=${sum%% *}; }
  printf 'path\t%s\t%s\t%s\n' "$p" "$(stat -c '%a %u:%g' "$p")" "$sum"
done
for p in /etc/rancher/node /var/lib/kubelet /run/k3s /run/flannel /var/log/pods /var/log/containers /run/netns; do
  for c in "$p"/* "$p"/.[!.]*; do [ -e "$c" ] || [ -L "$c" ] && printf 'path\t%s\t%s\t-\n' "$c" "$(stat -c '%a %u:%g' "$c")"; done
done
d=/var/lib/skyward/k3s
[ -f $d/record.json ] && f record "$(tr -d '\n' < $d/record.json)"
[ -f $d/started ] && f started "$(cat $d/started)"
[ -e $d/cordoned ] && f cordoned yes
# A machine that is not ours is not asked to run what it calls k3s.
[ -f $d/record.json ] && [ -x /usr/local/bin/k3s ] && f version "$(/usr/local/bin/k3s --version 2>/dev/null | head -n 1)"
for u in k3s k3s-agent; do
  case $init in
    systemd) [ -f /etc/systemd/system/$u.service ] || continue
      systemctl is-active -q $u && f active $u; systemctl is-enabled -q $u 2>/dev/null && f enabled $u;;
    openrc) [ -f /etc/init.d/$u ] || continue
      rc-service $u status >/dev/null 2>&1 && f active $u; [ -e /etc/runlevels/default/$u ] && f enabled $u;;
  esac
done
for n in token agent-token; do
  [ -f /etc/rancher/k3s/$n ] || continue
  t=$(cat /etc/rancher/k3s/$n)
  s=$(printf %s "${t##*:}" | sha256sum); f $n "${s%% *}"
  case $t in K10*::*) t=${t%%::*}; f $n-authority "${t#K10}";; esac
done
if [ -f /var/lib/rancher/k3s/server/token ]; then
  t=$(cat /var/lib/rancher/k3s/server/token)
  case $t in K10*::*) t=${t%%::*}; f authority "${t#K10}";; esac
fi
exit 0
"#;

/// Asks a machine.
///
/// # Errors
/// There is no answer.
pub async fn gather(host: &Host) -> Result<Facts, HostError> {
    let paths = record::paths();
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    let (asked, began) = (now(), Instant::now());
    let text = host.text("looking at it", SCRIPT, &paths).await?;
    // The clock was read at some moment between question and answer.
    let half = i64::try_from(began.elapsed().as_secs() / 2).unwrap_or(0);
    Ok(parse(&text, asked.saturating_add(half)))
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// Reads the answer; `now` is this machine's time in seconds.
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
    let port = || u16::from_str_radix(value, 16).ok();
    match key {
        "hostname" => value.clone_into(&mut facts.hostname),
        "machine" => value.clone_into(&mut facts.machine),
        "init" if value == "systemd" => facts.init = Init::Systemd,
        "init" if value == "openrc" => facts.init = Init::OpenRc,
        "clock" => facts.ahead_s = value.parse::<i64>().unwrap_or(0).saturating_sub(now),
        "memory" => facts.memory_mib = value.parse::<u64>().unwrap_or(0) / 1024,
        "cores" => facts.cores = value.parse().unwrap_or(0),
        "disk" => facts.disk_mib = value.parse::<u64>().unwrap_or(0) / 1024,
        "cgroup" => facts.memory_cgroup = true,
        "tcp" => facts.tcp.extend(port()),
        "udp" => facts.udp.extend(port()),
        "firewall" => facts.firewall = some(),
        "lacking" => facts.lacking.push(value.to_owned()),
        "cni" => facts.cni_rules = true,
        "record" => {
            facts.record = Some(serde_json::from_str(value).map_err(|error| error.to_string()));
        }
        "started" => facts.started = some(),
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
        _ => {}
    }
}
