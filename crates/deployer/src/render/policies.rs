//! The network policies: the peers that may talk to the pods, and those that they may talk to.

use std::collections::BTreeMap;

use k8s_openapi::api::networking::v1::{
    IPBlock, NetworkPolicy, NetworkPolicyEgressRule, NetworkPolicyIngressRule, NetworkPolicyPeer,
    NetworkPolicyPort, NetworkPolicySpec,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use skyward_config::Peer;

use super::pod::HTTP;
use super::{canonical, objects, pod, probes};
use crate::release::{INSTANCE, Release};

/// First nothing at all, in either direction; then what is needed. Policies add up.
pub(super) fn policies(release: &Release) -> Vec<NetworkPolicy> {
    let deny = NetworkPolicySpec {
        policy_types: Some(vec!["Ingress".into(), "Egress".into()]),
        ..NetworkPolicySpec::default()
    };
    let mut policies = vec![for_all(release, "deny-all", deny)];
    let egress = NetworkPolicySpec {
        policy_types: Some(vec!["Egress".into()]),
        egress: Some(to_outside(release)),
        ..NetworkPolicySpec::default()
    };
    policies.push(for_all(release, "egress", egress));
    // A rule without peers would let everybody in: with no clients there is no policy.
    if !release.k3s.clients.is_empty() || !release.k3s.allow_from.is_empty() {
        let ingress = NetworkPolicySpec {
            policy_types: Some(vec!["Ingress".into()]),
            ingress: Some(from_outside(release)),
            ..NetworkPolicySpec::default()
        };
        policies.push(policy(release, "ingress", ingress));
    }
    policies
}

fn policy(release: &Release, what: &str, spec: NetworkPolicySpec) -> NetworkPolicy {
    NetworkPolicy {
        metadata: objects::metadata(release, format!("{}-{what}", release.name())),
        spec: Some(NetworkPolicySpec { pod_selector: Some(objects::pods(release)), ..spec }),
    }
}

/// As [`policy`], for the pods of jobs and workers too.
fn for_all(release: &Release, what: &str, spec: NetworkPolicySpec) -> NetworkPolicy {
    let mut policy = policy(release, what, spec);
    if let Some(spec) = policy.spec.as_mut().filter(|_| release.has_other_pods()) {
        spec.pod_selector = Some(labelled(INSTANCE, release.name()));
    }
    policy
}

fn from_outside(release: &Release) -> Vec<NetworkPolicyIngressRule> {
    let clients = (!release.k3s.clients.is_empty()).then(|| from_clients(release));
    let further = release.k3s.allow_from.iter().map(|from| NetworkPolicyIngressRule {
        from: Some(vec![peer(release, from)]),
        ports: ports(from),
    });
    clients.into_iter().chain(further).collect()
}

fn peer(release: &Release, wanted: &Peer) -> NetworkPolicyPeer {
    if let Some(network) = &wanted.network {
        let cidr = canonical::network(network).unwrap_or_else(|| network.clone());
        let ip_block = Some(IPBlock { cidr, except: None });
        return NetworkPolicyPeer { ip_block, ..NetworkPolicyPeer::default() };
    }
    let mut peer = match wanted.namespace.as_deref() {
        Some("*") => NetworkPolicyPeer {
            namespace_selector: Some(LabelSelector::default()),
            ..NetworkPolicyPeer::default()
        },
        named => namespace(named.unwrap_or_else(|| release.namespace())),
    };
    peer.pod_selector = (!wanted.labels.is_empty()).then(|| LabelSelector {
        match_labels: Some(wanted.labels.clone()),
        ..LabelSelector::default()
    });
    peer
}

fn ports(wanted: &Peer) -> Option<Vec<NetworkPolicyPort>> {
    let port = |number: &u16| NetworkPolicyPort {
        port: Some(IntOrString::Int((*number).into())),
        protocol: Some(pod::protocol(wanted.protocol).into()),
        end_port: None,
    };
    (!wanted.ports.is_empty()).then(|| wanted.ports.iter().map(port).collect())
}

/// The Ingress controller, and what reads the metrics.
fn from_clients(release: &Release) -> NetworkPolicyIngressRule {
    let named = |port: &str| NetworkPolicyPort {
        port: Some(IntOrString::String(port.into())),
        protocol: Some("TCP".into()),
        end_port: None,
    };
    let mut ports = vec![named(HTTP)];
    // Metrics are there too.
    ports.extend(release.service.has_admin_port().then(|| named(probes::ADMIN)));
    NetworkPolicyIngressRule {
        from: Some(release.k3s.clients.iter().map(|name| namespace(name)).collect()),
        ports: Some(ports),
    }
}

fn to_outside(release: &Release) -> Vec<NetworkPolicyEgressRule> {
    let mut rules = vec![dns()];
    let networks: Vec<_> =
        release.k3s.egress.iter().filter_map(|text| canonical::network(text)).collect();
    // As for the clients: a rule without peers would let the pods reach everything.
    if !networks.is_empty() {
        let block = |cidr| NetworkPolicyPeer {
            ip_block: Some(IPBlock { cidr, except: None }),
            ..NetworkPolicyPeer::default()
        };
        let to = networks.into_iter().map(block).collect();
        rules.push(NetworkPolicyEgressRule { to: Some(to), ports: None });
    }
    rules.extend(
        release.k3s.allow_to.iter().map(|to| NetworkPolicyEgressRule {
            to: Some(vec![peer(release, to)]),
            ports: ports(to),
        }),
    );
    rules
}

/// CoreDNS, which bears the label of its predecessor in every distribution.
fn dns() -> NetworkPolicyEgressRule {
    let mut server = namespace("kube-system");
    server.pod_selector = Some(labelled("k8s-app", "kube-dns"));
    let port = |protocol: &str| NetworkPolicyPort {
        port: Some(IntOrString::Int(53)),
        protocol: Some(protocol.into()),
        end_port: None,
    };
    NetworkPolicyEgressRule { to: Some(vec![server]), ports: Some(vec![port("UDP"), port("TCP")]) }
}

/// All pods of a namespace, by the label that the API server itself puts on each.
fn namespace(name: &str) -> NetworkPolicyPeer {
    NetworkPolicyPeer {
        namespace_selector: Some(labelled("kubernetes.io/metadata.name", name)),
        ..NetworkPolicyPeer::default()
    }
}

fn labelled(name: &str, value: &str) -> LabelSelector {
    LabelSelector {
        match_labels: Some(BTreeMap::from([(name.to_owned(), value.to_owned())])),
        ..LabelSelector::default()
    }
}
