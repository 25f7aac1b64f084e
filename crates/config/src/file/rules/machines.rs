//! Rules over the machines of a cluster, and over what is passed on to their k3s.

use std::collections::{BTreeMap, HashSet};
use std::net::IpAddr;

use super::Report;
use crate::file::keys::child;
use crate::file::validate::quoted;
use crate::{K3s, Role};

pub(super) fn check(k3s: &K3s, report: &mut Report<'_>) {
    let mut seen = HashSet::new();
    for machine in &k3s.machine {
        if !seen.insert((machine.address.to_ascii_lowercase(), machine.port)) {
            report(&["k3s.machine"], &|_| {
                format!("{} is listed twice; list each machine once", quoted(&machine.address))
            });
        }
    }
    if !k3s.machine.is_empty() && k3s.machine.iter().all(|machine| machine.role == Role::Agent) {
        report(&["k3s.machine"], &|_| {
            "every machine is an agent; the first one at least has role \"server\"".into()
        });
    }
    if k3s.registries_file.is_some() && !k3s.registries.is_empty() {
        report(&["k3s.registries_file", "k3s.registries"], &|_| {
            "k3s.registries_file and k3s.registries are both given; the file holds them all, or there is none".into()
        });
    }
    for (name, network) in
        [("pod_network", &k3s.pod_network), ("service_network", &k3s.service_network)]
    {
        let wrong =
            network.iter().flat_map(|network| network.split(',')).find(|it| !is_network(it));
        if let Some(wrong) = wrong {
            report(&[&child("k3s", name)], &|_| {
                format!(
                    "{} is not a network: its address ends with its prefix, such as 10.42.0.0/16",
                    quoted(wrong)
                )
            });
        }
    }
    let own = |options: &BTreeMap<String, Vec<String>>| {
        options.keys().find_map(|name| Some((name.clone(), of_its_own(name)?)))
    };
    if let Some((name, instead)) = own(&k3s.options) {
        report(&[&child("k3s.options", &name)], &|_| refused(&name, instead));
    }
    if let Some((name, instead)) = k3s.machine.iter().find_map(|machine| own(&machine.options)) {
        report(&["k3s.machine"], &|_| refused(&name, instead));
    }
}

/// Returns true for a network whose address has no bit beyond its prefix.
fn is_network(text: &str) -> bool {
    let Some((address, prefix)) = text.split_once('/') else { return false };
    let (Ok(address), Ok(prefix)) = (address.parse::<IpAddr>(), prefix.parse::<u32>()) else {
        return false;
    };
    let (bits, length) = match address {
        IpAddr::V4(address) => (u128::from(u32::from(address)) << 96, 32),
        IpAddr::V6(address) => (u128::from(address), 128),
    };
    (1..=length).contains(&prefix) && bits.checked_shl(prefix).unwrap_or(0) == 0
}

/// What sets a key of k3s's configuration, where it may not be given as it is.
fn of_its_own(option: &str) -> Option<&'static str> {
    Some(match option {
        "token" | "token-file" | "agent-token" | "agent-token-file" | "vpn-auth" => {
            "it is a secret or the place of one, and `cluster up` makes what is needed"
        }
        "server" | "cluster-init" => "`cluster up` sets it by the roles of the machines",
        "cluster-reset" | "cluster-reset-restore-path" => "`cluster restore` sets it",
        "node-name" | "node-ip" | "node-label" | "node-taint" => {
            "k3s.machine has `name`, `ip`, `labels` and `taints` for it"
        }
        "tls-san" => "k3s.endpoint is for it, and the machines' addresses are in it",
        "disable" => "k3s.traefik and k3s.servicelb are for it",
        "embedded-registry" => "k3s.embedded_registry is for it",
        "cluster-cidr" => "k3s.pod_network is for it",
        "service-cidr" => "k3s.service_network is for it",
        "private-registry" => "k3s.registries and k3s.registries_file are for it",
        "data-dir" | "config" | "write-kubeconfig" | "write-kubeconfig-mode" => {
            "`cluster down` removes what is at k3s's own place"
        }
        "secrets-encryption" => "`cluster up` always sets it",
        "https-listen-port" | "with-node-id" | "rootless" | "datastore-endpoint" => {
            "`cluster up` relies on k3s's own value"
        }
        _ => return None,
    })
}

fn refused(option: &str, instead: &str) -> String {
    format!("the option {} may not be given: {instead}", quoted(option))
}
