//! Reading blobs with their size and digest checked.

use std::io::{self, Read};

use anyhow::{Context, Result, bail};
use oci_spec::image::{Descriptor, Digest, DigestAlgorithm};
use serde::de::DeserializeOwned;

use crate::digest::HashingReader;
use crate::source::Source;

/// The largest manifest, index or configuration that is read, in bytes. Registries refuse more than 4 MiB.
pub const LARGEST_DOCUMENT: u64 = 4 << 20;

/// Reads the JSON document that `descriptor` names, with its size and digest checked.
pub fn document<T: DeserializeOwned>(source: &dyn Source, descriptor: &Descriptor) -> Result<T> {
    let bytes = bytes(source, descriptor, LARGEST_DOCUMENT)?;
    serde_json::from_slice(&bytes).with_context(|| {
        format!("blob {} is no valid {}", descriptor.digest(), descriptor.media_type())
    })
}

/// Reads the whole blob that `descriptor` names, of at most `limit` bytes, with its size and digest checked.
pub fn bytes(source: &dyn Source, descriptor: &Descriptor, limit: u64) -> Result<Vec<u8>> {
    if descriptor.size() > limit {
        bail!(
            "blob {} has {} bytes, more than the {limit} expected of it at most",
            descriptor.digest(),
            descriptor.size()
        );
    }
    let mut reader = reader(source, descriptor)?;
    let mut bytes = Vec::new();
    reader
        .read_to_end(&mut bytes)
        .with_context(|| format!("cannot read blob {}", descriptor.digest()))?;
    Ok(bytes)
}

/// Opens the blob that `descriptor` names; reading it to its end fails where size or digest differ.
pub fn reader<'a>(
    source: &'a dyn Source,
    descriptor: &Descriptor,
) -> Result<Verified<Box<dyn Read + Send + 'a>>> {
    let blob = source
        .blob(descriptor)
        .with_context(|| format!("cannot open blob {}", descriptor.digest()))?;
    Verified::new(blob, descriptor)
}

/// A reader that fails at the end of the blob when it is not the one that the descriptor names.
pub struct Verified<R> {
    inner: HashingReader<R>,
    digest: Digest,
    size: u64,
}

impl<R: Read> Verified<R> {
    /// Wraps `inner`, whose bytes should be those that `descriptor` names. Only SHA-256 is known.
    pub fn new(inner: R, descriptor: &Descriptor) -> Result<Self> {
        if *descriptor.digest().algorithm() != DigestAlgorithm::Sha256 {
            bail!(
                "blob {} is named by another digest than SHA-256, the only one known here",
                descriptor.digest()
            );
        }
        Ok(Self {
            inner: HashingReader::new(inner),
            digest: descriptor.digest().clone(),
            size: descriptor.size(),
        })
    }

    fn mismatch(&self, what: &str) -> io::Error {
        io::Error::new(
            io::ErrorKind::InvalidData,
            format!("blob {} is damaged or not the one named: {what}", self.digest),
        )
    }
}

impl<R: Read> Read for Verified<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        if self.inner.count() > self.size {
            return Err(self.mismatch(&format!("it has more than its {} bytes", self.size)));
        }
        if read == 0 && !buffer.is_empty() {
            if self.inner.count() < self.size {
                return Err(self.mismatch(&format!(
                    "it ends after {} of {} bytes",
                    self.inner.count(),
                    self.size
                )));
            }
            let found = self.inner.digest();
            if found != self.digest {
                return Err(self.mismatch(&format!("its bytes have the digest {found}")));
            }
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use oci_spec::image::MediaType;

    use super::*;
    use crate::digest;

    fn read(bytes: &[u8], named: &[u8], size: u64) -> io::Result<Vec<u8>> {
        let descriptor = Descriptor::new(MediaType::ImageLayer, size, digest::of(named));
        let mut read = Vec::new();
        Verified::new(bytes, &descriptor).unwrap().read_to_end(&mut read).map(|_| read)
    }

    #[test]
    fn a_changed_a_short_and_a_long_blob_are_errors_that_name_it() {
        assert_eq!(read(b"abc", b"abc", 3).unwrap(), b"abc");
        for (bytes, why) in [
            (&b"abd"[..], "have the digest"),
            (b"ab", "ends after 2 of 3"),
            (b"abcd", "more than its 3"),
        ] {
            let error = read(bytes, b"abc", 3).unwrap_err().to_string();
            assert!(error.contains(why) && error.contains("sha256:ba7816bf"), "{error}");
        }
    }
}
