//! The image that a command line names.

use std::path::Path;

use anyhow::{Context, Result, bail};
use skyward_config::{ConfigArgs, Loaded};
use skyward_image::registry::RemoteImage;
use skyward_image::source::Source;
use skyward_image::store::Store;

use crate::command::access::Access;
use crate::command::built;

/// An image opened for reading.
pub(crate) struct Opened {
    /// As it was named.
    pub(crate) name: String,
    /// Where its blobs are.
    pub(crate) source: Box<dyn Source>,
}

/// Opens the image that `name` names: a path, or else a reference in a registry. Without a name: what `build` wrote.
pub(crate) fn image(name: Option<&str>, config: &ConfigArgs, access: &Access) -> Result<Opened> {
    let Some(name) = name else {
        let path = built::archive(None, &config.load()?);
        if !path.exists() {
            bail!("there is no image {}; `cargo xtask image build` builds it", path.display());
        }
        let source = Box::new(Store::open(&path)?);
        return Ok(Opened { name: path.display().to_string(), source });
    };
    let path = Path::new(name);
    let source: Box<dyn Source> = if is_path(path) {
        Box::new(Store::open(path)?)
    } else {
        let reference =
            name.parse().with_context(|| format!("{name:?} is neither a file nor a reference"))?;
        Box::new(RemoteImage::open(&reference, access.credentials()?, access.settings())?)
    };
    Ok(Opened { name: name.to_owned(), source })
}

/// Whether `path` is there, or can be nothing but a path.
fn is_path(path: &Path) -> bool {
    path.exists()
        || path.is_absolute()
        || path.starts_with(".")
        || path.starts_with("..")
        || path.extension().is_some_and(|extension| extension == "tar")
}

/// The configuration, where there is one or one is asked for.
pub(crate) fn configuration(config: &ConfigArgs) -> Result<Option<Loaded>> {
    let asked = config.config.is_some() || config.environment.is_some() || !config.set.is_empty();
    let here = std::env::current_dir().context("cannot tell the current folder")?;
    if !asked && !here.ancestors().any(|folder| folder.join("skyward.toml").exists()) {
        return Ok(None);
    }
    Ok(Some(config.load()?))
}
