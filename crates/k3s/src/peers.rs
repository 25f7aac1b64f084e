//! The ports of the other machines that a machine has to reach (docs.k3s.io, "Networking"). Pure.

use std::net::IpAddr;

use skyward_config::Role;
use skyward_terminal::Severity;
use skyward_terminal::event::Finding;

use super::cluster::{API_SERVER, Cluster, Machine};
use super::facts::{Closed, Facts};
use super::report::problem;

/// The port of the kubelet, from which the metrics of pods come.
pub const KUBELET: u16 = 10250;
/// The ports of etcd, for clients and for its peers.
pub const ETCD: [u16; 2] = [2379, 2380];
/// The port of the embedded registry mirror.
pub const REGISTRY: u16 = 5001;

/// Returns the ports of the other machines that one of them has to reach, each with the address by which it does. Those of UDP cannot be
/// tried: nothing answers there before k3s runs.
pub fn ports(cluster: &Cluster, index: usize) -> Vec<(String, u16)> {
    let own = &cluster.machines[index];
    let has_etcd = cluster.servers().count() > 1;
    let others = cluster.machines.iter().enumerate().filter(|(other, _)| *other != index);
    let ports = others.filter_map(|(_, machine)| {
        let address = machine.address_for_others()?;
        let mut ports = vec![KUBELET];
        if machine.role == Role::Server {
            ports.push(API_SERVER);
            if own.role == Role::Server && has_etcd {
                ports.extend(ETCD);
            }
        }
        if cluster.settings.embedded_registry {
            ports.push(REGISTRY);
        }
        Some(ports.into_iter().map(|port| (address.to_owned(), port)))
    });
    ports.flatten().collect()
}

/// Finds ports between machines that are closed. They block a machine that is to join, and are told of members.
pub fn check(cluster: &Cluster, facts: &[Facts]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (machine, own) in cluster.machines.iter().zip(facts) {
        let others = cluster.machines.iter().zip(facts).filter(|(other, _)| *other != machine);
        for (other, its) in others {
            let Some(address) = other.address_for_others() else { continue };
            let mut closed: Vec<&Closed> =
                own.closed.iter().filter(|closed| closed.address == address).collect();
            // Behind a forwarded port or a public address, only that of the API server is used by it. A name may be either.
            let place = match address.parse::<IpAddr>() {
                Ok(address) if its.addresses.contains(&address) => Place::Own,
                Ok(_) => Place::Before,
                Err(_) => Place::Unknown,
            };
            closed.retain(|closed| place != Place::Before || closed.port == API_SERVER);
            closed.sort_by_key(|closed| closed.port);
            if !closed.is_empty() {
                // Without the kubelet's port pods run, and have no metrics.
                let is_needed = |closed: &&Closed| match closed.port {
                    API_SERVER => true,
                    KUBELET => false,
                    _ => place == Place::Own,
                };
                let are_members = own.is_member() && its.is_member();
                let blocks = !are_members && closed.iter().any(is_needed);
                findings.push(finding(machine, other, blocks, &closed));
            }
        }
    }
    findings
}

/// The place of an address.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// One of the machine's own.
    Own,
    /// Before the machine, which has it not itself.
    Before,
    /// A name.
    Unknown,
}

fn finding(machine: &Machine, other: &Machine, blocks: bool, closed: &[&Closed]) -> Finding {
    let ports: Vec<String> = closed.iter().map(|closed| closed.port.to_string()).collect();
    let mut reasons: Vec<&str> = closed.iter().map(|closed| closed.reason.as_str()).collect();
    reasons.dedup();
    let text = format!(
        "it does not reach TCP {} of {} ({})",
        ports.join(", "),
        other.label(),
        reasons.join(", ")
    );
    let next = format!(
        "open {} of {} to it in the firewalls there and between them, with UDP 8472; or give the `ip` by which the machines reach each other",
        if ports.len() == 1 { "that port" } else { "those ports" },
        other.label()
    );
    let severity = if blocks { Severity::Error } else { Severity::Warning };
    Finding { severity, ..problem(machine.label(), text, next) }
}
