//! What every image is read through, wherever it is kept: an archive, an OCI layout or a registry.

use std::io::Read;

use anyhow::Result;
use oci_spec::image::{Descriptor, ImageIndex};

/// The tag of an image within an index (image-spec, annotations.md).
pub const REF_NAME: &str = "org.opencontainers.image.ref.name";

/// A place that holds an OCI index and the blobs it leads to.
///
/// Implemented by `store::Store` (archive or layout on disk) and by `registry::RemoteImage`.
pub trait Source: Send + Sync {
    /// The top index. A single image is an index of one manifest. Artifacts that refer to an image, such as bills of
    /// materials, are entries as well, which an `artifactType` tells from images.
    fn index(&self) -> Result<ImageIndex>;

    /// Opens the blob that `descriptor` names, in the bytes as stored (compressed layers stay
    /// compressed). The reader's bytes are not verified here: `verify` does that.
    fn blob(&self, descriptor: &Descriptor) -> Result<Box<dyn Read + Send + '_>>;
}
