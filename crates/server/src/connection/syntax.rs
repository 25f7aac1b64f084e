//! The small grammars of a request head.

/// The forms of a request target (RFC 9112 §3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target<'a> {
    /// `/path?query`.
    Origin,
    /// `http://host/path`, with its host and port.
    Absolute(&'a [u8]),
    /// `*`.
    Asterisk,
}

/// The places where a byte is allowed.
const TOKEN: u8 = 1;
const TARGET: u8 = 2;
const HOST: u8 = 4;

static CLASSES: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 128 {
        #[expect(clippy::cast_possible_truncation, reason = "below 128")]
        let character = byte as u8;
        let word = character.is_ascii_alphanumeric();
        if word || is_one_of(character, b"!#$%&'*+-.^_`|~") {
            table[byte] |= TOKEN;
        }
        // RFC 3986's path and query; what else the `http` crate takes goes the longer way.
        if word || is_one_of(character, b"-._~!$&'()*+,;=:@/?%") {
            table[byte] |= TARGET;
        }
        if word || is_one_of(character, b"-._") {
            table[byte] |= HOST;
        }
        byte += 1;
    }
    table
}

const fn is_one_of(byte: u8, set: &[u8]) -> bool {
    let mut index = 0;
    while index < set.len() {
        if set[index] == byte {
            return true;
        }
        index += 1;
    }
    false
}

/// Counts the bytes at the start that are of `class`.
fn leading(class: u8, bytes: &[u8]) -> usize {
    bytes.iter().position(|byte| CLASSES[usize::from(*byte)] & class == 0).unwrap_or(bytes.len())
}

/// Splits off the token at the start (RFC 9110 §5.6.2): a method, or a header's name. None if there is none.
pub(crate) fn split_token(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    match leading(TOKEN, bytes) {
        0 => None,
        length => Some(bytes.split_at(length)),
    }
}

/// A header's value, with the space around it: no control character but the tab (RFC 9110 §5.5).
pub(crate) fn is_field_value(bytes: &[u8]) -> bool {
    // Without an early end, so that many bytes are looked at in one instruction.
    let is_control = |byte: u8| byte < b' ' && byte != b'\t' || byte == 0x7f;
    bytes.iter().fold(0, |found, byte| found | u8::from(is_control(*byte))) == 0
}

/// The form of a request target that hyper will take as well; none for a malformed one.
///
/// A quote and angle brackets in a query are malformed (RFC 3986 §3.4). Browsers and HTTP libraries send them as `%22`,
/// `%3C` and `%3E` (the query percent-encode set of the WHATWG's URL standard), so that only what was put together by
/// hand is refused.
pub(crate) fn target(bytes: &[u8]) -> Option<Target<'_>> {
    if bytes == b"*" {
        return Some(Target::Asterisk);
    }
    if leading(TARGET, bytes) < bytes.len()
        && (bytes.contains(&b'#') || axum::http::Uri::try_from(bytes).is_err())
    {
        return None;
    }
    if bytes.first() == Some(&b'/') {
        return Some(Target::Origin);
    }
    let rest = [&b"http://"[..], b"https://"].iter().find_map(|scheme| {
        let (start, rest) = bytes.split_at_checked(scheme.len())?;
        start.eq_ignore_ascii_case(scheme).then_some(rest)
    })?;
    let end = rest.iter().position(|byte| matches!(byte, b'/' | b'?')).unwrap_or(rest.len());
    axum::http::Uri::try_from(bytes).is_ok().then_some(Target::Absolute(&rest[..end]))
}

/// The name in `name[:port]`, or the address in `[address][:port]` with its brackets; none for a malformed
/// one. Names are what DNS, Kubernetes and people use: letters, digits, `-`, `.` and `_`. An empty name is malformed: every
/// URL that a browser can open has a host (RFC 9110 §4.2.1).
pub(crate) fn host_name(value: &[u8]) -> Option<&[u8]> {
    let (name, port) = if value.first() == Some(&b'[') {
        let end = value.iter().position(|byte| *byte == b']')?;
        let address = std::str::from_utf8(&value[1..end]).ok()?;
        address.parse::<std::net::Ipv6Addr>().ok()?;
        value.split_at(end + 1)
    } else {
        let end = leading(HOST, value);
        if end == 0 || end > 255 {
            return None;
        }
        value.split_at(end)
    };
    match port {
        [] => Some(name),
        [b':', digits @ ..] if is_port(digits) => Some(name),
        _ => None,
    }
}

/// Tells whether `digits` may follow the colon: nothing (RFC 3986 §3.2.3), or a port that there is.
fn is_port(digits: &[u8]) -> bool {
    let number = digits.iter().try_fold(0_u32, |number, digit| {
        digit.is_ascii_digit().then(|| number * 10 + u32::from(digit - b'0'))
    });
    digits.len() <= 5 && number.is_some_and(|number| u16::try_from(number).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts() {
        for (value, name) in [
            ("localhost", Some("localhost")),
            ("localhost:8000", Some("localhost")),
            ("a_b.example.org.:", Some("a_b.example.org.")),
            ("127.0.0.1:80", Some("127.0.0.1")),
            ("[::1]", Some("[::1]")),
            ("[::1]:8000", Some("[::1]")),
            ("", None),
            (":80", None),
            ("a b", None),
            ("a,b", None),
            ("a/b", None),
            ("user@host", None),
            ("host:65535", Some("host")),
            ("host:65536", None),
            ("host:99999", None),
            ("host:123456", None),
            ("host:-1", None),
            ("host:80:80", None),
            ("[::1", None),
            ("[nonsense]", None),
            ("[::1]x", None),
        ] {
            assert_eq!(host_name(value.as_bytes()), name.map(str::as_bytes), "{value}");
        }
    }

    #[test]
    fn targets() {
        for (text, expected) in [
            ("/", Some(Target::Origin)),
            ("/a/b?c=d&e=%20", Some(Target::Origin)),
            ("/a|b", Some(Target::Origin)),
            ("*", Some(Target::Asterisk)),
            ("http://a.b:80/c", Some(Target::Absolute(b"a.b:80"))),
            ("HTTPS://a.b?c", Some(Target::Absolute(b"a.b"))),
            ("", None),
            ("a", None),
            ("a:80", None),
            ("/a#b", None),
            ("/<", None),
            ("/?q=%22a%22&r=%3Ca%3E", Some(Target::Origin)),
            ("/?q=\"a\"", None),
            ("/?q=<a>", None),
            ("ftp://a/", None),
            ("http:///", None),
        ] {
            assert_eq!(target(text.as_bytes()), expected, "{text}");
        }
        assert_eq!(target(b"/\x80"), None);
    }

    #[test]
    fn what_is_accepted_hyper_can_parse() {
        for byte in 0..=255_u8 {
            let bytes = [b'/', byte];
            if target(&bytes).is_some() {
                assert!(axum::http::Uri::try_from(&bytes[..]).is_ok(), "{byte}");
            }
            assert_eq!(
                split_token(&[byte]).is_some(),
                axum::http::Method::from_bytes(&[byte]).is_ok(),
                "{byte}"
            );
        }
    }
}
