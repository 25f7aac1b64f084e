//! The checks of a machine's kernel and of the services of its system: what keeps k3s from starting, or its pods from each other.

use std::net::IpAddr;

use skyward_terminal::Severity;
use skyward_terminal::event::Finding;

use super::networks;
use crate::cluster::{Cluster, Machine};
use crate::facts::Facts;
use crate::report::problem;

/// The first release whose kubelet refuses cgroup v1 (KEP-5573: `failCgroupV1` is true by default).
const WITHOUT_CGROUP_V1: (u32, u32) = (1, 35);

/// The instances and watches of inotify that k3s, its kubelet and containerd need, with some room: a server with a dozen pods was seen to use
/// half of them.
const INOTIFY: (u64, u64) = (24, 512);
/// The limits that the advice names.
const INOTIFY_MORE: (u64, u64) = (8192, 524_288);

pub(super) fn check(cluster: &Cluster, machine: &Machine, facts: &Facts, out: &mut Vec<Finding>) {
    let mut wrong = |text: String, next: &str| out.push(problem(machine.label(), text, next));
    if !facts.memory_cgroup {
        wrong(
            "its kernel does not count memory (no memory cgroup), so pods could not be limited"
                .into(),
            "add `cgroup_memory=1 cgroup_enable=memory` to the command line of its kernel, and restart it",
        );
    }
    if facts.cgroup_v1 && cluster.version.minor() >= WITHOUT_CGROUP_V1 {
        let text = format!(
            "it has cgroup v1, with which the kubelet of {} does not start",
            cluster.version
        );
        wrong(
            text,
            "add `systemd.unified_cgroup_hierarchy=1` to the command line of its kernel and restart it, use a newer system, or set k3s.version to a release of v1.34",
        );
    }
    if facts.is_member() {
        return;
    }
    if facts.selinux {
        wrong(
            "SELinux enforces a policy there that does not know k3s".into(),
            "install the package k3s-selinux on it (docs.k3s.io, \"SELinux Support\"), or let SELinux permit: `setenforce 0`, and `SELINUX=permissive` in /etc/selinux/config",
        );
    }
    // k3s's own service refuses to start beside it (docs.k3s.io, "Additional OS Preparations").
    if let Some(unit) = &facts.cloud_setup {
        wrong(
            format!("{unit} is enabled, which takes the routes of pods away"),
            "run `systemctl disable --now nm-cloud-setup.service nm-cloud-setup.timer` on it, and restart it",
        );
    }
    if let Some((what, key, more)) = full(facts) {
        wrong(
            format!("root uses {what}, so the kubelet could not watch its files"),
            &format!(
                "raise the limit: `sysctl -w {key}={more}` on it, and `{key} = {more}` in a file of /etc/sysctl.d"
            ),
        );
    }
    modules(cluster, machine, facts, out);
    swap(cluster, machine, facts, out);
    firewall(cluster, machine, facts, out);
}

/// The limit of inotify that leaves too little, in words, with its key and a higher one.
fn full(facts: &Facts) -> Option<(String, &'static str, u64)> {
    let used = facts.inotify?;
    if used.most_instances.saturating_sub(used.instances) < INOTIFY.0 {
        let what = format!("{} of {} inotify instances", used.instances, used.most_instances);
        return Some((what, "fs.inotify.max_user_instances", INOTIFY_MORE.0));
    }
    let what = format!("{} of {} inotify watches", used.watches, used.most_watches);
    (used.most_watches.saturating_sub(used.watches) < INOTIFY.1).then_some((
        what,
        "fs.inotify.max_user_watches",
        INOTIFY_MORE.1,
    ))
}

/// Finds modules of the kernel that are missing. Without `overlay` containerd has no place for containers, without `vxlan` flannel none for
/// their network, and without `br_netfilter` pods of one node do not reach each other through a Service.
fn modules(cluster: &Cluster, machine: &Machine, facts: &Facts, out: &mut Vec<Finding>) {
    let backend = cluster.settings.options.get("flannel-backend").and_then(|given| given.first());
    let has_vxlan = backend.is_none_or(|backend| backend == "vxlan");
    for module in &facts.modules {
        let (severity, why) = match module.as_str() {
            "overlay" => (Severity::Error, "in which containerd keeps containers"),
            "vxlan" if !has_vxlan => continue,
            "vxlan" if cluster.all().count() > 1 => {
                (Severity::Error, "by which pods of different nodes reach each other")
            }
            "vxlan" => (Severity::Error, "which flannel needs"),
            _ => (
                Severity::Warning,
                "without which pods of one node do not reach each other's Services",
            ),
        };
        let text = format!("its kernel has no module {module}, {why}");
        let next = "install the modules of its kernel (linux-modules-extra-… on Ubuntu, linux-modules-extra-raspi on a Raspberry Pi, kernel-modules-extra on RHEL), and restart it";
        out.push(Finding { severity, ..problem(machine.label(), text, next) });
    }
}

/// Finds swap. k3s lets its kubelet start beside it (`fail-swap-on=false`), unless an option says otherwise; pods are kept off it.
fn swap(cluster: &Cluster, machine: &Machine, facts: &Facts, out: &mut Vec<Finding>) {
    if !facts.swap {
        return;
    }
    let given = cluster.settings.options.get("kubelet-arg").into_iter();
    let given = given.chain(machine.options.get("kubelet-arg")).flatten();
    let refuses = given.into_iter().any(|argument| argument == "fail-swap-on=true");
    let (severity, text) = if refuses {
        (Severity::Error, "it swaps, and by `fail-swap-on=true` its kubelet does not start")
    } else {
        (
            Severity::Warning,
            "it swaps: what runs beside pods may become slow where they take the memory",
        )
    };
    let next = "run `swapoff -a` on it, and take swap out of its /etc/fstab";
    out.push(Finding { severity, ..problem(machine.label(), text, next) });
}

fn firewall(cluster: &Cluster, machine: &Machine, facts: &Facts, out: &mut Vec<Finding>) {
    let Some(firewall) = &facts.firewall else { return };
    let [pods, services] = networks::of(cluster);
    let text = format!(
        "{firewall} is active: nodes must reach each other on TCP 6443, 10250, 2379, 2380 and UDP 8472, and traffic of pods ({pods}) and \
         services ({services}) must pass"
    );
    let others = cluster.all().filter(|other| *other != machine);
    let sources = [pods, services].into_iter().flat_map(|networks| networks.split(','));
    // Neither of the two takes a name.
    let others = others.filter_map(Machine::address_for_others);
    let sources = sources.chain(others.filter(|other| other.parse::<IpAddr>().is_ok()));
    let next = if firewall == "firewalld" {
        let sources: Vec<String> = sources.map(|from| format!("--add-source={from}")).collect();
        format!(
            "run on it `firewall-cmd --permanent --zone=trusted {}`, `firewall-cmd --permanent --add-port=6443/tcp` and `firewall-cmd --reload`; or `systemctl disable --now firewalld`",
            sources.join(" ")
        )
    } else {
        let rules: Vec<String> = sources.map(|from| format!("`ufw allow from {from}`")).collect();
        format!("run on it {} and `ufw allow 6443/tcp`; or `ufw disable`", rules.join(", "))
    };
    out.push(Finding { severity: Severity::Warning, ..problem(machine.label(), text, next) });
}
