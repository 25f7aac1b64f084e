//! Writes an image to disk: the OCI layout, and the archive that every engine reads. What is there is whole or not
//! there: files are written under another name, renamed when complete, and the file that names the others comes last.

mod archive;
mod documents;
mod layout;

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::pack::Image;

/// Where an image was written.
#[derive(Clone, Debug)]
pub struct Written {
    /// The tar archive.
    pub archive: PathBuf,
    /// The OCI layout folder.
    pub layout: PathBuf,
}

/// Writes `image` as `folder/NAME.tar` and `folder/NAME`, named `repository:tag` for each of `tags`.
pub fn image(
    image: &Image,
    folder: &Path,
    name: &str,
    repository: &str,
    tags: &[String],
) -> Result<Written> {
    fs::create_dir_all(folder)
        .with_context(|| format!("cannot make folder {}", folder.display()))?;
    // Two builds at once would remove each other's unfinished files.
    let lock = File::create(folder.join(".lock"))
        .with_context(|| format!("cannot write to {}", folder.display()))?;
    lock.lock().with_context(|| format!("cannot lock {}", folder.display()))?;
    let documents = documents::of(image, repository, tags)?;
    let layout = folder.join(name);
    layout::write(image, &documents, &layout)
        .with_context(|| format!("cannot write OCI layout {}", layout.display()))?;
    let archive = folder.join(format!("{name}.tar"));
    archive::write(image, &documents, &archive)
        .with_context(|| format!("cannot write archive {}", archive.display()))?;
    Ok(Written { archive, layout })
}

/// The name of a file while it is written; the next build replaces what a killed one left.
fn unfinished(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.unfinished"))
}

/// Makes `path` with what `write` puts into a file of another name, in one step for whoever reads it. What was written
/// until it failed is removed: a full disk would stay full.
fn whole(path: &Path, write: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let unfinished = unfinished(path);
    let written = write(&unfinished).and_then(|()| {
        fs::rename(&unfinished, path).with_context(|| {
            format!("cannot rename {} to {}", unfinished.display(), path.display())
        })
    });
    if written.is_err() {
        // The reason to report is the first one; and the next build replaces it.
        let _ = fs::remove_file(&unfinished);
    }
    written
}

/// Writes `bytes` to `path`, in one step for whoever reads it.
fn file(path: &Path, bytes: &[u8]) -> Result<()> {
    whole(path, |unfinished| {
        fs::write(unfinished, bytes)
            .with_context(|| format!("cannot write {}", unfinished.display()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_finished_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        // A file cannot take a folder's place: writing succeeds, renaming fails.
        let taken = folder.path().join("taken");
        fs::create_dir(&taken).unwrap();
        file(&taken, b"bytes").unwrap_err();
        whole(&taken, |unfinished| {
            fs::write(unfinished, "a part")?;
            anyhow::bail!("the disk is full")
        })
        .unwrap_err();
        let left: Vec<_> =
            fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["taken"]);
    }
}
