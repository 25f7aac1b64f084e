//! Images on disk: an archive or an OCI layout folder (image-spec, image-layout.md).

mod archive;
mod docker;

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use oci_spec::image::{Descriptor, ImageIndex};

use crate::source::{LARGEST_DOCUMENT, Source};
use archive::Archive;

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
                format!("the annotation {REFERRERS} of index.json is not a list of descriptors")
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

/// An OCI layout folder.
pub struct Layout {
    root: PathBuf,
}

impl Layout {
    pub(super) fn open(root: &Path) -> Result<Self> {
        for name in ["oci-layout", "index.json"] {
            if !root.join(name).is_file() {
                bail!("{} is not an OCI layout: there is no file {name:?} in it", root.display());
            }
        }
        Ok(Self { root: root.to_owned() })
    }
}

impl Source for Layout {
    fn index(&self) -> Result<ImageIndex> {
        let path = self.root.join("index.json");
        let file = File::open(&path).with_context(|| format!("cannot open {}", path.display()))?;
        parse_index(file, &path.display().to_string())
    }

    fn blob(&self, descriptor: &Descriptor) -> Result<Box<dyn Read + Send + '_>> {
        let path = self.root.join(blob_path(descriptor));
        let file = File::open(&path).with_context(|| format!("cannot open {}", path.display()))?;
        Ok(Box::new(file))
    }
}

/// Reads an `index.json` of at most 4 MiB; `name` is for the error.
pub(super) fn parse_index(reader: impl Read, name: &str) -> Result<ImageIndex> {
    let mut bytes = Vec::new();
    reader
        .take(LARGEST_DOCUMENT + 1)
        .read_to_end(&mut bytes)
        .with_context(|| format!("cannot read {name}"))?;
    if bytes.len() as u64 > LARGEST_DOCUMENT {
        bail!("{name} has more than {LARGEST_DOCUMENT} bytes");
    }
    serde_json::from_slice(&bytes).with_context(|| format!("{name} is not a valid OCI index"))
}
