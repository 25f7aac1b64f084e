//! The address of a client: the peer, or the one that a trusted proxy names.

use skyward_config::Cidr;
use std::net::IpAddr;

/// The client's address: `peer`, unless it is a trusted proxy; then the last address in `forwarded` (the
/// `X-Forwarded-For` lines, in order) that is not a trusted proxy. Read from right to left, because everything
/// left of the first untrusted address is what the client wrote itself. A part that is not an address ends the
/// walk: the proxy before it is the best that is known.
pub(crate) fn client_address<'a>(
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
}
