//! The checks of one machine by itself.

use skyward_config::Role;
use skyward_terminal::Severity;
use skyward_terminal::event::Finding;

use crate::cluster::{API_SERVER, Cluster, Machine};
use crate::facts::{Facts, Init};
use crate::peers::{ETCD, KUBELET, REGISTRY};
use crate::record;
use crate::report::problem;
use crate::version::Arch;

/// Free space in MiB that a new node needs for its images, with some room.
const DISK_MIB: u64 = 2048;

/// The ports that k3s and containerd listen on beside the kubelet's on every machine: its load balancer and the streams of containers
/// (`lb-server-port`; `StreamServerPort` in `pkg/daemons/config/types.go`).
const OF_NODE: [u16; 2] = [6444, 10010];
/// The ports of the controller managers and the scheduler, which do not start without them (Kubernetes, "Ports and Protocols").
const OF_SERVER: [u16; 3] = [10257, 10258, 10259];
/// The UDP port of flannel's VXLAN (docs.k3s.io, "Networking").
const FLANNEL: u16 = 8472;
/// The ports that Traefik gets on every node (docs.k3s.io, "Networking Services").
const INGRESS: [u16; 2] = [80, 443];

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
    let taken: Vec<u16> = INGRESS.into_iter().filter(|port| facts.tcp.contains(port)).collect();
    let settings = &cluster.settings;
    if !facts.is_member() && settings.traefik && settings.servicelb && !taken.is_empty() {
        let taken: Vec<String> = taken.iter().map(|port| format!("TCP {port}")).collect();
        let text = format!(
            "another program listens on {}, and Traefik will answer there in its place",
            taken.join(", ")
        );
        let next = "stop that program, or set k3s.traefik or k3s.servicelb to false";
        let finding = problem(machine.label(), text, next);
        out.push(Finding { severity: Severity::Warning, ..finding });
    }
}

/// The ports that k3s will listen on and that are taken.
fn ports(cluster: &Cluster, machine: &Machine, facts: &Facts) -> Vec<String> {
    // After a start that was killed halfway they are our own.
    if facts.active && facts.recorded().is_some() {
        return Vec::new();
    }
    let mut tcp = vec![KUBELET];
    tcp.extend(OF_NODE);
    if machine.role == Role::Server {
        tcp.push(API_SERVER);
        tcp.extend(OF_SERVER);
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
