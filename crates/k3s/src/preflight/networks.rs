//! The networks of pods and Services: no machine is in one, and they stay as they are once the cluster has begun.

use std::net::Ipv4Addr;

use skyward_config::Role;
use skyward_terminal::event::Finding;

use crate::cluster::{Cluster, Machine};
use crate::facts::Facts;
use crate::network::Network;
use crate::report::problem;

/// The networks that k3s gives pods and Services (docs.k3s.io, "k3s server", `--cluster-cidr` and `--service-cidr`).
const OWN: [&str; 2] = ["10.42.0.0/16", "10.43.0.0/16"];

pub(super) fn check(cluster: &Cluster, machine: &Machine, facts: &Facts, out: &mut Vec<Finding>) {
    let settings = &cluster.settings;
    let networks = [
        ("pods", "k3s.pod_network", &settings.pod_network, &facts.pod_network, OWN[0]),
        (
            "Services",
            "k3s.service_network",
            &settings.service_network,
            &facts.service_network,
            OWN[1],
        ),
    ];
    for (whose, key, wanted, has, own) in networks {
        let wanted = wanted.as_deref().unwrap_or(own);
        let mut wrong = |text: String, next: String| out.push(problem(machine.label(), text, next));
        if facts.is_member() {
            let has = has.as_deref().unwrap_or(own);
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
        if let Some(route) = facts.routes.iter().find(|route| network.holds(route.network)) {
            let text = format!(
                "its network {} ({}) is within that of {whose}, {network}: one of the two would not be reached",
                route.network, route.link
            );
            wrong(text, next);
        } else if let Some(address) = address(machine).filter(|it| network.holds(Network::of(*it)))
        {
            let text = format!("its address {address} is within the network of {whose}, {network}");
            wrong(text, next);
        }
    }
}

/// The address of a machine for the others, where it is one of IPv4 and no name.
fn address(machine: &Machine) -> Option<Ipv4Addr> {
    machine.address_for_others()?.parse().ok()
}
