//! Image references: `[registry[:port]/]repository[:tag][@digest]`.
//!
//! The grammar is that of distribution (`reference/regexp.go`), the defaults are Docker's: no
//! registry means `docker.io`, and a bare name there means `library/NAME`.

use std::fmt;
use std::str::FromStr;

use oci_spec::image::Digest;

use super::url::is_loopback_host;

/// The registry that a reference without one means.
pub const DOCKER_HUB: &str = "docker.io";

/// A parsed reference. `Display` writes the full form, which parses to the same value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    registry: String,
    repository: String,
    tag: Option<String>,
    digest: Option<Digest>,
}

/// Why a text is no reference.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is no image reference: {reason}; expected [registry[:port]/]repository[:tag][@sha256:…], such as ghcr.io/acme/web:1.2"
)]
pub struct ReferenceError {
    text: String,
    reason: String,
}

impl Reference {
    /// The registry as written: `docker.io`, `ghcr.io`, `localhost:5000`.
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// The repository within the registry: `library/nginx`.
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// The tag, where one is given.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The digest, where one is given.
    pub fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }

    /// `registry/repository`, without tag and digest.
    pub fn name(&self) -> String {
        format!("{}/{}", self.registry, self.repository)
    }

    /// The same repository with this tag and no digest.
    pub fn with_tag(&self, tag: &str) -> Result<Self, ReferenceError> {
        check_tag(tag).map_err(|reason| ReferenceError { text: tag.to_owned(), reason })?;
        Ok(Self { tag: Some(tag.to_owned()), digest: None, ..self.clone() })
    }

    /// The same repository with this digest and no tag: names one image for good.
    #[must_use]
    pub fn with_digest(&self, digest: Digest) -> Self {
        Self { tag: None, digest: Some(digest), ..self.clone() }
    }

    /// What a registry is asked for: the digest, else the tag, else `latest`.
    pub fn selector(&self) -> String {
        match (&self.digest, &self.tag) {
            (Some(digest), _) => digest.to_string(),
            (None, Some(tag)) => tag.clone(),
            (None, None) => "latest".to_owned(),
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

impl FromStr for Reference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        parse(text).map_err(|reason| ReferenceError { text: text.to_owned(), reason })
    }
}

fn parse(text: &str) -> Result<Reference, String> {
    if text.is_empty() {
        return Err("it is empty".to_owned());
    }
    if text.contains("://") {
        return Err("it begins with a scheme, which a reference has not".to_owned());
    }
    let (name, digest) = match text.split_once('@') {
        Some((name, digest)) => (name, Some(parse_digest(digest)?)),
        None => (text, None),
    };
    // A colon after the last slash begins the tag; one before it is a port's.
    let last = name.rfind('/').map_or(0, |slash| slash + 1);
    let (name, tag) = match name[last..].find(':') {
        Some(colon) => (&name[..last + colon], Some(&name[last + colon + 1..])),
        None => (name, None),
    };
    if let Some(tag) = tag {
        check_tag(tag)?;
    }
    let (registry, repository) = split_registry(name);
    check_registry(&registry)?;
    check_repository(&repository)?;
    Ok(Reference { registry, repository, tag: tag.map(str::to_owned), digest })
}

/// The first part is a registry where it has a dot or a colon, is `localhost`, or holds an upper
/// case letter, which no repository may (distribution, `reference/normalize.go`).
fn split_registry(name: &str) -> (String, String) {
    let (registry, rest) = match name.split_once('/') {
        Some((first, rest)) if is_registry(first) => (first, rest),
        _ => (DOCKER_HUB, name),
    };
    let registry = match registry {
        "index.docker.io" | "registry-1.docker.io" => DOCKER_HUB,
        other => other,
    };
    let repository = if registry == DOCKER_HUB && !rest.contains('/') {
        format!("library/{rest}")
    } else {
        rest.to_owned()
    };
    (registry.to_owned(), repository)
}

fn is_registry(first: &str) -> bool {
    first.contains(['.', ':', '[']) || first == "localhost" || first.chars().any(char::is_uppercase)
}

fn check_registry(registry: &str) -> Result<(), String> {
    let (host, port) = match registry.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (registry, None),
    };
    if let Some(port) = port
        && (!port.bytes().all(|byte| byte.is_ascii_digit()) || !matches!(port.parse(), Ok(1u16..)))
    {
        return Err(format!("the port `{port}` of the registry is no number of 1 to 65535"));
    }
    if let Some(v6) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        return v6
            .parse::<std::net::Ipv6Addr>()
            .map(|_| ())
            .map_err(|_| format!("the registry `{host}` is no IPv6 address"));
    }
    let label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if host.split('.').all(label) {
        Ok(())
    } else {
        Err(format!("the registry `{host}` is no host name"))
    }
}

fn check_repository(repository: &str) -> Result<(), String> {
    if repository.len() > 255 {
        return Err(format!(
            "the repository is {} characters long, the most is 255",
            repository.len()
        ));
    }
    if repository.chars().any(char::is_uppercase) {
        return Err(format!(
            "the repository `{repository}` has upper case letters, use lower case"
        ));
    }
    match repository.split('/').find(|part| !is_path_component(part)) {
        None => Ok(()),
        Some("") => Err(format!("the repository `{repository}` has an empty part")),
        Some(part) => Err(format!(
            "`{part}` in the repository is not lower case letters and digits, joined by `.`, `_`, `__` or dashes"
        )),
    }
}

/// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`
fn is_path_component(part: &str) -> bool {
    let alphanumeric = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let mut rest = part.as_bytes();
    loop {
        let word = rest.iter().take_while(|byte| alphanumeric(**byte)).count();
        if word == 0 {
            return false;
        }
        rest = &rest[word..];
        if rest.is_empty() {
            return true;
        }
        let separator = rest.iter().take_while(|byte| !alphanumeric(**byte)).count();
        let (joint, after) = rest.split_at(separator);
        if !matches!(joint, b"." | b"_" | b"__") && joint.iter().any(|byte| *byte != b'-') {
            return false;
        }
        rest = after;
    }
}

/// `\w[\w.-]{0,127}`
fn check_tag(tag: &str) -> Result<(), String> {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let first = tag.bytes().next().is_some_and(word);
    if first
        && tag.len() <= 128
        && tag.bytes().all(|byte| word(byte) || matches!(byte, b'.' | b'-'))
    {
        Ok(())
    } else {
        Err(format!(
            "the tag `{tag}` is not 1 to 128 letters, digits, `_`, `.` and `-`, the first of them no `.` or `-`"
        ))
    }
}

fn parse_digest(digest: &str) -> Result<Digest, String> {
    digest.parse().map_err(|_| {
        format!("`{digest}` is no digest, such as sha256: and 64 hexadecimal digits in lower case")
    })
}

/// Whether the registry is on this machine, where plain HTTP is what is spoken.
pub(crate) fn is_local(registry: &str) -> bool {
    is_loopback_host(super::url::host_and_port(registry).0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HEX: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    #[test]
    fn defaults_are_dockers() {
        for (text, full) in [
            ("web", "docker.io/library/web"),
            ("acme/web:1", "docker.io/acme/web:1"),
            ("index.docker.io/web", "docker.io/library/web"),
            ("localhost/web", "localhost/web"),
            ("localhost:5000/web:1", "localhost:5000/web:1"),
            ("127.0.0.1:5000/a/b/c", "127.0.0.1:5000/a/b/c"),
            ("[::1]:5000/web:v1", "[::1]:5000/web:v1"),
            ("ghcr.io/acme/web-api__x.y:v1.2_3", "ghcr.io/acme/web-api__x.y:v1.2_3"),
            ("HOST/web", "HOST/web"),
            ("web:5000", "docker.io/library/web:5000"),
        ] {
            let reference: Reference = text.parse().expect(text);
            assert_eq!(reference.to_string(), full);
        }
        let both: Reference =
            format!("ghcr.io/a/b:t@sha256:{HEX}").parse().expect("tag and digest");
        assert_eq!(both.tag(), Some("t"));
        assert_eq!(both.selector(), format!("sha256:{HEX}"));
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, reason) in [
            ("", "empty"),
            ("https://ghcr.io/a", "scheme"),
            ("ghcr.io/Acme/web", "lower case"),
            ("ghcr.io/", "empty part"),
            ("ghcr.io/a//b", "empty part"),
            ("a/b_-c", "joined by"),
            ("a___b", "joined by"),
            ("-a", "joined by"),
            ("a:", "the tag ``"),
            ("a:.b", "the tag `.b`"),
            ("localhost:99999/a", "port `99999`"),
            ("localhost:0/a", "port `0`"),
            ("a.-b/c", "no host name"),
            ("[::zz]/c", "no IPv6"),
            ("a@sha256:12", "no digest"),
            ("a b", "joined by"),
        ] {
            let error = text.parse::<Reference>().expect_err(text).to_string();
            assert!(error.contains(reason), "{text}: {error}");
        }
        assert!("a".repeat(248).parse::<Reference>().is_err(), "library/ and 248 are 256");
    }

    proptest! {
        #[test]
        fn display_parses_to_the_same_value(
            registry in prop_oneof![Just(String::new()), "[a-z][a-z0-9]{0,8}\\.[a-z]{2,3}(:[1-9][0-9]{0,3})?/", Just("localhost:5000/".to_owned())],
            repository in "[a-z0-9]{1,6}((\\.|_|__|-{1,3})[a-z0-9]{1,4}){0,2}(/[a-z0-9]{1,6}){0,3}",
            tag in proptest::option::of("[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}"),
            digest in any::<bool>(),
        ) {
            // Without a registry, a first part with a dot would be one.
            prop_assume!(!registry.is_empty() || !repository.contains('/'));
            let tagged = tag.as_ref().map_or(String::new(), |tag| format!(":{tag}"));
            let digested = if digest { format!("@sha256:{HEX}") } else { String::new() };
            let text = format!("{registry}{repository}{tagged}{digested}");
            let reference: Reference = text.parse().expect("a reference of the grammar");
            prop_assert_eq!(reference.tag(), tag.as_deref());
            prop_assert_eq!(&reference.to_string().parse::<Reference>().expect("its own form"), &reference);
            prop_assert!(reference.repository().ends_with(&repository));
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,40}") {
            if let Ok(reference) = text.parse::<Reference>() {
                prop_assert_eq!(&reference.to_string().parse::<Reference>().expect("its own form"), &reference);
            }
        }
    }
}
