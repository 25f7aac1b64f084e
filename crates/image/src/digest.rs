//! SHA-256 of bytes and of what passes through a reader, and the one spelling of JSON that is hashed.

use std::io::{self, Read};

use anyhow::{Context, Result};
use oci_spec::image::{Digest, Sha256Digest};
use serde::Serialize;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

/// The digest of `bytes`.
pub fn of(bytes: &[u8]) -> Digest {
    finish(Sha256::new_with_prefix(bytes))
}

fn finish(hash: Sha256) -> Digest {
    use std::fmt::Write as _;
    let mut hex = String::with_capacity(64);
    for byte in hash.finalize() {
        let _ = write!(hex, "{byte:02x}");
    }
    let digest: Sha256Digest =
        hex.parse().expect("64 lower-case hexadecimal digits are a SHA-256 digest");
    digest.into()
}

/// A reader that hashes and counts what is read through it.
pub struct HashingReader<R> {
    inner: R,
    hash: Sha256,
    bytes: u64,
}

impl<R: Read> HashingReader<R> {
    /// Wraps `inner`.
    pub fn new(inner: R) -> Self {
        Self { inner, hash: Sha256::new(), bytes: 0 }
    }

    /// Bytes read up to now.
    pub fn count(&self) -> u64 {
        self.bytes
    }

    /// The digest of what was read up to now.
    pub fn digest(&self) -> Digest {
        finish(self.hash.clone())
    }
}

impl<R: Read> Read for HashingReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.hash.update(&buffer[..read]);
        self.bytes += read as u64;
        Ok(read)
    }
}

/// Returns the canonical bytes of `document`: sorted keys and no white space, so that equal documents have equal
/// digests.
///
/// `oci-spec` keeps labels and annotations in hash maps, whose order differs from run to run; and
/// whether `serde_json` sorts keys depends on a feature that any crate of the workspace may turn on.
pub fn canonical(document: &impl Serialize) -> Result<Vec<u8>> {
    let value = serde_json::to_value(document).context("cannot express a document as JSON")?;
    serde_json::to_vec(&sorted(value)).context("cannot write a document as JSON")
}

fn sorted(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(sorted).collect(),
        Value::Object(members) => {
            let mut members: Vec<(String, Value)> = members.into_iter().collect();
            members.sort_by(|left, right| left.0.cmp(&right.0));
            Value::Object(
                members.into_iter().map(|(key, value)| (key, sorted(value))).collect::<Map<_, _>>(),
            )
        }
        scalar => scalar,
    }
}
