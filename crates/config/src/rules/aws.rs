//! Rules over the keys of `[aws]`.

use std::net::Ipv4Addr;

use super::Report;
use crate::Config;
use crate::keys::child;
use crate::validate::quoted;

pub(super) fn check(config: &Config, report: &mut Report<'_>) {
    let aws = &config.aws;
    if aws.max_instances < aws.instances {
        report(&["aws.instances", "aws.max_instances"], &|_| {
            "max_instances is less than instances; instances is the least and max_instances the most".into()
        });
    }
    if !aws.zones.is_empty() && aws.zones.len() != 3 {
        report(&["aws.zones"], &|_| {
            format!("{} zones are named; the topology has three", aws.zones.len())
        });
    }
    if let Some(first) =
        first_address(&aws.network).filter(|first| !aws.network.starts_with(&format!("{first}/")))
    {
        report(&["aws.network"], &|_| {
            format!(
                "{} has bits set behind its prefix; the network begins at {first}",
                quoted(&aws.network)
            )
        });
    }
    if let Some(zone) = aws.zones.iter().find(|zone| !zone.starts_with(&aws.region)) {
        report(&["aws.zones", "aws.region"], &|_| {
            format!("{} is not a zone of the region {}", quoted(zone), quoted(&aws.region))
        });
    }
    for name in aws.tags.keys().filter(|name| {
        let name = name.to_ascii_lowercase();
        name.starts_with("aws:") || name.starts_with("skyward:") || name == "name"
    }) {
        report(&[&child("aws.tags", name)], &|_| {
            "tags that begin with aws: are AWS's own, those with skyward: mark what is ours, and Name is made from aws.name".into()
        });
    }
}

/// The first address of a network; none where it is none.
fn first_address(network: &str) -> Option<Ipv4Addr> {
    let (address, bits) = network.split_once('/')?;
    let address: Ipv4Addr = address.parse().ok()?;
    let mask = u32::MAX
        .checked_shl(32 - bits.parse::<u32>().ok().filter(|bits| *bits <= 32)?)
        .unwrap_or(0);
    Some((u32::from(address) & mask).into())
}
