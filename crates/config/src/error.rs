use std::path::PathBuf;

use crate::Problems;

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// No file is there. Where it was looked for.
    #[error("there is no skyward.toml; looked in {}. Create one (an empty file is valid), or name one with --config FILE", list(.0))]
    NotFound(Vec<PathBuf>),
    /// The file that was named cannot be read.
    #[error("cannot read the configuration file {}: {reason}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why, and what to do.
        reason: String,
    },
    /// What the file, the variables or the flags say is not valid: one line a problem, and their
    /// number.
    #[error("{0}")]
    Invalid(Problems),
}

fn list(folders: &[PathBuf]) -> String {
    folders.iter().map(|folder| folder.display().to_string()).collect::<Vec<_>>().join(", ")
}
