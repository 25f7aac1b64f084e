//! Lays an image's layers over each other in a folder. Nothing in an image can reach out of that folder: paths are
//! resolved within it, symbolic links as if it were the root.

mod rooted;

use std::fs::{self, File, Permissions};
use std::io::{self, Read};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, bail};

use crate::layer::{self, DOUBLE_WHITEOUT, Entry, Kind, Limits, OPAQUE, WHITEOUT};
use crate::resolve::Resolved;
use crate::source::Source;

pub use rooted::Rooted;

/// The result of unpacking.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unpacked {
    /// Files, folders and links that were made.
    pub entries: u64,
    /// Bytes of the files.
    pub bytes: u64,
    /// Devices and named pipes, which are left out.
    pub skipped: u64,
}

/// Unpacks `image` into the empty folder `folder`, with all digests checked. Files belong to the current user, and have
/// no setuid and setgid bits.
pub fn unpack(
    source: &dyn Source,
    image: &Resolved,
    folder: &Path,
    limits: Limits,
) -> Result<Unpacked> {
    let root = Rooted::new(folder)?;
    let mut unpacked = Unpacked::default();
    for (index, (descriptor, diff_id)) in image.layers()?.into_iter().enumerate() {
        // Whiteouts hide what is below their layer and nothing within it: they come first. Nothing is below the lowest.
        if index > 0 {
            layer::visit(source, descriptor, diff_id, limits, |entry, _| hide(&root, &entry))?;
        }
        layer::visit(source, descriptor, diff_id, limits, |entry, contents| {
            let shown = String::from_utf8_lossy(&entry.path).into_owned();
            make(&root, &entry, contents, &mut unpacked)
                .with_context(|| format!("cannot unpack {shown:?}"))
        })?;
    }
    Ok(unpacked)
}

fn hide(root: &Rooted, entry: &Entry) -> Result<()> {
    let Some((parent, name)) = rooted::split(&entry.path)? else { return Ok(()) };
    let Some(hidden) = name.strip_prefix(WHITEOUT) else { return Ok(()) };
    let Some(parent) = root.existing_folder(&parent)? else { return Ok(()) };
    if name == OPAQUE {
        for child in fs::read_dir(&parent)? {
            rooted::remove(&child?.path())?;
        }
    } else if !name.starts_with(DOUBLE_WHITEOUT) {
        if matches!(hidden, b"" | b"." | b"..") {
            bail!(
                "the layer deletes {:?}, which is not the name of a file",
                String::from_utf8_lossy(hidden)
            );
        }
        rooted::remove(&parent.join(rooted::os(hidden)))?;
    }
    Ok(())
}

fn make(
    root: &Rooted,
    entry: &Entry,
    contents: &mut dyn Read,
    unpacked: &mut Unpacked,
) -> Result<()> {
    let Some((parent, name)) = rooted::split(&entry.path)? else { return Ok(()) };
    if name.starts_with(WHITEOUT) {
        return Ok(());
    }
    let parent = root.folder(&parent)?;
    let path = parent.join(rooted::os(&name));
    match entry.kind {
        Kind::Directory => make_folder(&path, entry)?,
        Kind::File => {
            unpacked.bytes += entry.size;
            make_file(&path, entry, contents)?;
        }
        Kind::Symlink => {
            rooted::remove(&path)?;
            symlink(rooted::os(&entry.link), &path)?;
        }
        Kind::Hardlink => {
            let target = root.file(&entry.link)?;
            rooted::remove(&path)?;
            fs::hard_link(&target, &path)?;
        }
        Kind::Special => {
            unpacked.skipped += 1;
            return Ok(());
        }
    }
    unpacked.entries += 1;
    Ok(())
}

fn make_folder(path: &Path, entry: &Entry) -> Result<()> {
    if !fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_dir()) {
        rooted::remove(path)?;
        fs::create_dir(path)?;
    }
    // The user who unpacks must be able to put files into it, and to remove it again.
    fs::set_permissions(path, Permissions::from_mode(entry.mode & 0o1777 | 0o700))?;
    Ok(())
}

fn make_file(path: &Path, entry: &Entry, contents: &mut dyn Read) -> Result<()> {
    rooted::remove(path)?;
    let mut file = File::create_new(path)?;
    let written = io::copy(contents, &mut file)?;
    if written != entry.size {
        bail!("it ends after {written} of {} bytes", entry.size);
    }
    file.set_permissions(Permissions::from_mode(entry.mode & 0o777))?;
    if let Some(modified) = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(entry.modified))
    {
        // A time that the file system cannot hold does not fail the file.
        let _ = file.set_modified(modified);
    }
    Ok(())
}
