//! The image that a command line names.

use std::path::Path;

use anyhow::{Context, Result};
use skyward_config::{ConfigArgs, Loaded};
use skyward_image::source::Source;
use skyward_image::store::Store;

/// An image opened for reading.
pub(crate) struct Opened {
    /// As it was named.
    pub(crate) name: String,
    /// Where its blobs are.
    pub(crate) source: Box<dyn Source>,
}

/// Opens the image that `name` names: a path, or else a reference in a registry. Without a name: what `build` wrote.
pub(crate) fn image(name: Option<&str>, config: &ConfigArgs) -> Result<Opened> {
    let name = match name {
        Some(name) => name.to_owned(),
        None => built(config)?,
    };
    let source = Box::new(Store::open(Path::new(&name))?);
    Ok(Opened { name, source })
}

/// The archive that `build` wrote.
fn built(config: &ConfigArgs) -> Result<String> {
    let loaded = config.load()?;
    let path = loaded
        .root
        .join(&loaded.config.image.output)
        .join(format!("{}.tar", loaded.config.service.name));
    path.to_str().map(str::to_owned).with_context(|| format!("{} is not UTF-8", path.display()))
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
