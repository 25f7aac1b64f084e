//! What every image is read through, wherever it is kept: an archive, an OCI layout or a registry.

use std::io::Read;

use anyhow::{Context, Result};
use oci_spec::image::{Descriptor, ImageIndex};

/// The tag of an image within an index (image-spec, annotations.md).
pub const REF_NAME: &str = "org.opencontainers.image.ref.name";

/// The annotation of an index that lists what refers to its images: a JSON array of descriptors.
///
/// They are no entries of `index.json`, where image-spec would have them: with a second entry skopeo and podman refuse to
/// read the image unless a tag is given ("more than one image in oci, choose an image"). `push` hands them to the
/// registry, whose referrers API makes them known.
pub const REFERRERS: &str = "dev.skyward.referrers";

/// The artifacts that refer to the images of `source`, such as bills of materials.
pub fn referrers(source: &dyn Source) -> Result<Vec<Descriptor>> {
    let index = source.index()?;
    let Some(list) =
        index.annotations().as_ref().and_then(|annotations| annotations.get(REFERRERS))
    else {
        return Ok(Vec::new());
    };
    serde_json::from_str(list)
        .with_context(|| format!("the index's annotation {REFERRERS} is no list of descriptors"))
}

/// A place that holds an OCI index and the blobs it leads to.
///
/// Implemented by `store::Store` (archive or layout on disk) and by `registry::RemoteImage`.
pub trait Source: Send + Sync {
    /// The top index. A single image is an index of one manifest.
    fn index(&self) -> Result<ImageIndex>;

    /// Opens the blob that `descriptor` names, in the bytes as stored (compressed layers stay
    /// compressed). The reader's bytes are not verified here: `verify` does that.
    fn blob(&self, descriptor: &Descriptor) -> Result<Box<dyn Read + Send + '_>>;
}
