//! Finds the one image for a platform in a source, through indexes within indexes and past artifacts such as bills of
//! materials.

use anyhow::{Context, Result, bail};
use oci_spec::image::{Descriptor, ImageConfiguration, ImageIndex, ImageManifest};

use crate::platform::Platform;
use crate::source;
use crate::source::Source;

/// An image of one platform.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// The manifest's descriptor.
    pub descriptor: Descriptor,
    /// The manifest.
    pub manifest: ImageManifest,
    /// The configuration.
    pub config: ImageConfiguration,
}

impl Resolved {
    /// The layers, the lowest first, each with the digest that the configuration gives for it uncompressed.
    ///
    /// Docker 25.0 saved plain layers in random order in the OCI manifest (and in the right one in `manifest.json`):
    /// where the layers are exactly those that the configuration names, its order counts.
    pub fn layers(&self) -> Result<Vec<(&Descriptor, &str)>> {
        let diff_ids = self.config.rootfs().diff_ids();
        let layers = self.manifest.layers();
        if diff_ids.len() != layers.len() {
            bail!(
                "the manifest names {} layers, the configuration {}",
                layers.len(),
                diff_ids.len()
            );
        }
        let named =
            |diff_id: &String| layers.iter().find(|layer| layer.digest().as_ref() == diff_id);
        let ordered: Option<Vec<_>> =
            diff_ids.iter().map(|id| Some((named(id)?, id.as_str()))).collect();
        Ok(ordered
            .unwrap_or_else(|| layers.iter().zip(diff_ids.iter().map(String::as_str)).collect()))
    }
}

/// More levels than any index has.
const DEEPEST: usize = 4;

/// Finds the image for `platform`; without one: the only image, the one for this machine, or the first.
pub fn resolve(source: &dyn Source, platform: Option<&Platform>) -> Result<Resolved> {
    let mut found = Vec::new();
    collect(source, &source.index()?, DEEPEST, &mut found)?;
    let mut images = Vec::with_capacity(found.len());
    for descriptor in found {
        let manifest: ImageManifest = source::document(source, &descriptor)?;
        if is_image(&manifest) {
            let config: ImageConfiguration = source::document(source, manifest.config())?;
            images.push(Resolved { descriptor, manifest, config });
        }
    }
    choose(images, platform)
}

fn choose(mut images: Vec<Resolved>, platform: Option<&Platform>) -> Result<Resolved> {
    let wanted = platform.cloned().unwrap_or_else(Platform::of_this_machine);
    let position = images.iter().position(|image| wanted.matches(&image.config));
    let index = match (position, platform) {
        (Some(index), _) => index,
        (None, None) if !images.is_empty() => 0,
        (None, _) => {
            let there: Vec<_> =
                images.iter().map(|image| Platform::of(&image.config).to_string()).collect();
            bail!(
                "there is no image for {wanted}; there is: {}",
                if there.is_empty() { "none at all".to_owned() } else { there.join(", ") }
            );
        }
    };
    Ok(images.swap_remove(index))
}

/// The manifests that `index` and the indexes in it name, each once.
fn collect(
    source: &dyn Source,
    index: &ImageIndex,
    depth: usize,
    found: &mut Vec<Descriptor>,
) -> Result<()> {
    for descriptor in index.manifests() {
        let kind = descriptor.media_type().to_string();
        if descriptor.artifact_type().is_some()
            || found.iter().any(|other| other.digest() == descriptor.digest())
        {
            continue;
        }
        if kind.ends_with(".image.index.v1+json") || kind.ends_with(".manifest.list.v2+json") {
            let depth = depth.checked_sub(1).context("indexes lie within each other too deeply")?;
            collect(source, &source::document(source, descriptor)?, depth, found)?;
        } else if kind.ends_with(".manifest.v1+json") || kind.ends_with(".manifest.v2+json") {
            found.push(descriptor.clone());
        }
    }
    Ok(())
}

/// Returns true for an image rather than a bill of materials, a signature or the like.
fn is_image(manifest: &ImageManifest) -> bool {
    let kind = manifest.config().media_type().to_string();
    manifest.artifact_type().is_none()
        && (kind.ends_with(".image.config.v1+json") || kind.ends_with(".container.image.v1+json"))
}
