//! The host name of the Ingress.

use std::net::{IpAddr, Ipv4Addr};

use serde_json::Value;
use skyward_config::{Config, Ingress};

use crate::api::NodeAddress;
use crate::deploy::DeployError;
use crate::history::Revision;
use crate::manifest::Kind;
use crate::release::IngressHost;

/// The Ingress host that the configuration asks for; a nip.io name is made of a node's address, and stays what it was as long as
/// a node has that address.
///
/// # Errors
/// A nip.io name is asked for, and the nodes' addresses cannot be had.
pub fn ingress_host(
    config: &Config,
    nodes: &[NodeAddress],
    revisions: &[Revision],
) -> Result<IngressHost, DeployError> {
    if let Some(host) = &config.k3s.host {
        return Ok(IngressHost::Named(host.clone()));
    }
    match config.k3s.ingress {
        Ingress::None => Ok(IngressHost::None),
        Ingress::AnyHost => Ok(IngressHost::Any),
        Ingress::NipIo => {
            let addresses: Vec<IpAddr> = nodes.iter().flat_map(addresses).collect();
            let before = revisions.last().and_then(host_before);
            choose(&config.service.name, &addresses, before)
                .map(IngressHost::Named)
                .ok_or_else(|| DeployError::NoAddress {
                    reason: if nodes.is_empty() {
                        "we may list no node (which takes a ClusterRole with {apiGroups: [\"\"], resources: [\"nodes\"], verbs: [\"list\"]}), or there is none".into()
                    } else {
                        "no node tells an address".into()
                    },
                })
        }
    }
}

/// A node's addresses, the one for the world first.
fn addresses(node: &NodeAddress) -> impl Iterator<Item = IpAddr> {
    [&node.external, &node.internal].into_iter().flatten().filter_map(|text| text.parse().ok())
}

/// The host name that the revision's Ingress has.
fn host_before(revision: &Revision) -> Option<&str> {
    let ingress = revision.manifests.iter().find(|manifest| manifest.id.kind == Kind::Ingress)?;
    ingress.object.pointer("/spec/rules/0/host").and_then(Value::as_str)
}

/// The name before if a node still has its address, else one of the first node's address.
fn choose(service: &str, addresses: &[IpAddr], before: Option<&str>) -> Option<String> {
    let mut names = addresses.iter().filter_map(|address| match address {
        IpAddr::V4(address) => Some(nip_io(service, *address)),
        // nip.io answers for IPv4 alone.
        IpAddr::V6(_) => None,
    });
    let before = before.filter(|before| names.clone().any(|name| name == *before));
    before.map(str::to_owned).or_else(|| names.next())
}

/// The service's name under an address, in nip.io's dash notation.
pub fn nip_io(service: &str, address: Ipv4Addr) -> String {
    format!("{service}.{}.nip.io", address.to_string().replace('.', "-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_as_long_as_a_node_has_its_address() {
        let addresses: Vec<IpAddr> =
            ["fd00::1", "10.0.0.5", "10.0.0.6"].iter().map(|text| text.parse().unwrap()).collect();
        let choose = |before| choose("web", &addresses, before);
        assert_eq!(choose(None).unwrap(), "web.10-0-0-5.nip.io");
        assert_eq!(choose(Some("web.10-0-0-6.nip.io")).unwrap(), "web.10-0-0-6.nip.io");
        assert_eq!(choose(Some("web.10-0-0-7.nip.io")).unwrap(), "web.10-0-0-5.nip.io");
        assert_eq!(choose(Some("web.example.com")).unwrap(), "web.10-0-0-5.nip.io");
        assert_eq!(super::choose("web", &addresses[..1], None), None);
    }
}
