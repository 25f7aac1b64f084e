//! The small grammars of a request head.

/// The forms of a request target (RFC 9112 §3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target<'a> {
    /// `/path?query`.
    Origin,
    /// `http://host/path`, with its host and port.
    Absolute(&'a [u8]),
    /// `*`.
    Asterisk,
}

/// What of a byte is allowed where.
const TOKEN: u8 = 1;
const TARGET: u8 = 2;
const HOST: u8 = 4;
const VALUE: u8 = 8;

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
        if character >= b' ' && character != 0x7f || character == b'\t' {
            table[byte] |= VALUE;
        }
        byte += 1;
    }
    // obs-text (RFC 9110 §5.5).
    while byte < 256 {
        table[byte] |= VALUE;
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

fn all_of(class: u8, bytes: &[u8]) -> bool {
    bytes.iter().fold(class, |classes, byte| classes & CLASSES[usize::from(*byte)]) != 0
}

/// A token: a method or a header's name (RFC 9110 §5.6.2).
pub fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && all_of(TOKEN, bytes)
}

/// A header's value, with the space around it: no control character but the tab (RFC 9110 §5.5).
pub fn is_field_value(bytes: &[u8]) -> bool {
    all_of(VALUE, bytes)
}

/// The form of a request target that hyper will take as well; none for a malformed one.
pub fn target(bytes: &[u8]) -> Option<Target<'_>> {
    if bytes == b"*" {
        return Some(Target::Asterisk);
    }
    if !all_of(TARGET, bytes)
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

/// The name in `name[:port]`, or the address in `[address][:port]` with its brackets; none for a malformed one. Names are what DNS, Kubernetes
/// and people use: letters, digits, `-`, `.` and `_`.
pub fn host_name(value: &[u8]) -> Option<&[u8]> {
    let (name, port) = if value.first() == Some(&b'[') {
        let end = value.iter().position(|byte| *byte == b']')?;
        let address = std::str::from_utf8(&value[1..end]).ok()?;
        address.parse::<std::net::Ipv6Addr>().ok()?;
        value.split_at(end + 1)
    } else {
        let end = memchr::memchr(b':', value).unwrap_or(value.len());
        let name = &value[..end];
        let plain = name
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'));
        if name.is_empty() || name.len() > 255 || !plain {
            return None;
        }
        value.split_at(end)
    };
    match port {
        [] => Some(name),
        [b':', digits @ ..] if digits.len() <= 5 && digits.iter().all(u8::is_ascii_digit) => {
            Some(name)
        }
        _ => None,
    }
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
                is_token(&[byte]),
                axum::http::Method::from_bytes(&[byte]).is_ok(),
                "{byte}"
            );
        }
    }
}
