//! Rules over the networks of pods and Services: k3s does not start with one that breaks them.

use std::net::IpAddr;

use super::Report;
use crate::K3s;
use crate::file::keys::child;
use crate::file::validate::quoted;

/// The networks that k3s gives pods and Services (docs.k3s.io, "k3s server", `--cluster-cidr` and `--service-cidr`).
const OWN: [&str; 2] = ["10.42.0.0/16", "10.43.0.0/16"];
/// The prefix of the network that each node has of that of the pods, of IPv4 and of IPv6 (kube-controller-manager,
/// `--node-cidr-mask-size-ipv4` and `-ipv6`).
const OF_NODE: [u32; 2] = [24, 64];
/// The shortest prefixes of the network of Services (kube-apiserver: "specified --service-cluster-ip-range is too large").
const LARGEST: [u32; 2] = [12, 108];
/// The longest, as the cluster's DNS is at the tenth address.
const SMALLEST: [u32; 2] = [28, 124];

pub(super) fn check(k3s: &K3s, report: &mut Report<'_>) {
    let keys = ["pod_network", "service_network"].map(|name| child("k3s", name));
    let given = [&k3s.pod_network, &k3s.service_network];
    let mut is_well = true;
    for (key, network) in keys.iter().zip(given) {
        let wrong = network.iter().flat_map(|it| it.split(',')).find(|it| parse(it).is_none());
        if let Some(wrong) = wrong {
            is_well = false;
            report(&[key], &|_| {
                format!(
                    "{} is not a network; its address ends with its prefix, such as 10.42.0.0/16",
                    quoted(wrong)
                )
            });
        }
    }
    if !is_well || given.iter().all(|network| network.is_none()) {
        return;
    }
    let parsed = |at: usize| -> Vec<Network> {
        given[at].as_deref().unwrap_or(OWN[at]).split(',').filter_map(parse).collect()
    };
    let (pods, services) = (parsed(0), parsed(1));
    let families = |networks: &[Network]| {
        let mut families: Vec<usize> = networks.iter().map(|network| network.family).collect();
        families.sort_unstable();
        families
    };
    let both = [keys[0].as_str(), keys[1].as_str()];
    if families(&pods) != families(&services) {
        report(&both, &|_| {
            "pods and Services need networks of the same kinds; both of IPv4, both of IPv6, or both of each".into()
        });
    }
    if pods.iter().any(|pod| services.iter().any(|service| pod.overlaps(service))) {
        report(&both, &|_| {
            format!(
                "the networks of pods and Services overlap; without the keys they are {} and {}",
                OWN[0], OWN[1]
            )
        });
    }
    if let Some(family) = pods.iter().find(|it| it.prefix > OF_NODE[it.family]).map(|it| it.family)
    {
        report(&[&keys[0]], &|_| {
            format!("the network is too small; each node has one of /{} of it", OF_NODE[family])
        });
    }
    let has_size = |it: &Network| (LARGEST[it.family]..=SMALLEST[it.family]).contains(&it.prefix);
    if let Some(family) = services.iter().find(|it| !has_size(it)).map(|it| it.family) {
        report(&[&keys[1]], &|_| {
            format!(
                "the API server does not start with a network of that size; its prefix is one from /{} to /{}",
                LARGEST[family], SMALLEST[family]
            )
        });
    }
}

/// A network: 0 for IPv4 or 1 for IPv6, the bits of its address from the first one on, and the number of those that count.
struct Network {
    family: usize,
    bits: u128,
    prefix: u32,
}

impl Network {
    fn overlaps(&self, other: &Self) -> bool {
        let prefix = self.prefix.min(other.prefix);
        self.family == other.family && (self.bits ^ other.bits).leading_zeros() >= prefix
    }
}

/// Reads a network whose address has no bit beyond its prefix.
fn parse(text: &str) -> Option<Network> {
    let (address, prefix) = text.split_once('/')?;
    let prefix = prefix.parse::<u32>().ok()?;
    let (family, bits, length) = match address.parse().ok()? {
        IpAddr::V4(address) => (0, u128::from(u32::from(address)) << 96, 32),
        IpAddr::V6(address) => (1, u128::from(address), 128),
    };
    let is_whole = (1..=length).contains(&prefix) && bits.checked_shl(prefix).unwrap_or(0) == 0;
    is_whole.then_some(Network { family, bits, prefix })
}
