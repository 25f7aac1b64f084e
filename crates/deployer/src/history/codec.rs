//! Manifests as bytes: hashed, compressed, in pieces. Pure.

use std::fmt::Write as _;
use std::io::{self, Read, Write as _};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

use crate::manifest::Manifest;

/// The hash of a release's manifests: `sha256:` and 64 hexadecimal digits.
pub fn hash(manifests: &[Manifest]) -> String {
    hash_of_bytes(&bytes(manifests))
}

/// Manifests as JSON. `serde_json` keeps the keys of objects sorted, so that equal manifests have equal bytes.
fn bytes(manifests: &[Manifest]) -> Vec<u8> {
    serde_json::to_vec(manifests).expect("manifests are JSON")
}

fn hash_of_bytes(bytes: &[u8]) -> String {
    let mut text = String::from("sha256:");
    for byte in Sha256::digest(bytes) {
        write!(text, "{byte:02x}").expect("a String takes all that is written");
    }
    text
}

/// Compresses manifests and cuts them into pieces of `limit` bytes at most; at least one piece.
pub(super) fn encode(manifests: &[Manifest], limit: usize) -> Vec<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(&bytes(manifests)).expect("a Vec takes all that is written");
    let packed = encoder.finish().expect("a Vec takes all that is written");
    packed.chunks(limit).map(<[u8]>::to_vec).collect()
}

/// Joins the pieces, unpacks them and holds them against their hash.
///
/// # Errors
/// The pieces are damaged; the text says how.
pub(super) fn decode(pieces: &[&[u8]], hash: &str) -> Result<Vec<Manifest>, String> {
    let packed = pieces.concat();
    let mut unpacked = Vec::new();
    GzDecoder::new(packed.as_slice())
        .read_to_end(&mut unpacked)
        .map_err(|error: io::Error| format!("it does not unpack: {error}"))?;
    let found = hash_of_bytes(&unpacked);
    if found != hash {
        return Err(format!("its hash is {found} and should be {hash}"));
    }
    serde_json::from_slice(&unpacked).map_err(|error| format!("it cannot be read: {error}"))
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;
    use crate::manifest::{Kind, ObjectId};

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            ".{0,20}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map(".{0,8}", inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    pub(in super::super) fn manifests() -> impl Strategy<Value = Vec<Manifest>> {
        let manifest = (prop::sample::select(&Kind::ALL[..]), "[a-z]{1,9}", value()).prop_map(
            |(kind, name, object)| Manifest {
                id: ObjectId { kind, namespace: Some("web".to_owned()), name },
                object,
            },
        );
        prop::collection::vec(manifest, 0..6)
    }

    fn slices(pieces: &[Vec<u8>]) -> Vec<&[u8]> {
        pieces.iter().map(Vec::as_slice).collect()
    }

    proptest! {
        #[test]
        fn what_is_packed_is_unpacked(manifests in manifests(), limit in 1_usize..200) {
            let pieces = encode(&manifests, limit);
            prop_assert!(pieces.iter().all(|piece| piece.len() <= limit && !piece.is_empty()));
            prop_assert_eq!(decode(&slices(&pieces), &hash(&manifests)), Ok(manifests));
        }

        /// One bit, one byte more or less, two pieces in the wrong order: never other manifests.
        #[test]
        fn what_was_altered_is_found_out(manifests in manifests(), at: prop::sample::Index, bit in 0_u8..8) {
            let whole = encode(&manifests, usize::MAX).remove(0);
            let hash = hash(&manifests);
            let mut flipped = whole.clone();
            flipped[at.index(whole.len())] ^= 1 << bit;
            // Gzip's header has fields that say nothing of the content.
            prop_assert!(decode(&[&flipped], &hash).is_ok_and(|found| found == manifests) || decode(&[&flipped], &hash).is_err());
            let cut = at.index(whole.len());
            prop_assert!(decode(&[&whole[..cut]], &hash).is_err());
            let (head, tail) = whole.split_at(whole.len() / 2);
            prop_assert!(decode(&[tail, head], &hash).is_err());
        }
    }

    #[test]
    fn other_manifests_are_found_out() {
        let pieces = encode(&[], 100);
        let error = decode(&slices(&pieces), "sha256:00").expect_err("another hash");
        assert!(error.starts_with("its hash is sha256:4f53cda18c2baa0c"), "{error}");
    }
}
