//! The references of the configuration.

use anyhow::{Context, Result, bail};
use skyward_config::Loaded;
use skyward_image::registry::Reference;

/// The configuration's repository with each of its tags; there is at least one.
pub(crate) fn references(loaded: &Loaded) -> Result<Vec<Reference>> {
    let image = &loaded.config.image;
    let reference = |tag: &String| {
        format!("{}:{tag}", image.repository)
            .parse()
            .context("image.repository and image.tags make no reference")
    };
    if image.tags.is_empty() {
        bail!("image.tags is empty: name a reference, or a tag in the configuration");
    }
    image.tags.iter().map(reference).collect()
}
