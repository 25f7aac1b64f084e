use std::net::Ipv4Addr;

/// The first and the last address of a network.
pub(super) fn range(network: &str) -> Option<(u32, u32)> {
    let (address, bits) = network.split_once('/')?;
    let (address, bits): (Ipv4Addr, u32) = (address.parse().ok()?, bits.parse().ok()?);
    let rest = u32::MAX.checked_shr(bits).unwrap_or(0);
    let first = u32::from(address) & !rest;
    (bits <= 32).then_some((first, first | rest))
}

/// The length of a network's prefix.
pub(super) fn bits(network: &str) -> Option<u32> {
    network.split_once('/')?.1.parse().ok()
}

/// Whether all of a network is in another.
pub(super) fn contains(outer: &str, inner: &str) -> bool {
    let (Some(outer), Some(inner)) = (range(outer), range(inner)) else { return false };
    outer.0 <= inner.0 && inner.1 <= outer.1
}

/// Whether two networks have an address in common.
pub(super) fn overlaps(one: &str, other: &str) -> bool {
    let (Some(one), Some(other)) = (range(one), range(other)) else { return false };
    one.0 <= other.1 && other.0 <= one.1
}
