//! Writes an image to disk: the OCI layout, and the archive that every engine reads. A file is whole or not
//! there: files are written under another name, renamed when complete, and the file that names the others comes last.

mod documents;

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use tar::{Builder, EntryType, Header};

use crate::pack::Image;
use crate::permissions;
use documents::{Documents, OCI_LAYOUT};

/// The files of an image.
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
    let denied = |error: std::io::Error| {
        let reason = permissions::explain_write(folder, &error);
        anyhow::anyhow!("cannot write the image to {}: {reason}", folder.display())
    };
    fs::create_dir_all(folder).map_err(denied)?;
    // Two builds at once would remove each other's unfinished files.
    let lock = File::create(folder.join(".lock")).map_err(denied)?;
    lock.lock().with_context(|| format!("cannot lock {}", folder.display()))?;
    let documents = documents::of(image, repository, tags)?;
    let layout = folder.join(name);
    write_layout(image, &documents, &layout)
        .with_context(|| format!("cannot write OCI layout {}", layout.display()))?;
    let archive = folder.join(format!("{name}.tar"));
    write_archive(image, &documents, &archive)
        .with_context(|| format!("cannot write archive {}", archive.display()))?;
    Ok(Written { archive, layout })
}

/// The name of a file while it is written; the next build replaces what a killed one left.
fn unfinished(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.unfinished"))
}

/// Makes `path` with what `write` puts into a file of another name, in one step for its readers. After a failure
/// the part that was written is removed: a full disk would stay full.
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

/// Writes `bytes` to `path`, in one step for its readers.
fn file(path: &Path, bytes: &[u8]) -> Result<()> {
    whole(path, |unfinished| {
        fs::write(unfinished, bytes)
            .with_context(|| format!("cannot write {}", unfinished.display()))
    })
}

/// One tar archive that is an OCI layout and a Docker archive at once.
fn write_archive(image: &Image, documents: &Documents, path: &Path) -> Result<()> {
    whole(path, |unfinished| fill(image, documents, unfinished))
}

fn fill(image: &Image, documents: &Documents, path: &Path) -> Result<()> {
    let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
    let mut builder = Builder::new(BufWriter::with_capacity(1 << 20, file));
    append(&mut builder, "blobs/", EntryType::Directory, &[])?;
    append(&mut builder, "blobs/sha256/", EntryType::Directory, &[])?;
    for (digest, bytes) in image.blobs.iter() {
        append(
            &mut builder,
            &format!("blobs/{}", digest.replace(':', "/")),
            EntryType::Regular,
            bytes,
        )?;
    }
    append(&mut builder, "index.json", EntryType::Regular, &documents.index)?;
    append(&mut builder, "manifest.json", EntryType::Regular, &documents.manifest)?;
    append(&mut builder, "oci-layout", EntryType::Regular, OCI_LAYOUT)?;
    builder.into_inner()?.flush().context("cannot write the end")
}

/// Appends an entry that says nothing of the machine and the moment it was made on.
fn append(
    builder: &mut Builder<impl Write>,
    path: &str,
    kind: EntryType,
    bytes: &[u8],
) -> Result<()> {
    let mut header = Header::new_ustar();
    header.set_entry_type(kind);
    header.set_mode(if kind == EntryType::Directory { 0o755 } else { 0o644 });
    header.set_size(bytes.len() as u64);
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    builder.append_data(&mut header, path, bytes).with_context(|| format!("cannot write {path}"))
}

/// The OCI layout folder. Blobs first, then `index.json`, then away with the blobs that nothing names any more: a reader
/// that opens the folder meanwhile finds one whole image.
fn write_layout(image: &Image, documents: &Documents, folder: &Path) -> Result<()> {
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
