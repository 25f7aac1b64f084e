//! A Helm chart of a release.

use std::path::PathBuf;

use crate::release::Release;
use crate::render::RenderError;

/// A whole chart: its files, by path below its folder.
///
/// # Errors
/// As [`crate::render::manifests`].
pub fn chart(_release: &Release) -> Result<Vec<(PathBuf, String)>, RenderError> {
    Ok(Vec::new())
}
