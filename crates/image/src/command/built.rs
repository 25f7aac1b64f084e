//! The image that a command works on where none is named.

use std::path::PathBuf;

use skyward_config::Loaded;

/// `given`, else the archive that `build` writes.
pub(crate) fn archive(given: Option<PathBuf>, loaded: &Loaded) -> PathBuf {
    given.unwrap_or_else(|| {
        let image = &loaded.config.image;
        loaded.root.join(&image.output).join(format!("{}.tar", loaded.config.service.name))
    })
}
