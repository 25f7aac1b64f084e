//! The bill of materials as an OCI artifact that refers to an image (image-spec 1.1, manifest.md, "Guidelines for
//! Artifact Usage").

use anyhow::{Context, Result};
use oci_spec::image::{Descriptor, ImageManifestBuilder, MediaType, SCHEMA_VERSION};

use super::MEDIA_TYPE;
use crate::canonical;
use crate::pack::Blobs;

/// Adds `document` to `blobs` as a referrer of the manifest `subject`, and describes it.
pub fn attach(document: Vec<u8>, subject: &Descriptor, blobs: &mut Blobs) -> Result<Descriptor> {
    let kind = MediaType::Other(MEDIA_TYPE.to_owned());
    let config = blobs.add(MediaType::EmptyJSON, b"{}".to_vec());
    let layer = blobs.add(kind.clone(), document);
    let subject =
        Descriptor::new(subject.media_type().clone(), subject.size(), subject.digest().clone());
    let manifest = ImageManifestBuilder::default()
        .schema_version(SCHEMA_VERSION)
        .media_type(MediaType::ImageManifest)
        .artifact_type(kind.clone())
        .config(config)
        .layers([layer])
        .subject(subject)
        .build()
        .context("cannot make the manifest of the bill of materials")?;
    let mut descriptor = blobs.add(MediaType::ImageManifest, canonical::to_vec(&manifest)?);
    descriptor.set_artifact_type(Some(kind));
    Ok(descriptor)
}
