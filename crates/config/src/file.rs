//! Finding the file and reading it, with a limit.

use std::fs::{File, Metadata};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use crate::ConfigError;

/// The name of the file, searched upward from the current folder.
const NAME: &str = "skyward.toml";

/// Bytes of a file at most: far above any configuration, and far below what would be slow to read.
const LIMIT: u64 = 1024 * 1024;

/// A file that was found.
pub(crate) struct Found {
    /// As people are shown it, from the current folder.
    pub(crate) shown: PathBuf,
    /// From the root of the file system.
    pub(crate) path: PathBuf,
    /// What to look at when it is not there: the flag or variable that named it, or a link that
    /// was found and leads nowhere.
    named_by: &'static str,
}

/// The file that was named (and by what), or the first `skyward.toml` in the folder and those above
/// it.
pub(crate) fn find(
    named: Option<(&Path, &'static str)>,
    folder: &Path,
) -> Result<Found, ConfigError> {
    if let Some((named, named_by)) = named {
        return Ok(Found { shown: named.into(), path: folder.join(named), named_by });
    }
    let mut shown = PathBuf::new();
    for parent in folder.ancestors() {
        let path = parent.join(NAME);
        // A link that leads nowhere is there too: passing it over would read a file that nobody
        // meant.
        if path.symlink_metadata().is_ok() {
            return Ok(Found { shown: shown.join(NAME), path, named_by: "the link" });
        }
        shown.push("..");
    }
    Err(ConfigError::NotFound(folder.ancestors().map(Path::to_path_buf).collect()))
}

/// All of the file, if it is not larger than [`LIMIT`].
pub(crate) fn read(found: &Found) -> Result<Vec<u8>, ConfigError> {
    let unreadable = |reason: String| ConfigError::Unreadable { path: found.shown.clone(), reason };
    let failed = |error: std::io::Error| unreadable(reason(&error, found));
    let file = File::open(&found.path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    if metadata.is_dir() {
        return Err(unreadable(format!(
            "it is a directory; --config names a file, such as {}",
            found.shown.join(NAME).display()
        )));
    }
    if metadata.len() > LIMIT {
        return Err(unreadable(too_large(&format!("{} bytes", metadata.len()))));
    }
    let mut bytes = Vec::new();
    // The size of a pipe or a device is not known before it is read.
    file.take(LIMIT + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > LIMIT {
        return Err(unreadable(too_large("more")));
    }
    Ok(bytes)
}

fn too_large(size: &str) -> String {
    format!(
        "it is too large; the limit is {LIMIT} bytes (1 MiB), and it has {size}. Is it the right file?"
    )
}

fn reason(error: &std::io::Error, found: &Found) -> String {
    let named_by = found.named_by;
    match error.kind() {
        ErrorKind::NotFound => {
            format!("it is not there; check {named_by}, or create the file (an empty one is valid)")
        }
        ErrorKind::NotADirectory => format!("a part of the path is no folder; check {named_by}"),
        ErrorKind::PermissionDenied => match found.path.metadata() {
            Ok(metadata) => {
                format!("permission denied{}; allow this user to read it", rights(&metadata))
            }
            Err(_) => "permission denied on a folder above it; allow this user to enter it".into(),
        },
        _ => error.to_string(),
    }
}

#[cfg(unix)]
fn rights(metadata: &Metadata) -> String {
    use std::os::unix::fs::MetadataExt;
    format!(
        " (mode {:04o}, owner {}, group {})",
        metadata.mode() & 0o7777,
        metadata.uid(),
        metadata.gid()
    )
}

#[cfg(not(unix))]
fn rights(_: &Metadata) -> String {
    String::new()
}
