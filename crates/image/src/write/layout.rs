//! The OCI layout folder. Blobs first, then `index.json`, then away with the blobs that nothing names any more: whoever
//! opens the folder meanwhile finds one whole image.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::documents::{Documents, OCI_LAYOUT};
use super::file;
use crate::pack::Image;

pub(super) fn write(image: &Image, documents: &Documents, folder: &Path) -> Result<()> {
    if folder.is_dir()
        && !folder.join("oci-layout").exists()
        && fs::read_dir(folder)?.next().is_some()
    {
        bail!(
            "the folder is there, with other things in it; choose another image.output or remove it"
        );
    }
    let blobs = folder.join("blobs/sha256");
    fs::create_dir_all(&blobs)
        .with_context(|| format!("cannot make folder {}", blobs.display()))?;
    file(&folder.join("oci-layout"), OCI_LAYOUT)?;
    for (digest, bytes) in image.blobs.iter() {
        file(&blobs.join(hex(digest)), bytes)?;
    }
    file(&folder.join("index.json"), &documents.index)?;
    remove_others(image, &blobs)
}

fn hex(digest: &str) -> &str {
    digest.strip_prefix("sha256:").unwrap_or(digest)
}

fn remove_others(image: &Image, blobs: &Path) -> Result<()> {
    let ours: HashSet<&str> = image.blobs.iter().map(|(digest, _)| hex(digest)).collect();
    for entry in fs::read_dir(blobs).with_context(|| format!("cannot list {}", blobs.display()))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if !ours.contains(name.as_ref()) {
            fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        }
    }
    Ok(())
}
