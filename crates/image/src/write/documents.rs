//! The files around the blobs: `oci-layout`, `index.json` and Docker's `manifest.json`.

use std::collections::HashMap;

use anyhow::{Context, Result};
use oci_spec::image::{Descriptor, ImageIndexBuilder, MediaType, SCHEMA_VERSION};
use serde::Serialize;

use crate::digest;
use crate::pack::Image;
use crate::registry::Reference;
use crate::source::{CONTAINERD_NAME, REF_NAME};
use crate::store::{REFERRERS, blob_path};

/// `oci-layout` (image-spec, image-layout.md).
pub(super) const OCI_LAYOUT: &[u8] = br#"{"imageLayoutVersion":"1.0.0"}"#;

pub(super) struct Documents {
    pub(super) index: Vec<u8>,
    pub(super) manifest: Vec<u8>,
}

/// An image in Docker's `manifest.json`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct DockerImage {
    config: String,
    repo_tags: Vec<String>,
    layers: Vec<String>,
}

pub(super) fn of(image: &Image, repository: &str, tags: &[String]) -> Result<Documents> {
    // `manifest.json` knows no platforms: it names the first one. The index has the others.
    let first = image.manifests.first().context("the image has no platform")?;
    let docker = DockerImage {
        config: blob_path(&first.config),
        repo_tags: tags.iter().map(|tag| format!("{repository}:{tag}")).collect(),
        layers: vec![blob_path(&first.layer)],
    };
    let mut index = ImageIndexBuilder::default()
        .schema_version(SCHEMA_VERSION)
        .media_type(MediaType::ImageIndex)
        .manifests(tagged(image, repository, tags)?)
        .build()
        .context("cannot make index.json")?;
    if !image.referrers.is_empty() {
        let list =
            String::from_utf8(digest::canonical(&image.referrers)?).context("JSON is UTF-8")?;
        index.set_annotations(Some(HashMap::from([(REFERRERS.to_owned(), list)])));
    }
    Ok(Documents { index: digest::canonical(&index)?, manifest: digest::canonical(&[docker])? })
}

/// A descriptor for each tag, as `docker save` writes them.
fn tagged(image: &Image, repository: &str, tags: &[String]) -> Result<Vec<Descriptor>> {
    // With the registry and the path that Docker leaves out.
    let name = repository.parse::<Reference>()?.name();
    let tagged = tags.iter().map(|tag| {
        let mut descriptor = image.descriptor.clone();
        descriptor.set_annotations(Some(HashMap::from([
            (REF_NAME.to_owned(), tag.clone()),
            (CONTAINERD_NAME.to_owned(), format!("{name}:{tag}")),
        ])));
        descriptor
    });
    Ok(tagged.collect())
}
