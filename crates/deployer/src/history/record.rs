//! A revision as Secrets: a head, and pieces of the manifests where they are large. Pure.
//!
//! Secrets and not ConfigMaps, because manifests hold environment variables in plain text.

use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::{Revision, codec};
use crate::release::{INSTANCE, MANAGED_BY, MANAGER};

/// The `type` of a head.
const HEAD: &str = "skyward.dev/revision.v1";
/// The `type` of a piece.
const PIECE: &str = "skyward.dev/revision-piece.v1";
/// The label with the revision's number, on heads and pieces.
pub(super) const NUMBER: &str = "skyward.dev/revision";
/// The label with the beginning of the manifests' hash, on heads and pieces: which pieces belong to which head.
pub(super) const CONTENT: &str = "skyward.dev/content";
/// The label with a piece's number, from 0, on pieces alone.
pub(super) const INDEX: &str = "skyward.dev/piece";
/// The annotation that tells two deployments of the same number apart, on heads alone.
pub(super) const ORIGIN: &str = "skyward.dev/origin";
/// Where the head keeps all but the manifests.
const KEY_REVISION: &str = "revision";
/// Where the head keeps the number of pieces; absent: the manifests are in the head.
const KEY_PIECES: &str = "pieces";
/// Where manifests, or a piece of them, are.
const KEY_MANIFESTS: &str = "manifests";
/// A Secret holds 1 MiB at most, and etcd's requests 1.5 MiB; base64 adds a third on the way.
pub(super) const LIMIT: usize = 512 * 1024;

/// The Secrets of a revision.
pub(super) struct Secrets {
    pub(super) head: Secret,
    pub(super) pieces: Vec<Secret>,
}

/// Who recorded a revision, and when: the same deployment has the same.
pub(super) fn origin(revision: &Revision) -> String {
    format!("{} {}", revision.started, revision.by)
}

/// Makes the Secrets of a revision.
pub(super) fn write(release: &str, revision: &Revision, limit: usize) -> Secrets {
    let mut packed = codec::encode(&revision.manifests, limit);
    let content = content(&revision.hash).to_owned();
    let labels = BTreeMap::from([
        (MANAGED_BY.to_owned(), MANAGER.to_owned()),
        (INSTANCE.to_owned(), release.to_owned()),
        (NUMBER.to_owned(), revision.number.to_string()),
        (CONTENT.to_owned(), content.clone()),
    ]);
    let record = serde_json::to_vec(revision).expect("a revision is JSON");
    let mut data = BTreeMap::from([(KEY_REVISION.to_owned(), ByteString(record))]);
    let mut pieces = Vec::new();
    if packed.len() == 1 {
        data.insert(KEY_MANIFESTS.to_owned(), ByteString(packed.remove(0)));
    } else {
        data.insert(KEY_PIECES.to_owned(), ByteString(packed.len().to_string().into_bytes()));
        for (index, piece) in packed.into_iter().enumerate() {
            let mut labels = labels.clone();
            labels.insert(INDEX.to_owned(), index.to_string());
            let name = format!("{}.{content}.{index}", name(release, revision.number));
            let data = BTreeMap::from([(KEY_MANIFESTS.to_owned(), ByteString(piece))]);
            pieces.push(Secret { immutable: Some(true), ..secret(name, labels, PIECE, data) });
        }
    }
    let mut head = secret(name(release, revision.number), labels, HEAD, data);
    head.metadata.annotations = Some(BTreeMap::from([(ORIGIN.to_owned(), origin(revision))]));
    Secrets { head, pieces }
}

/// Reads all revisions of a release, ascending.
///
/// # Errors
/// The Secret that is damaged or missing, and how.
pub(super) fn read(secrets: &[Secret]) -> Result<Vec<Revision>, (String, String)> {
    let mut revisions = Vec::new();
    for head in secrets.iter().filter(|secret| secret.type_.as_deref() == Some(HEAD)) {
        let name = head.metadata.name.clone().unwrap_or_default();
        revisions.push(read_one(head, secrets).map_err(|reason| (name, reason))?);
    }
    revisions.sort_by_key(|revision: &Revision| revision.number);
    Ok(revisions)
}

fn read_one(head: &Secret, secrets: &[Secret]) -> Result<Revision, String> {
    let record = value(head, KEY_REVISION).ok_or("its record is missing")?;
    let mut revision: Revision = serde_json::from_slice(record)
        .map_err(|error| format!("its record cannot be read: {error}"))?;
    let pieces = match value(head, KEY_PIECES) {
        None => vec![value(head, KEY_MANIFESTS).ok_or("its manifests are missing")?],
        Some(count) => {
            let count: usize = std::str::from_utf8(count)
                .ok()
                .and_then(|count| count.parse().ok())
                .ok_or("its number of pieces cannot be read")?;
            let of_head = |secret: &&Secret| {
                secret.type_.as_deref() == Some(PIECE)
                    && label(secret, NUMBER) == label(head, NUMBER)
                    && label(secret, CONTENT) == label(head, CONTENT)
            };
            let pieces: Vec<&Secret> = secrets.iter().filter(of_head).collect();
            (0..count)
                .map(|index| {
                    let index_text = index.to_string();
                    pieces
                        .iter()
                        .find(|piece| label(piece, INDEX) == Some(&index_text))
                        .and_then(|piece| value(piece, KEY_MANIFESTS))
                        .ok_or_else(|| format!("piece {index} of its {count} is missing"))
                })
                .collect::<Result<_, _>>()?
        }
    };
    revision.manifests = codec::decode(&pieces, &revision.hash)?;
    Ok(revision)
}

/// The name of a head.
pub(super) fn name(release: &str, number: u32) -> String {
    format!("skyward.{release}.v{number}")
}

/// The beginning of a hash, short enough for a label.
pub(super) fn content(hash: &str) -> &str {
    let digits = hash.strip_prefix("sha256:").unwrap_or(hash);
    digits.get(..16).unwrap_or(digits)
}

fn secret(
    name: String,
    labels: BTreeMap<String, String>,
    type_: &str,
    data: BTreeMap<String, ByteString>,
) -> Secret {
    Secret {
        metadata: ObjectMeta { name: Some(name), labels: Some(labels), ..ObjectMeta::default() },
        type_: Some(type_.to_owned()),
        data: Some(data),
        ..Secret::default()
    }
}

fn value<'a>(secret: &'a Secret, key: &str) -> Option<&'a [u8]> {
    Some(secret.data.as_ref()?.get(key)?.0.as_slice())
}

fn label<'a>(secret: &'a Secret, key: &str) -> Option<&'a String> {
    secret.metadata.labels.as_ref()?.get(key)
}
