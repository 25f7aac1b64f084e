//! A revision as Secrets: a head, and pieces of the manifests where they are large. Pure.
//!
//! Secrets and no `ConfigMap`s, because manifests hold environment variables in plain text.

use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::{Damaged, Revision, codec};
use crate::release::{INSTANCE, MANAGED_BY, MANAGER};

/// The `type` of a head.
const HEAD: &str = "skyward.dev/revision.v1";
/// The `type` of a piece.
const PIECE: &str = "skyward.dev/revision-piece.v1";
/// The label with the revision's number, on heads and pieces.
pub(super) const NUMBER: &str = "skyward.dev/revision";
/// The label with the beginning of the manifests' hash, on heads and pieces: which pieces belong to which head.
const CONTENT: &str = "skyward.dev/content";
/// The label with a piece's number, from 0, on pieces alone.
const INDEX: &str = "skyward.dev/piece";
/// The annotation that tells two deployments of the same number apart, on heads alone.
const ORIGIN: &str = "skyward.dev/origin";
/// The head's key for all but the manifests.
const KEY_REVISION: &str = "revision";
/// The head's key for the number of pieces; without it the manifests are in the head.
const KEY_PIECES: &str = "pieces";
/// The key for manifests, or for a piece of them.
const KEY_MANIFESTS: &str = "manifests";
/// A Secret holds 1 MiB at most, and etcd's requests 1.5 MiB; base64 adds a third on the way.
pub(super) const LIMIT: usize = 512 * 1024;

/// The Secrets of a revision.
pub(super) struct Secrets {
    pub(super) head: Secret,
    pub(super) pieces: Vec<Secret>,
}

/// The part of a revision that a Secret holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// All of a revision but its manifests, and those too where they are small.
    Head,
    /// A piece of its manifests.
    Piece,
}

impl Part {
    /// By its labels: a list of metadata does not tell the type.
    pub(super) fn of(meta: &ObjectMeta) -> Self {
        if label(meta, INDEX).is_some() { Self::Piece } else { Self::Head }
    }
}

/// The number of the revision that a Secret belongs to.
pub(super) fn number(meta: &ObjectMeta) -> Option<u32> {
    label(meta, NUMBER)?.parse().ok()
}

/// The deployer and the moment that a head was recorded by: the same deployment has the same.
pub(super) fn origin_of(meta: &ObjectMeta) -> Option<&String> {
    meta.annotations.as_ref()?.get(ORIGIN)
}

/// The pieces that belong to no head.
pub(super) fn orphans(present: &[ObjectMeta]) -> impl Iterator<Item = &ObjectMeta> {
    present.iter().filter(|piece| {
        Part::of(piece) == Part::Piece
            && !present.iter().any(|head| Part::of(head) == Part::Head && is_piece_of(piece, head))
    })
}

fn is_piece_of(piece: &ObjectMeta, head: &ObjectMeta) -> bool {
    label(piece, NUMBER) == label(head, NUMBER) && label(piece, CONTENT) == label(head, CONTENT)
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
    head.metadata.annotations = Some(BTreeMap::from([(
        ORIGIN.to_owned(),
        format!("{} {}", revision.started, revision.by),
    )]));
    Secrets { head, pieces }
}

/// Reads all revisions of a release, ascending.
///
/// # Errors
/// The Secret that is damaged or missing, and how.
pub(super) fn read(secrets: &[Secret]) -> Result<Vec<Revision>, (String, String)> {
    let (revisions, damaged) = read_what_can_be(secrets);
    match damaged.into_iter().next() {
        Some(Damaged { secret, reason, .. }) => Err((secret, reason)),
        None => Ok(revisions),
    }
}

/// Reads the revisions that can be read, ascending, and tells which cannot.
pub(super) fn read_what_can_be(secrets: &[Secret]) -> (Vec<Revision>, Vec<Damaged>) {
    let (mut revisions, mut damaged) = (Vec::new(), Vec::new());
    for head in secrets.iter().filter(|secret| Part::of(&secret.metadata) == Part::Head) {
        match read_one(head, secrets) {
            Ok(revision) => revisions.push(revision),
            Err(reason) => damaged.push(Damaged {
                number: number(&head.metadata),
                secret: head.metadata.name.clone().unwrap_or_default(),
                reason,
            }),
        }
    }
    revisions.sort_by_key(|revision: &Revision| revision.number);
    damaged.sort_by_key(|damaged| damaged.number);
    (revisions, damaged)
}

fn read_one(head: &Secret, secrets: &[Secret]) -> Result<Revision, String> {
    let record = value(head, KEY_REVISION).ok_or("its record is missing")?;
    let mut revision: Revision = serde_json::from_slice(record)
        .map_err(|error| format!("its record cannot be read: {error}"))?;
    let packed = match value(head, KEY_PIECES) {
        None => vec![value(head, KEY_MANIFESTS).ok_or("its manifests are missing")?],
        Some(count) => pieces(head, secrets, count)?,
    };
    revision.manifests = codec::decode(&packed, &revision.hash)?;
    Ok(revision)
}

/// The pieces of a head, in order.
fn pieces<'a>(head: &Secret, secrets: &'a [Secret], count: &[u8]) -> Result<Vec<&'a [u8]>, String> {
    let count: usize = std::str::from_utf8(count)
        .ok()
        .and_then(|count| count.parse().ok())
        .ok_or("its number of pieces cannot be read")?;
    let pieces: BTreeMap<usize, &Secret> = secrets
        .iter()
        .filter(|secret| is_piece_of(&secret.metadata, &head.metadata))
        .filter_map(|secret| Some((label(&secret.metadata, INDEX)?.parse().ok()?, secret)))
        .collect();
    (0..count)
        .map(|index| {
            pieces
                .get(&index)
                .and_then(|piece| value(piece, KEY_MANIFESTS))
                .ok_or_else(|| format!("piece {} of its {count} is missing", index + 1))
        })
        .collect()
}

/// The name of a head.
pub(super) fn name(release: &str, number: u32) -> String {
    format!("skyward.{release}.v{number}")
}

/// The beginning of a hash, short enough for a label.
fn content(hash: &str) -> &str {
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

fn label<'a>(meta: &'a ObjectMeta, key: &str) -> Option<&'a String> {
    meta.labels.as_ref()?.get(key)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Status;
    use super::super::codec::tests::manifests;
    use super::*;
    use crate::manifest::Manifest;

    fn revision(number: u32, manifests: Vec<Manifest>) -> Revision {
        Revision {
            number,
            started: "2026-01-02T03:04:05Z".parse().expect("a time"),
            by: "a@b".to_owned(),
            image: "web@sha256:00".to_owned(),
            status: Status::Pending,
            reason: None,
            rollback_of: None,
            canary: None,
            hash: codec::hash(&manifests),
            manifests,
            inventory: Vec::new(),
        }
    }

    fn all(secrets: Secrets) -> Vec<Secret> {
        std::iter::once(secrets.head).chain(secrets.pieces).collect()
    }

    proptest! {
        #[test]
        fn revisions_are_read_as_they_were_written(
            one in manifests(), two in manifests(), limit in 30_usize..200, turn: prop::sample::Index,
        ) {
            let revisions = vec![revision(9, one), revision(10, two)];
            let mut secrets: Vec<Secret> =
                revisions.iter().flat_map(|revision| all(write("web", revision, limit))).collect();
            let turn = turn.index(secrets.len());
            secrets.rotate_left(turn);
            prop_assert_eq!(read(&secrets), Ok(revisions));
            let metas: Vec<ObjectMeta> = secrets.into_iter().map(|secret| secret.metadata).collect();
            prop_assert_eq!(orphans(&metas).count(), 0);
        }

        #[test]
        fn a_piece_that_is_missing_is_found_out(manifests in manifests(), which: prop::sample::Index) {
            let Secrets { head, mut pieces } = write("web", &revision(1, manifests), 10);
            let missing = which.index(pieces.len());
            pieces.remove(missing);
            let count = pieces.len() + 1;
            pieces.push(head);
            let text = format!("piece {} of its {count} is missing", missing + 1);
            prop_assert_eq!(read(&pieces), Err(("skyward.web.v1".to_owned(), text)));
        }
    }

    /// Pieces whose head was not written yet, was deleted, or has other manifests by now.
    #[test]
    fn pieces_without_a_head_are_orphans() {
        let manifest = |name: &str| {
            let namespace = k8s_openapi::api::core::v1::Namespace {
                metadata: ObjectMeta { name: Some(name.to_owned()), ..ObjectMeta::default() },
                ..Default::default()
            };
            vec![Manifest::new(crate::manifest::Kind::Namespace, &namespace)]
        };
        let kept = write("web", &revision(1, manifest("a")), 50);
        let replaced = write("web", &revision(1, manifest("b")), 50);
        let headless = write("web", &revision(2, manifest("a")), 50);
        let mut wanted: Vec<ObjectMeta> = replaced
            .pieces
            .into_iter()
            .chain(headless.pieces)
            .map(|piece| piece.metadata)
            .collect();
        let mut present: Vec<ObjectMeta> =
            all(kept).into_iter().map(|secret| secret.metadata).collect();
        present.extend(wanted.clone());
        let mut found: Vec<ObjectMeta> = orphans(&present).cloned().collect();
        wanted.sort_by_key(|meta| meta.name.clone());
        found.sort_by_key(|meta| meta.name.clone());
        assert_eq!(found, wanted);
        assert!(wanted.len() >= 4, "{wanted:?}");
    }

    /// Users and other versions of ours see this.
    #[test]
    fn the_stored_form_is_this() {
        let Secrets { head, .. } = write("web", &revision(3, Vec::new()), LIMIT);
        let record = value(&head, KEY_REVISION).map(String::from_utf8_lossy);
        insta::assert_snapshot!(
            record.unwrap_or_default(),
            @r#"{"number":3,"started":"2026-01-02T03:04:05Z","by":"a@b","image":"web@sha256:00","status":"pending","hash":"sha256:4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945"}"#
        );
        let meta = serde_json::to_string(&head.metadata).expect("JSON");
        insta::assert_snapshot!(
            meta,
            @r#"{"annotations":{"skyward.dev/origin":"2026-01-02T03:04:05Z a@b"},"labels":{"app.kubernetes.io/instance":"web","app.kubernetes.io/managed-by":"skyward","skyward.dev/content":"4f53cda18c2baa0c","skyward.dev/revision":"3"},"name":"skyward.web.v3"}"#
        );
    }
}
