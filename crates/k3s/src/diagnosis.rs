//! The diagnosis of a cluster that runs: what is wrong with each machine, with the remedy. Pure.
//!
//! What `up` would refuse is found by the preflight; here is what comes with the years: a disk that fills, memory that is gone,
//! certificates that end, and pods of k3s's own that do not run.

use jiff::Timestamp;
use skyward_terminal::Severity;
use skyward_terminal::event::Finding;

use super::certificate;
use super::cluster::{Cluster, Machine};
use super::facts::Facts;
use super::nodes::NodeState;
use super::pods::{Ailing, Ailment, SYSTEM};
use super::report::problem;
use super::rotate::{RENEW_DAYS, days_until};

/// The share of its disk, in percent, below which k3s's kubelet evicts pods (`eviction-hard` in `pkg/daemons/agent/agent_linux.go`).
const EVICTS_PERCENT: u64 = 5;
/// The share below which it deletes images that no pod uses (kubelet, `image-gc-high-threshold`).
const DELETES_PERCENT: u64 = 15;
/// Free space in MiB below which no image fits any more.
const DISK_MIB: u64 = 256;
/// The memory in MiB below which programs are ended (kubelet, `memory.available` of `eviction-hard`).
const MEMORY_MIB: u64 = 100;
/// The days before the end of a certificate from which it is a problem.
const CERTIFICATE_DAYS: i64 = 30;

/// Finds what is wrong with the disk and the memory of a member, and what its kubelet says of it.
pub fn of_machine(machine: &Machine, facts: &Facts, node: Option<&NodeState>) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut tell = |severity: Severity, text: String, next: &str| {
        found.push(Finding { severity, ..problem(machine.label(), text, next) });
    };
    disk(facts, &mut tell);
    if let Some(available) = facts.available_mib.filter(|available| *available < MEMORY_MIB) {
        let text = format!(
            "{available} MiB of its {} MiB of memory are left: programs are ended",
            facts.memory_mib
        );
        tell(
            Severity::Error,
            text,
            "find who takes it (`kubectl top pods -A`, and `top` on it), give pods a `memory_limit`, or the machine more memory",
        );
    }
    for pressure in node.into_iter().flat_map(|node| &node.pressures) {
        let next = match pressure.kind.as_str() {
            "DiskPressure" => DISK_REMEDY,
            "MemoryPressure" => "give pods a `memory_limit`, or the machine more memory",
            "PIDPressure" => "find who starts so many processes: `ps -eLf | wc -l` on it",
            _ => "read its log: `journalctl -u k3s` or `-u k3s-agent` on it",
        };
        let text = format!("its kubelet tells of {}: {}", pressure.kind, pressure.message);
        tell(Severity::Error, text, next);
    }
    found
}

const DISK_REMEDY: &str = "free some space: `k3s crictl rmi --prune` and `journalctl --vacuum-size=200M` on it, and see what is large with `du -xh /var | sort -h | tail`";

fn disk(facts: &Facts, tell: &mut impl FnMut(Severity, String, &str)) {
    let (free, total) = (facts.disk_mib, facts.disk_total_mib.unwrap_or(0));
    let is_below = |free: u64, total: u64, percent: u64| {
        total > 0 && u128::from(free) * 100 < u128::from(total) * u128::from(percent)
    };
    let left = format!("{free} MiB of {total} MiB are free below /var/lib");
    if is_below(free, total, EVICTS_PERCENT) || (total > 0 && free < DISK_MIB) {
        let text = format!("its disk is full: {left}, and pods are evicted");
        tell(Severity::Error, text, DISK_REMEDY);
    } else if is_below(free, total, DELETES_PERCENT) {
        let text = format!("its disk fills: {left}, and images that no pod uses are deleted");
        tell(Severity::Warning, text, DISK_REMEDY);
    }
    if let Some((free, all)) =
        facts.inodes.filter(|(free, all)| is_below(*free, *all, EVICTS_PERCENT))
    {
        let text = format!(
            "its disk takes few more files: {free} of {all} inodes are free below /var/lib, and pods are evicted"
        );
        let next =
            "find the folder with many small files: `du --inodes -x /var | sort -n | tail` on it";
        tell(Severity::Error, text, next);
    }
}

/// Finds certificates that have ended or end soon.
pub fn of_certificates(machine: &Machine, end: Timestamp, now: Timestamp) -> Option<Finding> {
    let days = days_until(end, now);
    if days >= RENEW_DAYS {
        return None;
    }
    let day = certificate::day(end);
    let text = match days {
        ..0 => format!("its certificates ended on {day}: it talks to nobody any more"),
        0 => format!("its certificates end today, on {day}"),
        1 => format!("its certificates end tomorrow, on {day}"),
        _ => format!("its certificates end in {days} days, on {day}"),
    };
    let finding = problem(machine.label(), text, "run `cluster rotate`, which renews them");
    let severity = if days < CERTIFICATE_DAYS { Severity::Error } else { Severity::Warning };
    Some(Finding { severity, ..finding })
}

/// A pod that does not run, as a finding about this object: the machine of its node, or the cluster.
pub fn of_pod(cluster: &Cluster, pod: &Ailing, object: String) -> Finding {
    let Ailing { namespace, name, .. } = pod;
    let logs = |what: &str| format!("read why: `kubectl -n {namespace} {what} {name}`");
    let (text, next) = match &pod.reason {
        Ailment::Image { image, message } => {
            let next = if namespace != SYSTEM {
                "check that the image was pushed and that the machine reaches its registry (`k3s.registries` names a mirror); `cluster image load` brings one without a registry"
            } else if cluster.settings.airgap.is_some() {
                "put the images of that release into the folder of k3s.airgap and run `cluster up`, which brings them; or run `cluster image load ARCHIVE`"
            } else {
                "let the machine reach the registry (`HTTPS_PROXY` in k3s.node_env, a mirror in k3s.registries), or name the folder of the release's images in k3s.airgap, and run `cluster up`"
            };
            (format!("the image {image} cannot be pulled: {message}"), next.to_owned())
        }
        Ailment::Ends { how, restarts } => (
            format!("it ends again and again, {restarts} times until now ({how})"),
            logs("logs --previous"),
        ),
        Ailment::NoNode(message) => (
            format!("no node takes it: {message}"),
            "free or add a node that does: `kubectl describe nodes` shows what each has left"
                .into(),
        ),
        Ailment::Failed(message) => (format!("it has failed: {message}"), logs("logs")),
        Ailment::Waits(message) => (format!("it does not run: {message}"), logs("describe pod")),
    };
    problem(object, format!("pod {namespace}/{name}: {text}"), next)
}
