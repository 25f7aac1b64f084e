//! Networks in the one form that the API server takes without a warning.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A network of the configuration as a NetworkPolicy has it: an address alone is a network of one, and the bits after
/// the prefix are zero. `None` where it is no network.
pub(crate) fn canonical(network: &str) -> Option<String> {
    let (address, length) = match network.split_once('/') {
        Some((address, length)) => (address, Some(length.parse::<u32>().ok()?)),
        None => (network, None),
    };
    let (address, length) = match address.parse().ok()? {
        IpAddr::V4(address) => {
            let length = length.unwrap_or(32);
            let hosts = 32_u32.checked_sub(length)?;
            let mask = u32::MAX.checked_shl(hosts).unwrap_or(0);
            (IpAddr::from(Ipv4Addr::from(u32::from(address) & mask)), length)
        }
        IpAddr::V6(address) => {
            let length = length.unwrap_or(128);
            let hosts = 128_u32.checked_sub(length)?;
            let mask = u128::MAX.checked_shl(hosts).unwrap_or(0);
            (IpAddr::from(Ipv6Addr::from(u128::from(address) & mask)), length)
        }
    };
    Some(format!("{address}/{length}"))
}
