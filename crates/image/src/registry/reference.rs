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

/// The reason why a text is not a reference.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is not an image reference: {reason}; expected [registry[:port]/]repository[:tag][@sha256:…], such as ghcr.io/acme/web:1.2"
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

    /// The same repository with this digest and no tag: names one image for good.
    #[must_use]
    pub fn with_digest(&self, digest: Digest) -> Self {
        Self { tag: None, digest: Some(digest), ..self.clone() }
    }

    /// Returns true where the text begins with a registry, by Docker's rule. Others mean Docker Hub.
    pub fn names_registry(text: &str) -> bool {
        text.split_once('/').is_some_and(|(first, _)| is_registry(first))
    }

    /// The part that a registry is asked for: the digest, else the tag, else `latest`.
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
        return Err(format!("the port `{port}` of the registry is not a number from 1 to 65535"));
    }
    if let Some(v6) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        return v6
            .parse::<std::net::Ipv6Addr>()
            .map(|_| ())
            .map_err(|_| format!("the registry `{host}` is not an IPv6 address"));
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
        Err(format!("the registry `{host}` is not a host name"))
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
        format!(
            "`{digest}` is not a digest, such as sha256: and 64 hexadecimal digits in lower case"
        )
    })
}

/// Returns true for a registry on this machine, where plain HTTP is the rule.
pub(crate) fn is_local(registry: &str) -> bool {
    is_loopback_host(super::url::host_and_port(registry).0)
}
