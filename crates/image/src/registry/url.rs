//! Addresses as the distribution protocol needs them: an origin, a path with its query, and the
//! resolution of `Location` headers.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// `http` or `https`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Scheme {
    Http,
    Https,
}

impl Scheme {
    fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// An absolute HTTP address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Url {
    pub(crate) scheme: Scheme,
    /// `host` or `host:port`, with brackets around an IPv6 host.
    pub(crate) authority: String,
    /// Begins with `/`; holds the query.
    pub(crate) path: String,
}

impl Url {
    /// The root of an origin.
    pub(crate) fn root(scheme: Scheme, authority: &str) -> Self {
        Self { scheme, authority: authority.to_owned(), path: "/".to_owned() }
    }

    /// The same origin with another path.
    pub(crate) fn at(&self, path: impl Into<String>) -> Self {
        Self { scheme: self.scheme, authority: self.authority.clone(), path: path.into() }
    }

    /// Adds `key=value` to the query. The value is percent-encoded.
    pub(crate) fn with_query(mut self, key: &str, value: &str) -> Self {
        self.path.push(if self.path.contains('?') { '&' } else { '?' });
        self.path.push_str(key);
        self.path.push('=');
        self.path.push_str(&encode(value));
        self
    }

    /// Resolves a `Location` against this address (RFC 3986, section 5.2, without dot segments,
    /// which no registry sends). A scheme other than HTTP's is `None`.
    pub(crate) fn join(&self, location: &str) -> Option<Self> {
        if location.contains("://") {
            return location.parse().ok();
        }
        if let Some(rest) = location.strip_prefix("//") {
            return format!("{}://{rest}", self.scheme.as_str()).parse().ok();
        }
        if location.starts_with('/') {
            return Some(self.at(location));
        }
        let bare = self.bare_path();
        if location.starts_with('?') {
            return Some(self.at(format!("{bare}{location}")));
        }
        let folder = &bare[..=bare.rfind('/').unwrap_or(0)];
        Some(self.at(format!("{folder}{location}")))
    }

    /// Follows the `Location` of an answer to a request for this address. A registry behind a proxy that ends
    /// TLS often names itself with `http`: its own host is then asked by `https` all the same,
    /// another host is refused.
    pub(crate) fn follow(&self, location: &str) -> Result<Self, String> {
        let mut to = self
            .join(location)
            .ok_or_else(|| format!("its Location `{location}` is not an address"))?;
        if self.scheme == Scheme::Https && to.scheme == Scheme::Http {
            if to.host() != self.host() {
                return Err(format!(
                    "its Location leads from https to plain http at {}, which is not followed",
                    to.host()
                ));
            }
            to.scheme = Scheme::Https;
            to.authority.clone_from(&self.authority);
        }
        Ok(to)
    }

    /// The host alone, without brackets.
    pub(crate) fn host(&self) -> &str {
        host_and_port(&self.authority).0
    }

    fn port(&self) -> u16 {
        host_and_port(&self.authority).1.unwrap_or(self.scheme.default_port())
    }

    /// Returns true where both are served by one scheme, host and port: the only place credentials go.
    pub(crate) fn same_origin(&self, other: &Self) -> bool {
        self.scheme == other.scheme
            && self.host().eq_ignore_ascii_case(other.host())
            && self.port() == other.port()
    }

    /// Returns true where the host is this machine: `localhost`, 127.0.0.0/8 or `::1`.
    pub(crate) fn is_loopback(&self) -> bool {
        is_loopback_host(self.host())
    }

    /// The path without the query, which may hold signatures.
    pub(crate) fn bare_path(&self) -> &str {
        self.path.split('?').next().unwrap_or("/")
    }

    /// The address without its query: for messages.
    pub(crate) fn without_query(&self) -> String {
        format!("{}://{}{}", self.scheme.as_str(), self.authority, self.bare_path())
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.scheme.as_str(), self.authority, self.path)
    }
}

impl FromStr for Url {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (scheme, rest) = text.split_once("://").ok_or(())?;
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            _ => return Err(()),
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        // User names in an address would send a password to the author of the header.
        if authority.is_empty() || authority.contains('@') {
            return Err(());
        }
        let path = path.split('#').next().unwrap_or("");
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        Ok(Self { scheme, authority: authority.to_owned(), path })
    }
}

/// Returns true where `host` is `localhost`, a name under it, or a loopback address.
pub(crate) fn is_loopback_host(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    host == "localhost"
        || host.ends_with(".localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Splits `host:port`, `[v6]:port` or `host`.
pub(crate) fn host_and_port(authority: &str) -> (&str, Option<u16>) {
    if let Some(rest) = authority.strip_prefix('[')
        && let Some((host, port)) = rest.split_once(']')
    {
        return (host, port.strip_prefix(':').and_then(|port| port.parse().ok()));
    }
    match authority.rsplit_once(':') {
        Some((host, port)) => (host, port.parse().ok()),
        None => (authority, None),
    }
}

/// Percent-encodes everything but RFC 3986's unreserved characters.
pub(crate) fn encode(value: &str) -> String {
    let mut encoded = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            for nibble in [byte >> 4, byte & 15] {
                let digit = char::from_digit(u32::from(nibble), 16).expect("a nibble is below 16");
                encoded.push(digit.to_ascii_uppercase());
            }
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        text.parse().expect("an address")
    }

    #[test]
    fn a_location_is_resolved_against_the_request() {
        let base = url("https://r.example:5000/v2/a/blobs/uploads/");
        for (location, expected) in [
            (
                "/v2/a/blobs/uploads/1?state=x",
                "https://r.example:5000/v2/a/blobs/uploads/1?state=x",
            ),
            ("1?state=x", "https://r.example:5000/v2/a/blobs/uploads/1?state=x"),
            ("?state=x", "https://r.example:5000/v2/a/blobs/uploads/?state=x"),
            ("//cdn.example/b", "https://cdn.example/b"),
            ("http://r.example/b", "http://r.example/b"),
            ("https://cdn.example", "https://cdn.example/"),
        ] {
            assert_eq!(base.join(location).expect(location).to_string(), expected);
        }
        assert_eq!(base.join("ftp://r.example/b"), None);
        assert_eq!(base.join("https://user:secret@r.example/b"), None);
    }

    #[test]
    fn https_never_falls_to_http() {
        let base = url("https://r.example:8443/v2/");
        let own = base.follow("http://r.example/v2/x?y").expect("its own host");
        assert_eq!(own.to_string(), "https://r.example:8443/v2/x?y");
        assert!(
            base.follow("http://cdn.example/x").expect_err("another host").contains("cdn.example")
        );
        assert_eq!(base.follow("https://cdn.example/x"), Ok(url("https://cdn.example/x")));
        assert_eq!(
            url("http://127.0.0.1/").follow("http://127.0.0.1:2/x"),
            Ok(url("http://127.0.0.1:2/x"))
        );
    }

    #[test]
    fn a_query_is_appended_to_what_is_there() {
        let digest = "sha256:ab";
        assert_eq!(url("http://a/b").with_query("digest", digest).path, "/b?digest=sha256%3Aab");
        assert_eq!(
            url("http://a/b?s=1").with_query("digest", digest).path,
            "/b?s=1&digest=sha256%3Aab"
        );
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        let base = url("https://r.example/v2/");
        assert!(base.same_origin(&url("https://R.example:443/other")));
        for other in ["http://r.example/", "https://r.example:444/", "https://r.example.evil/"] {
            assert!(!base.same_origin(&url(other)), "{other}");
        }
    }

    #[test]
    fn loopback_is_recognised() {
        for host in ["localhost:1", "127.0.0.1", "127.9.9.9:80", "[::1]:5000", "a.localhost"] {
            assert!(url(&format!("http://{host}/")).is_loopback(), "{host}");
        }
        for host in ["localhost.example", "10.0.0.1", "[::2]", "127.0.0.1.nip.io"] {
            assert!(!url(&format!("http://{host}/")).is_loopback(), "{host}");
        }
    }
}
