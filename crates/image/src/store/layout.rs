//! An OCI layout folder (image-spec, image-layout.md).

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use oci_spec::image::{Descriptor, ImageIndex};

use super::blob_path;
use crate::source::Source;
use crate::verify::LARGEST_DOCUMENT;

/// An OCI layout folder.
pub struct Layout {
    root: PathBuf,
}

impl Layout {
    pub(super) fn open(root: &Path) -> Result<Self> {
        for name in ["oci-layout", "index.json"] {
            if !root.join(name).is_file() {
                bail!("{} is no OCI layout: there is no file {name:?} in it", root.display());
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
    serde_json::from_slice(&bytes).with_context(|| format!("{name} is no valid OCI index"))
}
