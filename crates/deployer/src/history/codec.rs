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
/// What is wrong with them.
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
