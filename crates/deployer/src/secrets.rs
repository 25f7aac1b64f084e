//! The Secrets of the release's namespace, as people set them. No value of one is ever shown.

use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;
use thiserror::Error;

use crate::api::{ApiServer, CallError, Reason, ResourcePath};
use crate::release::{MANAGED_BY, MANAGER};

/// The types of our own records begin so: they are no Secrets of the user's.
const RECORDS: &str = "skyward.dev/";

/// The most bytes that a Secret holds (`MaxSecretSize` of Kubernetes' validation).
pub const LARGEST: usize = 1024 * 1024;

/// The attempts to change a Secret that others change at the same time.
const ATTEMPTS: usize = 5;

/// The reason why a Secret was not changed.
#[derive(Debug, Error)]
pub enum SecretError {
    /// The API server said no, or nothing.
    #[error(transparent)]
    Call(#[from] CallError),
    /// A record of a deployment.
    #[error(
        "changing Secret {name}: it is a record of a deployment. Next step: choose another name"
    )]
    Record {
        /// The Secret.
        name: String,
    },
    /// It would be too large.
    #[error(
        "changing Secret {name}: with it there would be {bytes} bytes, and a Secret holds 1 MiB. Next step: use a Secret of its own"
    )]
    TooLarge {
        /// The Secret.
        name: String,
        /// Its bytes.
        bytes: usize,
    },
    /// It cannot be changed.
    #[error(
        "changing Secret {name}: whoever made it has made it immutable. Next step: choose another name, or delete it and set it again"
    )]
    Immutable {
        /// The Secret.
        name: String,
    },
}

/// A Secret without its values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SecretReport {
    /// Its name.
    pub name: String,
    /// Its type, such as `Opaque`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The bytes of each key's value.
    pub keys: BTreeMap<String, usize>,
}

fn place(namespace: &str, name: &str) -> ResourcePath {
    ResourcePath::new("Secret", "v1", "secrets", namespace, name)
}

/// The Secrets of a namespace, by name, without the records of deployments.
///
/// # Errors
/// They may not be listed.
pub async fn list(api: &ApiServer, namespace: &str) -> Result<Vec<SecretReport>, CallError> {
    let secrets: Vec<Secret> = api.list(Some(namespace), "").await?;
    let mut reports: Vec<_> = secrets
        .into_iter()
        .filter(|secret| !is_record(secret))
        .map(|secret| SecretReport {
            name: secret.metadata.name.unwrap_or_default(),
            kind: secret.type_.unwrap_or_default(),
            keys: secret
                .data
                .unwrap_or_default()
                .into_iter()
                .map(|(key, value)| (key, value.0.len()))
                .collect(),
        })
        .collect();
    reports.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(reports)
}

fn is_record(secret: &Secret) -> bool {
    secret.type_.as_deref().is_some_and(|kind| kind.starts_with(RECORDS))
}

/// Sets a key of a Secret, which is made where it is not there. False: it had that value already.
///
/// # Errors
/// It cannot be changed.
pub async fn set(
    api: &ApiServer,
    namespace: &str,
    name: &str,
    key: &str,
    value: &[u8],
) -> Result<bool, SecretError> {
    change(api, namespace, name, true, |data| {
        let value = ByteString(value.to_owned());
        if data.get(key) == Some(&value) {
            return false;
        }
        data.insert(key.to_owned(), value);
        true
    })
    .await
}

/// Removes a key of a Secret, or the Secret as a whole. False: it was not there.
///
/// # Errors
/// It cannot be changed.
pub async fn remove(
    api: &ApiServer,
    namespace: &str,
    name: &str,
    key: Option<&str>,
) -> Result<bool, SecretError> {
    if let Some(key) = key {
        return change(api, namespace, name, false, |data| data.remove(key).is_some()).await;
    }
    let place = place(namespace, name);
    let Some(secret) = api.read::<Secret>(&place).await? else { return Ok(false) };
    if is_record(&secret) {
        return Err(SecretError::Record { name: name.to_owned() });
    }
    let uid = secret.metadata.uid.unwrap_or_default();
    Ok(api.remove(&place, &uid, secret.metadata.resource_version.as_deref()).await?)
}

/// Reads, changes and writes; again where someone else has written meanwhile.
async fn change(
    api: &ApiServer,
    namespace: &str,
    name: &str,
    make: bool,
    how: impl Fn(&mut BTreeMap<String, ByteString>) -> bool,
) -> Result<bool, SecretError> {
    let place = place(namespace, name);
    let mut attempt = 1;
    loop {
        let found: Option<Secret> = api.read(&place).await?;
        let is_there = found.is_some();
        if !is_there && !make {
            return Ok(false);
        }
        let mut secret = found.unwrap_or_else(|| new(name));
        if is_record(&secret) {
            return Err(SecretError::Record { name: name.to_owned() });
        }
        let data = secret.data.get_or_insert_default();
        if !how(data) {
            return Ok(false);
        }
        let bytes = data.iter().map(|(key, value)| key.len() + value.0.len()).sum();
        if bytes > LARGEST {
            return Err(SecretError::TooLarge { name: name.to_owned(), bytes });
        }
        if secret.immutable == Some(true) {
            return Err(SecretError::Immutable { name: name.to_owned() });
        }
        let written = if is_there {
            api.update(&place, &secret).await
        } else {
            api.create(&place, &secret).await
        };
        match written {
            Ok(_) => return Ok(true),
            Err(CallError { reason: Reason::Changed | Reason::AlreadyExists, .. })
                if attempt < ATTEMPTS =>
            {
                attempt += 1;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

fn new(name: &str) -> Secret {
    let labels = [(MANAGED_BY.to_owned(), MANAGER.to_owned())];
    Secret {
        metadata: ObjectMeta {
            name: Some(name.to_owned()),
            labels: Some(labels.into()),
            ..ObjectMeta::default()
        },
        type_: Some("Opaque".to_owned()),
        ..Secret::default()
    }
}
