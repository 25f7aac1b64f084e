//! The trait through which every image is read, be it in an archive, an OCI layout or a registry, and the reading of its
//! blobs with size and digest checked.

use std::io::{self, Read};

use anyhow::{Context, Result, bail};
use oci_spec::image::{Descriptor, Digest, DigestAlgorithm, ImageIndex, MediaType, SCHEMA_VERSION};
use serde::de::DeserializeOwned;

use crate::digest::HashingReader;

/// The tag of an image within an index (image-spec, annotations.md).
pub const REF_NAME: &str = "org.opencontainers.image.ref.name";

/// The full name of an image within an index (containerd, `images/annotations.go`).
pub const CONTAINERD_NAME: &str = "io.containerd.image.name";

/// A place that holds an OCI index and the blobs it leads to.
///
/// `store::Store` (an archive or layout on disk) and `registry::RemoteImage` implement it.
pub trait Source: Send + Sync {
    /// The top index. A single image is an index of one manifest. Artifacts that refer to an image, such as bills of
    /// materials, are entries as well, which an `artifactType` tells from images.
    fn index(&self) -> Result<ImageIndex>;

    /// Opens the blob that `descriptor` names, in the bytes as stored (compressed layers stay
    /// compressed). The reader's bytes are not verified here: [`reader`] does that.
    fn blob(&self, descriptor: &Descriptor) -> Result<Box<dyn Read + Send + '_>>;
}

/// The largest manifest, index or configuration that is read, in bytes. Registries refuse more than 4 MiB.
pub const LARGEST_DOCUMENT: u64 = 4 << 20;

/// Reads the JSON document that `descriptor` names, with its size and digest checked.
pub fn document<T: DeserializeOwned>(source: &dyn Source, descriptor: &Descriptor) -> Result<T> {
    let bytes = bytes(source, descriptor, LARGEST_DOCUMENT)?;
    serde_json::from_slice(&bytes).with_context(|| {
        format!("blob {} is not a valid {}", descriptor.digest(), descriptor.media_type())
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

/// An index of these entries.
pub(crate) fn index_of(entries: Vec<Descriptor>) -> ImageIndex {
    let mut index = ImageIndex::default();
    index.set_schema_version(SCHEMA_VERSION);
    index.set_media_type(Some(MediaType::ImageIndex));
    index.set_manifests(entries);
    index
}
