//! OCI documents for an archive that has only Docker's `manifest.json` (`docker save` before version 25).

use std::collections::HashMap;
use std::io::{self, Read};

use anyhow::{Context, Result, bail};
use oci_spec::image::{
    Descriptor, ImageIndex, ImageIndexBuilder, ImageManifestBuilder, MediaType, SCHEMA_VERSION,
};
use serde::Deserialize;

use super::archive::Archive;
use crate::digest::{self, HashingReader};
use crate::layer::Compression;
use crate::source::{LARGEST_DOCUMENT, REF_NAME};

/// The documents that an OCI reader asks for and that the archive lacks.
pub(super) struct Synthesized {
    pub(super) index: ImageIndex,
    /// Manifests, by digest.
    pub(super) documents: HashMap<String, Vec<u8>>,
    /// Names of the archive's files, by the digest of their bytes.
    pub(super) files: HashMap<String, String>,
}

/// One image of `manifest.json` (moby, `image/tarexport`).
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Image {
    config: String,
    #[serde(default)]
    repo_tags: Option<Vec<String>>,
    #[serde(default)]
    layers: Vec<String>,
}

pub(super) fn synthesize(archive: &Archive) -> Result<Synthesized> {
    let images: Vec<Image> = serde_json::from_slice(&document(archive, "manifest.json")?)
        .context("manifest.json is not a list of images")?;
    if images.is_empty() {
        bail!("manifest.json names no image");
    }
    let mut documents = HashMap::new();
    let mut files = HashMap::new();
    let mut manifests = Vec::new();
    for image in images {
        let config = describe(archive, &image.config, Some(MediaType::ImageConfig), &mut files)?;
        let layers = image
            .layers
            .iter()
            .map(|layer| describe(archive, layer, None, &mut files))
            .collect::<Result<_>>()?;
        let manifest = ImageManifestBuilder::default()
            .schema_version(SCHEMA_VERSION)
            .media_type(MediaType::ImageManifest)
            .config(config)
            .layers::<Vec<Descriptor>>(layers)
            .build()?;
        let bytes = digest::canonical(&manifest)?;
        let mut descriptor =
            Descriptor::new(MediaType::ImageManifest, bytes.len() as u64, digest::of(&bytes));
        if let Some(tag) = image.repo_tags.iter().flatten().next() {
            descriptor.set_annotations(Some(HashMap::from([(REF_NAME.to_owned(), tag.clone())])));
        }
        documents.insert(descriptor.digest().to_string(), bytes);
        manifests.push(descriptor);
    }
    let index =
        ImageIndexBuilder::default().schema_version(SCHEMA_VERSION).manifests(manifests).build()?;
    Ok(Synthesized { index, documents, files })
}

fn document(archive: &Archive, name: &str) -> Result<Vec<u8>> {
    if archive.size(name)? > LARGEST_DOCUMENT {
        bail!("{name} has more than {LARGEST_DOCUMENT} bytes");
    }
    let mut bytes = Vec::new();
    archive.file(name)?.read_to_end(&mut bytes).with_context(|| format!("cannot read {name}"))?;
    Ok(bytes)
}

/// Hashes the archive's file `name`; the media type of a layer is told by its first bytes.
fn describe(
    archive: &Archive,
    name: &str,
    kind: Option<MediaType>,
    files: &mut HashMap<String, String>,
) -> Result<Descriptor> {
    let mut reader = HashingReader::new(archive.file(name)?);
    let mut start = Vec::new();
    reader
        .by_ref()
        .take(4)
        .read_to_end(&mut start)
        .with_context(|| format!("cannot read {name}"))?;
    io::copy(&mut reader, &mut io::sink()).with_context(|| format!("cannot read {name}"))?;
    let kind = kind.unwrap_or_else(|| Compression::sniff(&start).media_type());
    let digest = reader.digest();
    files.insert(digest.to_string(), name.to_owned());
    Ok(Descriptor::new(kind, reader.count(), digest))
}
