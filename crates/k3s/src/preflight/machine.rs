//! What is wrong with one machine by itself.

use skyward_config::Role;

use crate::cluster::{Cluster, Machine};
use crate::event::Finding;
use crate::facts::{Facts, Init};
use crate::record;
use crate::version::Arch;

/// What a new node needs: its images and some room.
const DISK_MIB: u64 = 2048;

/// Memory in MiB and cores that k3s asks for (docs.k3s.io, "Requirements").
fn wants(role: Role) -> (u64, u32) {
    match role {
        Role::Server => (2048, 2),
        Role::Agent => (512, 1),
    }
}

pub(super) fn check(cluster: &Cluster, machine: &Machine, facts: &Facts, out: &mut Vec<Finding>) {
    let mut wrong = |text: String| out.push(Finding::new(machine.label(), text));
    if Arch::of_machine(&facts.machine).is_none() {
        wrong(format!(
            "k3s is not built for {}; use a machine with amd64, arm64 or armv7",
            facts.machine
        ));
    }
    if facts.init == Init::Unknown {
        wrong("it has neither systemd nor OpenRC running, and k3s could not be kept running; use a machine with one".into());
    }
    if !facts.lacking.is_empty() {
        let lacking = facts.lacking.join(", ");
        wrong(format!("it lacks {lacking}; install coreutils and awk there"));
    }
    if !facts.memory_cgroup {
        wrong(
            "its kernel does not count memory (no memory cgroup), and no pod could be limited; add `cgroup_memory=1 cgroup_enable=memory` \
             to its kernel's command line and start it anew"
                .into(),
        );
    }
    let (memory, cores) = wants(machine.role);
    if facts.memory_mib < memory / 2 {
        let have = facts.memory_mib;
        wrong(format!("it has {have} MiB of memory, and k3s needs {memory} for this role"));
    }
    if !facts.is_member() {
        if facts.disk_mib < DISK_MIB {
            let free = facts.disk_mib;
            wrong(format!(
                "/var/lib has {free} MiB of free space, and {DISK_MIB} are needed; make room there"
            ));
        }
        ports(cluster, machine, facts, &mut wrong);
    }
    if facts.memory_mib >= memory / 2 && facts.memory_mib < memory * 9 / 10 {
        let text = format!(
            "it has {} MiB of memory; k3s recommends {memory} for this role",
            facts.memory_mib
        );
        out.push(Finding::note(machine.label(), text));
    }
    if facts.cores < cores {
        let text = format!(
            "it has {} of the {cores} cores that k3s recommends for this role",
            facts.cores
        );
        out.push(Finding::note(machine.label(), text));
    }
    if let Some(firewall) = facts.firewall.as_ref().filter(|_| !facts.is_member()) {
        let text = format!(
            "{firewall} is active: nodes must reach each other on TCP 6443, 10250, 2379, 2380 and UDP 8472, pods (10.42.0.0/16) and \
             services (10.43.0.0/16) must pass"
        );
        out.push(Finding::note(machine.label(), text));
    }
}

/// The ports that k3s will listen on (docs.k3s.io, "Networking").
fn ports(cluster: &Cluster, machine: &Machine, facts: &Facts, wrong: &mut impl FnMut(String)) {
    // A start that was killed halfway: they are our own.
    if facts.active && facts.recorded().is_some() {
        return;
    }
    let mut tcp = vec![10250];
    if machine.role == Role::Server {
        tcp.push(6443);
        if cluster.servers().count() > 1 {
            tcp.extend([2379, 2380]);
        }
    }
    if cluster.settings.embedded_registry {
        tcp.push(5001);
    }
    tcp.retain(|port| facts.tcp.contains(port));
    tcp.sort_unstable();
    let mut taken: Vec<String> = tcp.iter().map(|port| format!("TCP {port}")).collect();
    if facts.udp.contains(&8472) {
        taken.push("UDP 8472".to_owned());
    }
    if !taken.is_empty() {
        wrong(format!(
            "another program listens on {}, which k3s needs; `ss -tulpn` there names it",
            taken.join(", ")
        ));
    }
}

/// What tells of a k3s that is not ours.
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
