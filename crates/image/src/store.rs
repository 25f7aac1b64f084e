//! Images on disk: an archive or an OCI layout folder.

mod archive;
mod docker;
mod layout;
mod section;

use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, bail};
use oci_spec::image::{Descriptor, ImageIndex};

use crate::source::Source;
use archive::Archive;
use layout::Layout;

/// The annotation of `index.json` that lists what refers to its images: a JSON array of descriptors.
///
/// They are no entries of `index.json`, where image-spec would have them: with a second entry skopeo and podman refuse
/// to read the image unless a tag is given ("more than one image in oci, choose an image"). `Store` shows them as
/// entries; `push` hands them to the registry, whose referrers API makes them known.
pub(crate) const REFERRERS: &str = "dev.skyward.referrers";

/// An image on disk, opened for reading.
pub enum Store {
    /// A tar archive: OCI, Docker's, or both in one.
    Archive(Box<Archive>),
    /// An OCI layout folder.
    Layout(Layout),
}

impl Store {
    /// Opens the archive or layout folder at `path`.
    pub fn open(path: &Path) -> Result<Self> {
        let metadata = std::fs::metadata(path)
            .with_context(|| format!("cannot open image {}", path.display()))?;
        if metadata.is_dir() {
            return Layout::open(path).map(Self::Layout);
        }
        if !metadata.is_file() {
            bail!("cannot open image {}: it is neither a file nor a folder", path.display());
        }
        Ok(Self::Archive(Box::new(Archive::open(path)?)))
    }
}

impl Source for Store {
    fn index(&self) -> Result<ImageIndex> {
        let mut index = match self {
            Self::Archive(archive) => archive.index(),
            Self::Layout(layout) => layout.index(),
        }?;
        if let Some(list) =
            index.annotations().as_ref().and_then(|annotations| annotations.get(REFERRERS))
        {
            let referrers: Vec<Descriptor> = serde_json::from_str(list).with_context(|| {
                format!("the annotation {REFERRERS} of index.json is no list of descriptors")
            })?;
            let entries = index.manifests().iter().cloned().chain(referrers).collect();
            index.set_manifests(entries);
        }
        Ok(index)
    }

    fn blob(&self, descriptor: &Descriptor) -> Result<Box<dyn Read + Send + '_>> {
        match self {
            Self::Archive(archive) => archive.blob(descriptor),
            Self::Layout(layout) => layout.blob(descriptor),
        }
    }
}

/// The path of a blob below an OCI layout: `blobs/sha256/…`.
/// The digest was parsed, so that it holds no `/` and no `..`.
pub(crate) fn blob_path(descriptor: &Descriptor) -> String {
    let digest = descriptor.digest();
    format!("blobs/{}/{}", digest.algorithm(), digest.digest())
}
