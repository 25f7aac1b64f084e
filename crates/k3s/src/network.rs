//! Networks of IPv4: which of them is within which.

use std::fmt;
use std::net::Ipv4Addr;

/// A network of IPv4.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    /// Its address as a number.
    pub address: u32,
    /// The number of bits that all of its addresses have in common.
    pub prefix: u32,
}

impl Network {
    /// Reads `10.42.0.0/16`; of `10.42.0.0/16,fd42::/56` the part of IPv4.
    pub fn parse(text: &str) -> Option<Self> {
        text.split(',').find_map(|one| {
            let (address, prefix) = one.split_once('/')?;
            let address = address.parse::<Ipv4Addr>().ok()?;
            let prefix = prefix.parse().ok().filter(|prefix| *prefix <= 32)?;
            Some(Self { address: address.into(), prefix })
        })
    }

    /// The network of one address.
    pub fn of(address: Ipv4Addr) -> Self {
        Self { address: address.into(), prefix: 32 }
    }

    /// Returns true where all of the other is within it.
    pub fn holds(self, other: Self) -> bool {
        let mask = u32::MAX.checked_shl(32 - self.prefix).unwrap_or(0);
        self.prefix <= other.prefix && self.address & mask == other.address & mask
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", Ipv4Addr::from(self.address), self.prefix)
    }
}
