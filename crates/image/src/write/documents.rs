//! The files around the blobs: `oci-layout`, `index.json` and Docker's `manifest.json`.

use std::collections::HashMap;

use anyhow::{Context, Result};
use oci_spec::image::{Descriptor, ImageIndexBuilder, MediaType, SCHEMA_VERSION};
use serde::Serialize;

use crate::canonical;
use crate::pack::Image;
use crate::source::REF_NAME;
use crate::store::{REFERRERS, blob_path};

/// The full name of an image, as containerd's importer expects it (`images/annotations.go`).
const CONTAINERD_NAME: &str = "io.containerd.image.name";

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
    // `manifest.json` knows no platforms: it names the first one. Whoever wants another reads the index.
    let first = image.manifests.first().context("the image has no platform")?;
    let docker = DockerImage {
        config: blob_path(&first.config),
        repo_tags: tags.iter().map(|tag| format!("{repository}:{tag}")).collect(),
        layers: vec![blob_path(&first.layer)],
    };
    let mut index = ImageIndexBuilder::default()
        .schema_version(SCHEMA_VERSION)
        .media_type(MediaType::ImageIndex)
        .manifests(tagged(image, repository, tags))
        .build()
        .context("cannot make index.json")?;
    if !image.referrers.is_empty() {
        let list =
            String::from_utf8(canonical::to_vec(&image.referrers)?).context("JSON is UTF-8")?;
        index.set_annotations(Some(HashMap::from([(REFERRERS.to_owned(), list)])));
    }
    Ok(Documents { index: canonical::to_vec(&index)?, manifest: canonical::to_vec(&[docker])? })
}

/// A descriptor for each tag, as `docker save` writes them.
fn tagged(image: &Image, repository: &str, tags: &[String]) -> Vec<Descriptor> {
    let name = full_name(repository);
    tags.iter()
        .map(|tag| {
            let mut descriptor = image.descriptor.clone();
            descriptor.set_annotations(Some(HashMap::from([
                (REF_NAME.to_owned(), tag.clone()),
                (CONTAINERD_NAME.to_owned(), format!("{name}:{tag}")),
            ])));
            descriptor
        })
        .collect()
}

/// `repository` with the registry and the path that Docker leaves out (distribution/reference, `normalize.go`).
fn full_name(repository: &str) -> String {
    match repository.split_once('/') {
        Some(("docker.io", rest)) if !rest.contains('/') => format!("docker.io/library/{rest}"),
        Some((host, _)) if host.contains(['.', ':']) || host == "localhost" => {
            repository.to_owned()
        }
        Some(_) => format!("docker.io/{repository}"),
        None => format!("docker.io/library/{repository}"),
    }
}

#[cfg(test)]
mod tests {
    use super::full_name;

    #[test]
    fn names_are_completed_as_docker_does() {
        for (repository, full) in [
            ("web", "docker.io/library/web"),
            ("docker.io/web", "docker.io/library/web"),
            ("acme/web", "docker.io/acme/web"),
            ("docker.io/acme/web", "docker.io/acme/web"),
            ("ghcr.io/acme/web", "ghcr.io/acme/web"),
            ("localhost/web", "localhost/web"),
            ("localhost:5000/web", "localhost:5000/web"),
        ] {
            assert_eq!(full_name(repository), full);
        }
    }
}
