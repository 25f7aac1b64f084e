//! Who asked: the peer, or what a trusted proxy says of it.

use std::net::IpAddr;
use std::str::FromStr;

/// A block of addresses in CIDR notation (RFC 4632, RFC 4291 §2.3); a bare address is a block of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cidr {
    network: IpAddr,
    prefix: u8,
}

impl Cidr {
    /// Whether `address` lies in the block. IPv4 and IPv6 never match each other, except that an IPv4-mapped
    /// IPv6 address counts as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.network, address.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let shift = u32::from(32 - self.prefix);
                (network.to_bits() ^ address.to_bits()).checked_shr(shift).unwrap_or(0) == 0
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let shift = u32::from(128 - self.prefix);
                (network.to_bits() ^ address.to_bits()).checked_shr(shift).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

impl FromStr for Cidr {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || {
            format!("`{text}` is no address block; write it as 10.0.0.0/8, fd00::/8 or 192.0.2.7")
        };
        let (address, prefix) =
            text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
        let network: IpAddr = address.parse().map_err(|_| wrong())?;
        let longest = if network.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => longest,
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                digits.parse().map_err(|_| wrong())?
            }
            Some(_) => return Err(wrong()),
        };
        if prefix > longest {
            return Err(format!(
                "`{text}` has a prefix of {prefix} bits, an address of its kind {longest}"
            ));
        }
        Ok(Self { network, prefix })
    }
}

/// The client's address: `peer`, unless it is a trusted proxy; then the last address in `forwarded` (the
/// `X-Forwarded-For` lines, in order) that is no trusted proxy. Read from right to left, because everything
/// left of the first untrusted address is what the client wrote itself. A part that is no address ends the
/// walk: the proxy before it is the best that is known.
pub fn client_address<'a>(
    peer: IpAddr,
    forwarded: impl DoubleEndedIterator<Item = &'a [u8]>,
    trusted: &[Cidr],
) -> IpAddr {
    let mut client = peer.to_canonical();
    for part in forwarded.rev().flat_map(|line| line.rsplit(|byte| *byte == b',')) {
        if !trusted.iter().any(|block| block.contains(client)) {
            return client;
        }
        match parse_forwarded(part) {
            Some(address) => client = address,
            None => return client,
        }
    }
    client
}

/// One part of `X-Forwarded-For`: an address, which some proxies write with its port (`192.0.2.7:4711`,
/// `[2001:db8::7]:4711`).
fn parse_forwarded(part: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(part).ok()?.trim();
    let address = text
        .parse::<IpAddr>()
        .or_else(|_| text.parse::<std::net::SocketAddr>().map(|socket| socket.ip()))
        .ok();
    address
        .or_else(|| text.strip_prefix('[')?.strip_suffix(']')?.parse().ok())
        .map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn block(text: &str) -> Cidr {
        text.parse().unwrap()
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        let trusted = [block("10.0.0.0/8"), block("fd00::/8")];
        for (peer, lines, expected) in [
            ("203.0.113.9", &["198.51.100.1"][..], "203.0.113.9"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &["198.51.100.1"], "198.51.100.1"),
            ("::ffff:10.0.0.1", &["198.51.100.1"], "198.51.100.1"),
            ("10.0.0.1", &["1.1.1.1, 198.51.100.1, 10.2.3.4"], "198.51.100.1"),
            ("10.0.0.1", &["1.1.1.1", "198.51.100.1", "10.2.3.4"], "198.51.100.1"),
            ("10.0.0.1", &["10.9.9.9, 10.8.8.8"], "10.9.9.9"),
            ("10.0.0.1", &["198.51.100.1, unknown"], "10.0.0.1"),
            ("10.0.0.1", &["198.51.100.1, unknown, 10.5.5.5"], "10.5.5.5"),
            ("10.0.0.1", &[""], "10.0.0.1"),
            ("10.0.0.1", &["198.51.100.1:4711"], "198.51.100.1"),
            ("fd00::1", &["[2001:db8::7]:4711"], "2001:db8::7"),
            ("fd00::1", &["[2001:db8::7]"], "2001:db8::7"),
            ("10.0.0.1", &["::ffff:198.51.100.1"], "198.51.100.1"),
            ("10.0.0.1", &["\u{1f600}"], "10.0.0.1"),
        ] {
            let found = client_address(
                peer.parse().unwrap(),
                lines.iter().map(|line| line.as_bytes()),
                &trusted,
            );
            assert_eq!(found, expected.parse::<IpAddr>().unwrap(), "{peer} {lines:?}");
        }
        assert_eq!(
            client_address("10.0.0.1".parse().unwrap(), [&b"1.1.1.1"[..]].into_iter(), &[])
                .to_string(),
            "10.0.0.1"
        );
    }

    #[test]
    fn blocks_that_are_wrong_are_refused() {
        for text in [
            "",
            "/",
            "10.0.0.0/",
            "10.0.0.0/33",
            "::/129",
            "10.0.0.0/-1",
            "10.0.0.0/+8",
            "10.0.0/8",
            "proxy",
            "1.2.3.4/8/9",
        ] {
            assert!(text.parse::<Cidr>().is_err(), "{text}");
        }
    }

    proptest! {
        /// The definition of a prefix: the first `prefix` bits are the same.
        #[test]
        fn a_block_holds_what_shares_its_prefix(network: u32, address: u32, prefix in 0_u8..=32) {
            let same = (0..prefix).all(|bit| (network ^ address) >> (31 - bit) & 1 == 0);
            let cidr = block(&format!("{}/{prefix}", std::net::Ipv4Addr::from_bits(network)));
            prop_assert_eq!(cidr.contains(IpAddr::V4(std::net::Ipv4Addr::from_bits(address))), same);
        }

        #[test]
        fn the_same_for_ipv6(network: u128, flipped in 0_u32..128, prefix in 0_u8..=128) {
            let cidr = block(&format!("{}/{prefix}", std::net::Ipv6Addr::from_bits(network)));
            let address = std::net::Ipv6Addr::from_bits(network ^ (1 << (127 - flipped)));
            // An address that happens to be IPv4-mapped counts as IPv4.
            prop_assume!(address.to_ipv4_mapped().is_none());
            prop_assert_eq!(cidr.contains(IpAddr::V6(address)), flipped >= u32::from(prefix));
        }
    }
}
