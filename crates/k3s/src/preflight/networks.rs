//! The networks of pods and Services: no machine is in one, and they stay as they are once the cluster has begun.

use std::net::{IpAddr, Ipv4Addr};

use skyward_config::Role;
use skyward_terminal::Severity;
use skyward_terminal::event::Finding;

use crate::cluster::{Cluster, Machine};
use crate::facts::Facts;
use crate::network::Network;
use crate::report::problem;

/// The networks that k3s gives pods and Services (docs.k3s.io, "k3s server", `--cluster-cidr` and `--service-cidr`).
const OWN: [&str; 2] = ["10.42.0.0/16", "10.43.0.0/16"];

/// The networks of pods and of Services.
pub(super) fn of(cluster: &Cluster) -> [&str; 2] {
    let settings = &cluster.settings;
    [
        settings.pod_network.as_deref().unwrap_or(OWN[0]),
        settings.service_network.as_deref().unwrap_or(OWN[1]),
    ]
}

pub(super) fn check(cluster: &Cluster, machine: &Machine, facts: &Facts, out: &mut Vec<Finding>) {
    let has = [&facts.pod_network, &facts.service_network];
    let names = [("pods", "k3s.pod_network"), ("Services", "k3s.service_network")];
    let mut is_larger = false;
    for ((at, (whose, key)), wanted) in names.into_iter().enumerate().zip(of(cluster)) {
        let mut wrong = |text: String, next: String| out.push(problem(machine.label(), text, next));
        if facts.is_member() {
            let has = has[at].as_deref().unwrap_or(OWN[at]);
            if machine.role == Role::Server && has != wanted {
                wrong(
                    format!(
                        "the network of its {whose} is {has} and the configuration says {wanted}"
                    ),
                    format!("keep {key}: it cannot be changed once the cluster has begun"),
                );
            }
            continue;
        }
        let Some(network) = Network::parse(wanted) else { continue };
        let next = format!("set {key} to a network that no machine is in or leads to");
        let mut routes = facts.routes.iter();
        if let Some(route) = routes.clone().find(|route| network.holds(route.network)) {
            let text = format!(
                "its network {} ({}) is within that of {whose}, {network}: one of the two would not be reached",
                route.network, route.link
            );
            wrong(text, next);
        } else if let Some(address) =
            addresses(machine, facts).find(|it| network.holds(Network::of(*it)))
        {
            let text = format!("its address {address} is within the network of {whose}, {network}");
            wrong(text, next);
        } else if let Some(route) = routes.find(|route| !is_larger && route.network.holds(network))
        {
            is_larger = true;
            let text = format!(
                "that of {whose}, {network}, is within its network {} ({}): what has an address in it there would not be reached",
                route.network, route.link
            );
            out.push(Finding {
                severity: Severity::Warning,
                ..problem(machine.label(), text, next)
            });
        }
    }
}

/// The addresses of a machine, those of IPv4: its own, and the one by which others reach it where that is no name.
fn addresses(machine: &Machine, facts: &Facts) -> impl Iterator<Item = Ipv4Addr> {
    let own = facts.addresses.iter().filter_map(|address| match address {
        IpAddr::V4(address) => Some(*address),
        IpAddr::V6(_) => None,
    });
    own.chain(machine.address_for_others().and_then(|address| address.parse().ok()))
}
