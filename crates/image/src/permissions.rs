//! Reads a file that a person named, and explains a failure: the folder, the mode, the owner, the current user.

use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Reads the file at `path`, of at most `limit` bytes. The error names mode, owner and the current user where they are
/// the reason.
pub fn read(path: &Path, limit: u64) -> Result<Vec<u8>, String> {
    let file = File::open(path).map_err(|error| explain(path, &error))?;
    let metadata = file.metadata().map_err(|error| error.to_string())?;
    if metadata.is_dir() {
        return Err("it is a folder; name the file in it".to_owned());
    }
    if !metadata.is_file() {
        return Err(format!("it is not a regular file ({})", describe(&metadata)));
    }
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > limit {
        return Err(format!("it has more than {limit} bytes"));
    }
    Ok(bytes)
}

/// Explains why `path` cannot be written or made: for a missing permission with the folder, its mode and owner, the current
/// user, and the next step.
pub fn explain_write(path: &Path, error: &io::Error) -> String {
    if error.kind() != io::ErrorKind::PermissionDenied {
        return error.to_string();
    }
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let folder = absolute.ancestors().find(|folder| folder.is_dir());
    match folder.and_then(denied_folder) {
        Some(denied) => {
            format!(
                "permission denied: {denied}; change its mode or owner, or choose another image.output"
            )
        }
        None => error.to_string(),
    }
}

/// Describes a folder that the current user may not write to.
pub(crate) fn denied_folder(folder: &Path) -> Option<String> {
    let metadata = fs::metadata(folder).ok()?;
    let who = user(rustix::process::geteuid().as_raw());
    let (folder, described) = (folder.display(), describe(&metadata));
    Some(format!(
        "the folder {folder} ({described}) may not be written to by the current user {who}"
    ))
}

fn explain(path: &Path, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => missing(path),
        io::ErrorKind::PermissionDenied => denied(path),
        _ => error.to_string(),
    }
}

fn missing(path: &Path) -> String {
    if let Ok(target) = fs::read_link(path) {
        return format!("it is a symbolic link to {}, which is not there", target.display());
    }
    match ancestors(path).find(|folder| !folder.exists()) {
        Some(folder) => format!("there is no folder {}", folder.display()),
        None => "there is no such file".to_owned(),
    }
}

fn denied(path: &Path) -> String {
    let who = format!("current user {}", user(rustix::process::geteuid().as_raw()));
    for folder in ancestors(path) {
        let Ok(metadata) = fs::metadata(&folder) else { continue };
        // What can be entered can be asked for its own entry ".".
        if fs::metadata(folder.join(".")).is_err() {
            let (folder, described) = (folder.display(), describe(&metadata));
            return format!(
                "permission denied: the folder {folder} ({described}) may not be entered by the {who}; chmod o+x {folder}"
            );
        }
    }
    match fs::metadata(path) {
        Ok(metadata) => {
            let (path, described) = (path.display(), describe(&metadata));
            format!("permission denied: {described}, {who}; chmod o+r {path}")
        }
        Err(error) => format!("{error} ({who})"),
    }
}

/// The folders above `path`, from the root downwards.
fn ancestors(path: &Path) -> impl Iterator<Item = PathBuf> {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut folders: Vec<PathBuf> = absolute.ancestors().skip(1).map(Path::to_owned).collect();
    folders.reverse();
    folders.into_iter()
}

/// `mode 0640, owner root:adm`.
fn describe(metadata: &Metadata) -> String {
    let (user, group) = (user(metadata.uid()), name("/etc/group", metadata.gid()));
    format!("mode {:04o}, owner {user}:{group}", metadata.mode() & 0o7777)
}

fn user(id: u32) -> String {
    name("/etc/passwd", id)
}

/// The name of `id` in a file of lines `name:…:id:…`, or the number.
fn name(file: &str, id: u32) -> String {
    let text = fs::read_to_string(file).unwrap_or_default();
    let found = text.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == id.to_string()).then(|| name.to_owned())
    });
    found.unwrap_or_else(|| id.to_string())
}
