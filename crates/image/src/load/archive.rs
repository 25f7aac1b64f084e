//! The names and digests that an engine must know once an archive is loaded.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result, bail};
use oci_spec::image::{Descriptor, ImageIndex, ImageManifest, MediaType};

use crate::source::{self, CONTAINERD_NAME, REF_NAME, Source};
use crate::store::Store;

/// The names that an archive gives its image, and the digests an engine may know it by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// `docker.io/library/web:latest`, in the archive's order.
    pub names: Vec<String>,
    /// The index, the manifests and the configurations: which of them is "the image's id" depends
    /// on the engine and on its image store.
    pub digests: BTreeSet<String>,
}

impl Expected {
    /// Reads the archive at `path`.
    pub fn read(path: &Path) -> Result<Self> {
        if path.is_dir() {
            let file = path.with_extension("tar");
            let hint = if file.is_file() {
                format!("name the archive beside it, {}", file.display())
            } else {
                "name an archive, as `build` writes it".to_owned()
            };
            bail!("{} is a folder, and engines load one file: {hint}", path.display());
        }
        let store = Store::open(path)?;
        let mut expected = Self { names: Vec::new(), digests: BTreeSet::new() };
        for entry in store.index()?.manifests() {
            if let Some(name) = name(entry) {
                expected.names.push(name);
            }
            expected
                .add(&store, entry, 0)
                .with_context(|| format!("cannot read image {}", path.display()))?;
        }
        if expected.names.is_empty() {
            bail!(
                "the image in {} has no name, and could not be found again once it is loaded; build it with a tag",
                path.display()
            );
        }
        Ok(expected)
    }

    fn add(&mut self, store: &Store, descriptor: &Descriptor, depth: usize) -> Result<()> {
        if depth > 8 {
            bail!("its indexes are nested more than 8 deep");
        }
        if *descriptor.media_type() == MediaType::ImageIndex {
            let index: ImageIndex = source::document(store, descriptor)?;
            for child in index.manifests() {
                self.add(store, child, depth + 1)?;
            }
        } else {
            let manifest: ImageManifest = source::document(store, descriptor)?;
            // What refers to an image is not the image.
            if manifest.subject().is_some() {
                return Ok(());
            }
            self.digests.insert(manifest.config().digest().to_string());
        }
        self.digests.insert(descriptor.digest().to_string());
        Ok(())
    }
}

/// The full name, else what Docker's own archives give as the tag.
fn name(entry: &Descriptor) -> Option<String> {
    let annotations = entry.annotations().as_ref()?;
    let full = annotations.get(CONTAINERD_NAME);
    full.or_else(|| annotations.get(REF_NAME).filter(|name| name.contains(':'))).cloned()
}
