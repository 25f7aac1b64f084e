//! The files of the pods, as they are here.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use skyward_config::Loaded;
use thiserror::Error;

/// One byte more than a ConfigMap holds: no more is read of a file, however long it is.
const ENOUGH: u64 = 1024 * 1024 + 1;

/// The reason why an input cannot be had.
#[derive(Debug, Error)]
pub enum InputError {
    /// A file cannot be read.
    #[error("{key}: reading {}: {reason}. Next step: {next}", .path.display())]
    File {
        /// The key of the configuration.
        key: String,
        /// The file.
        path: PathBuf,
        /// The reason.
        reason: String,
        /// The next step.
        next: &'static str,
    },
    /// A manifest is not what the release can have.
    #[error("k3s.manifests: {}: {reason}. Next step: {next}", .path.display())]
    Manifest {
        /// The file.
        path: PathBuf,
        /// The reason.
        reason: String,
        /// The next step.
        next: String,
    },
}

/// The contents of `k3s.files`.
pub(super) fn read(loaded: &Loaded) -> Result<BTreeMap<String, Vec<u8>>, InputError> {
    let files = &loaded.config.k3s.files;
    let read = |(inside, here): (&String, &String)| {
        let bytes = content(&format!("k3s.files.\"{inside}\""), &loaded.root.join(here), ENOUGH)?;
        Ok((inside.clone(), bytes))
    };
    files.iter().map(read).collect()
}

/// The content of a file, at most so many bytes of it.
pub(super) fn content(key: &str, path: &Path, most: u64) -> Result<Vec<u8>, InputError> {
    let failed = |error: std::io::Error| {
        let next = match error.kind() {
            std::io::ErrorKind::NotFound => {
                "correct the path, which is relative to the folder of the configuration file"
            }
            _ => "make it a file that you may read",
        };
        InputError::File {
            key: key.to_owned(),
            path: path.to_owned(),
            reason: error.to_string(),
            next,
        }
    };
    let file = std::fs::File::open(path).map_err(failed)?;
    if file.metadata().map_err(failed)?.is_dir() {
        return Err(failed(std::io::Error::other("it is a folder")));
    }
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}
