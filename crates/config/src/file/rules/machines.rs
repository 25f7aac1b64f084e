//! Rules over the machines of a cluster, their labels, and what is passed on to their k3s.

use std::collections::{BTreeMap, HashSet};
use std::net::IpAddr;

use super::Report;
use crate::file::keys::child;
use crate::file::validate::quoted;
use crate::{K3s, Role};

pub(super) fn check(k3s: &K3s, report: &mut Report<'_>) {
    twice(k3s, report);
    addresses(k3s, report);
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
    if let Some(name) = k3s.node_env.keys().find(|name| OF_UP.contains(&name.as_str())) {
        report(&[&child("k3s.node_env", name)], &|_| {
            "`cluster up` gives k3s what that variable is for; it takes the configuration's own keys".into()
        });
    }
    for machine in &k3s.machine {
        for label in machine.labels.keys().filter(|label| !is_free(label)) {
            report(&["k3s.machine"], &|_| {
                format!(
                    "the kubelet of {} would not start with the label {}: of kubernetes.io and k8s.io it takes those below node.kubernetes.io and few others; name your own otherwise, or set it with `kubectl label node`",
                    quoted(&machine.address),
                    quoted(label)
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

/// Variables of k3s in whose place `cluster up` writes files (`pkg/cli/cmds/server.go` and `agent.go`, `EnvVar`).
const OF_UP: [&str; 10] = [
    "K3S_TOKEN",
    "K3S_TOKEN_FILE",
    "K3S_AGENT_TOKEN",
    "K3S_AGENT_TOKEN_FILE",
    "K3S_URL",
    "K3S_CONFIG_FILE",
    "K3S_NODE_NAME",
    "K3S_CLUSTER_INIT",
    "K3S_CLUSTER_RESET",
    "K3S_KUBECONFIG_OUTPUT",
];

/// An address in its one notation; of IPv4 also where IPv6 has it.
fn canonical(address: &str) -> Option<IpAddr> {
    address.parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

/// Finds what two machines have that one alone may have, and taints that a kubelet takes once.
fn twice(k3s: &K3s, report: &mut Report<'_>) {
    let (mut addresses, mut names, mut ips) = (HashSet::new(), HashSet::new(), HashSet::new());
    for machine in &k3s.machine {
        let mut tell = |what: String| report(&["k3s.machine"], &|_| what.clone());
        let address = &machine.address;
        let one = canonical(address).map_or(address.to_ascii_lowercase(), |it| it.to_string());
        if !addresses.insert((one, machine.port)) {
            tell(format!("{} is listed twice; list each machine once", quoted(address)));
        }
        if let Some(name) = machine.name.as_ref().filter(|name| !names.insert(*name)) {
            tell(format!("two machines have the name {}; each node has its own", quoted(name)));
        }
        let ip = machine.ip.as_deref().and_then(canonical);
        if let Some(ip) = ip.filter(|ip| !ips.insert(*ip)) {
            tell(format!("two machines have the ip {ip}; each has its own"));
        }
        let mut taints = HashSet::new();
        let same = machine.taints.iter().find(|taint| {
            let (name, effect) = taint.rsplit_once(':').unwrap_or((taint, ""));
            !taints.insert((name.split('=').next(), effect))
        });
        if let Some(taint) = same {
            tell(format!(
                "the taint {} of {} is there with another value; a kubelet takes each key and effect once",
                quoted(taint),
                quoted(address)
            ));
        }
    }
}

/// Finds addresses by which no other machine reaches one.
fn addresses(k3s: &K3s, report: &mut Report<'_>) {
    let are_several = k3s.machine.len() > 1;
    let is_nowhere = |address: &str, is_alone: bool| {
        canonical(address).is_some_and(|it| {
            it.is_unspecified() || it.is_multicast() || it.is_loopback() && !is_alone
        })
    };
    for machine in &k3s.machine {
        // A virtual machine behind a forwarded port has the address of this one.
        if is_nowhere(&machine.address, true) {
            report(&["k3s.machine"], &|_| {
                format!(
                    "{} is the address of no machine; give the one by which ssh reaches it",
                    quoted(&machine.address)
                )
            });
        }
        if let Some(ip) = machine.ip.as_ref().filter(|ip| is_nowhere(ip, !are_several)) {
            report(&["k3s.machine"], &|_| {
                format!(
                    "by {} no other machine reaches {}; give its address in their network",
                    quoted(ip),
                    quoted(&machine.address)
                )
            });
        }
    }
    if let Some(endpoint) = k3s.endpoint.as_ref().filter(|it| is_nowhere(it, !are_several)) {
        report(&["k3s.endpoint"], &|_| {
            format!(
                "by {} no other machine reaches the cluster; give a name or address that leads to its servers",
                quoted(endpoint)
            )
        });
    }
}

/// Labels of Kubernetes itself that a kubelet takes (`pkg/kubelet/apis/well_known_labels.go`, `kubeletLabels`).
const KUBELET_LABELS: [&str; 11] = [
    "kubernetes.io/hostname",
    "kubernetes.io/os",
    "kubernetes.io/arch",
    "beta.kubernetes.io/os",
    "beta.kubernetes.io/arch",
    "beta.kubernetes.io/instance-type",
    "node.kubernetes.io/instance-type",
    "topology.kubernetes.io/zone",
    "topology.kubernetes.io/region",
    "failure-domain.beta.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/region",
];

/// Returns true for a label that a kubelet takes: `--node-labels` ends it for others of Kubernetes' own.
fn is_free(label: &str) -> bool {
    let Some((prefix, _)) = label.split_once('/') else { return true };
    let is_below = |domain: &str| {
        prefix.strip_suffix(domain).is_some_and(|before| before.is_empty() || before.ends_with('.'))
    };
    !["kubernetes.io", "k8s.io"].into_iter().any(is_below)
        || ["node.kubernetes.io", "kubelet.kubernetes.io"].into_iter().any(is_below)
        || KUBELET_LABELS.contains(&label)
}

/// The reason why a key of k3s's configuration may not be given as it is, with what sets it.
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
    format!("the option {} may not be given; {instead}", quoted(option))
}
