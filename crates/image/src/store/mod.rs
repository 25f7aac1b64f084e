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

/// An image on disk, opened for reading.
pub enum Store {
    /// A tar archive: OCI, Docker's, or both in one.
    Archive(Archive),
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
        Archive::open(path).map(Self::Archive)
    }
}

impl Source for Store {
    fn index(&self) -> Result<ImageIndex> {
        match self {
            Self::Archive(archive) => archive.index(),
            Self::Layout(layout) => layout.index(),
        }
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

#[cfg(test)]
mod tests;
