//! The file format that Docker (`config.json`) and podman (`auth.json`) share.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::Deserialize;

use super::credentials::{CredentialsError, Secret, without_values};
use super::reference::{DOCKER_HUB, Reference};

/// Docker pads, hand-written files often do not.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

#[derive(Debug)]
pub(super) struct AuthFile {
    /// The path that it was read from, for messages.
    pub(super) path: String,
    content: Content,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Content {
    auths: BTreeMap<String, Entry>,
    cred_helpers: BTreeMap<String, String>,
    creds_store: String,
}

#[derive(Default, Deserialize)]
#[serde(default, expecting = "an object such as {\"auth\": \"…\"}")]
struct Entry {
    auth: String,
    username: String,
    password: String,
    identitytoken: String,
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Entry")
    }
}

impl AuthFile {
    pub(super) fn parse(text: &str, path: &str) -> Result<Self, CredentialsError> {
        // An empty file is what `docker logout` and `touch` leave.
        let content = if text.trim().is_empty() { Ok(Content::default()) } else { object(text) };
        let path = path.to_owned();
        match content {
            Ok(content) => Ok(Self { path, content }),
            Err(error) => Err(CredentialsError::File { path, reason: without_values(&error) }),
        }
    }

    /// The helper named for this registry alone.
    pub(super) fn helper_for(&self, reference: &Reference) -> Option<&str> {
        most_specific(&self.content.cred_helpers, reference)
            .map(|(_, name)| name.as_str())
            .filter(|name| !name.is_empty())
    }

    /// The helper for all registries.
    pub(super) fn store(&self) -> Option<&str> {
        Some(self.content.creds_store.as_str()).filter(|name| !name.is_empty())
    }

    /// The secret that the file itself holds for this registry.
    pub(super) fn secret_for(
        &self,
        reference: &Reference,
    ) -> Result<Option<Secret>, CredentialsError> {
        let Some((key, entry)) = most_specific(&self.content.auths, reference) else {
            return Ok(None);
        };
        entry.secret().map_err(|reason| CredentialsError::File {
            path: self.path.clone(),
            reason: format!("auths.\"{key}\": {reason}"),
        })
    }
}

/// serde takes a list for a structure too; this format has none.
fn object(text: &str) -> serde_json::Result<Content> {
    serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(text)?;
    serde_json::from_str(text)
}

impl Entry {
    /// An entry with nothing in it means that a helper has the secret.
    fn secret(&self) -> Result<Option<Secret>, String> {
        if !self.identitytoken.is_empty() {
            return Ok(Some(Secret::IdentityToken(self.identitytoken.clone())));
        }
        if self.auth.is_empty() {
            let Self { username, password, .. } = self;
            let secret = Secret::Basic { username: username.clone(), password: password.clone() };
            return Ok((!username.is_empty()).then_some(secret));
        }
        let decoded = BASE64.decode(&self.auth).map_err(|_| "`auth` is not base64".to_owned())?;
        let decoded = String::from_utf8(decoded).map_err(|_| "`auth` holds no UTF-8 text")?;
        let (username, password) =
            decoded.split_once(':').ok_or("`auth` is not base64 of USER:PASSWORD")?;
        // Docker pads passwords with NUL (docker/cli, `decodeAuth`).
        let password = password.trim_matches('\0');
        Ok(Some(Secret::Basic { username: username.to_owned(), password: password.to_owned() }))
    }
}

/// `registry/a/b`, then `registry/a`, then `registry`, then old keys such as
/// `https://index.docker.io/v1/` (containers-auth.json(5)).
fn most_specific<'a, T>(
    entries: &'a BTreeMap<String, T>,
    reference: &Reference,
) -> Option<(&'a str, &'a T)> {
    let mut names = vec![reference.registry()];
    if reference.registry() == DOCKER_HUB {
        names.extend(["index.docker.io", "registry-1.docker.io"]);
    }
    let mut path = reference.repository();
    loop {
        for name in &names {
            let key = if path.is_empty() { (*name).to_owned() } else { format!("{name}/{path}") };
            if let Some((key, entry)) = entries.get_key_value(&key) {
                return Some((key, entry));
            }
        }
        if path.is_empty() {
            break;
        }
        path = path.rsplit_once('/').map_or("", |(parent, _)| parent);
    }
    entries
        .iter()
        .find(|(key, _)| old_key_host(key).is_some_and(|host| names.contains(&host)))
        .map(|(key, entry)| (key.as_str(), entry))
}

/// The host of a key that is an address: with a scheme, or the path of the registry's version.
fn old_key_host(key: &str) -> Option<&str> {
    let bare = key.strip_prefix("https://").or_else(|| key.strip_prefix("http://"));
    let (host, path) = bare.unwrap_or(key).split_once('/').unwrap_or((bare.unwrap_or(key), ""));
    let version = matches!(path.trim_end_matches('/'), "v1" | "v2");
    // `HOST:PORT/` is a host as well (docker/cli, `credentials.ConvertToHostname`).
    (bare.is_some() || version || path.is_empty()).then_some(host)
}
