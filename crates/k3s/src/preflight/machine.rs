//! The checks of one machine by itself.

use skyward_config::Role;
use skyward_terminal::Severity;
use skyward_terminal::event::Finding;

use crate::cluster::{Cluster, Machine};
use crate::facts::{Facts, Init};
use crate::record;
use crate::report::problem;
use crate::version::Arch;

/// Free space in MiB that a new node needs for its images, with some room.
const DISK_MIB: u64 = 2048;

/// The first release whose kubelet refuses cgroup v1 (KEP-5573: `failCgroupV1` is true by default).
const WITHOUT_CGROUP_V1: (u32, u32) = (1, 35);

/// The port of the API server (docs.k3s.io, "Networking").
const API_SERVER: u16 = 6443;
/// The port of the kubelet.
const KUBELET: u16 = 10250;
/// The ports of etcd, for clients and for its peers.
const ETCD: [u16; 2] = [2379, 2380];
/// The port of the embedded registry mirror.
const REGISTRY: u16 = 5001;
/// The UDP port of flannel's VXLAN.
const FLANNEL: u16 = 8472;

/// Memory in MiB and cores that k3s asks for (docs.k3s.io, "Requirements").
fn required(role: Role) -> (u64, u32) {
    match role {
        Role::Server => (2048, 2),
        Role::Agent => (512, 1),
    }
}

pub(super) fn check(cluster: &Cluster, machine: &Machine, facts: &Facts, out: &mut Vec<Finding>) {
    let mut wrong = |text: String, next: &str| out.push(problem(machine.label(), text, next));
    if Arch::of_machine(&facts.machine).is_none() {
        let text = format!("k3s is not built for {}", facts.machine);
        wrong(text, "use a machine with amd64, arm64 or armv7");
    }
    if facts.init == Init::Unknown {
        let text = "it runs neither systemd nor OpenRC, so nothing would keep k3s running";
        wrong(text.into(), "use a machine with one of them");
    }
    if !facts.lacking.is_empty() {
        let text = format!("it lacks {}", facts.lacking.join(", "));
        wrong(text, "install coreutils and awk on it");
    }
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
    let (memory, cores) = required(machine.role);
    let have = facts.memory_mib;
    if have < memory / 2 {
        let text = format!("it has {have} MiB of memory, and k3s needs {memory} for this role");
        wrong(text, "use a machine with more, or another role");
    }
    if !facts.is_member() {
        if facts.disk_mib < DISK_MIB {
            let free = facts.disk_mib;
            let text = format!("/var/lib has {free} MiB of free space, and {DISK_MIB} are needed");
            wrong(text, "free some space on it");
        }
        let taken = ports(cluster, machine, facts);
        if !taken.is_empty() {
            let taken = taken.join(", ");
            let text = format!("another program listens on {taken}, which k3s needs");
            wrong(text, "stop that program; `ss -tulpn` on the machine names it");
        }
    }
    let mut note = |text: String| {
        let finding = problem(machine.label(), text, "");
        out.push(Finding { severity: Severity::Note, next: None, ..finding });
    };
    if have >= memory / 2 && have < memory * 9 / 10 {
        note(format!("it has {have} MiB of memory; k3s recommends {memory} for this role"));
    }
    if facts.cores < cores {
        let have = facts.cores;
        note(format!("it has {have} of the {cores} cores that k3s recommends for this role"));
    }
    if let Some(firewall) = facts.firewall.as_ref().filter(|_| !facts.is_member()) {
        note(format!(
            "{firewall} is active: nodes must reach each other on TCP 6443, 10250, 2379, 2380 and UDP 8472, and traffic of pods \
             (10.42.0.0/16) and services (10.43.0.0/16) must pass"
        ));
    }
}

/// The ports that k3s will listen on and that are taken.
fn ports(cluster: &Cluster, machine: &Machine, facts: &Facts) -> Vec<String> {
    // After a start that was killed halfway they are our own.
    if facts.active && facts.recorded().is_some() {
        return Vec::new();
    }
    let mut tcp = vec![KUBELET];
    if machine.role == Role::Server {
        tcp.push(API_SERVER);
        if cluster.servers().count() > 1 {
            tcp.extend(ETCD);
        }
    }
    if cluster.settings.embedded_registry {
        tcp.push(REGISTRY);
    }
    tcp.retain(|port| facts.tcp.contains(port));
    tcp.sort_unstable();
    let mut taken: Vec<String> = tcp.iter().map(|port| format!("TCP {port}")).collect();
    if facts.udp.contains(&FLANNEL) {
        taken.push(format!("UDP {FLANNEL}"));
    }
    taken
}

/// A path that tells of a k3s that is not ours.
pub(super) fn foreign(facts: &Facts) -> Option<&'static str> {
    if facts.record.is_some() {
        return None;
    }
    let ours_alone = record::FILES.into_iter().filter(|path| {
        !matches!(*path, record::BINARY | record::REGISTRIES)
            && !path.starts_with("/etc/logrotate.d")
    });
    ours_alone.chain([record::SERVER_DATA, record::AGENT_DATA]).find(|path| facts.has(path))
}
