//! The release as a Helm chart.

use std::path::PathBuf;

use crate::release::Release;
use crate::render::RenderError;

/// A whole chart.
pub fn chart(_: &Release) -> Result<Vec<(PathBuf, String)>, RenderError> {
    Ok(Vec::new())
}
