//! The configuration's meaning for the image: its contents, its labels, its names and its place on disk.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use oci_spec::image::{
    ANNOTATION_CREATED, ANNOTATION_DESCRIPTION, ANNOTATION_LICENSES, ANNOTATION_REVISION,
    ANNOTATION_SOURCE, ANNOTATION_TITLE, ANNOTATION_VERSION,
};
use skyward_config::{Config, Loaded, ProbePort};

use crate::cargo::Package;
use crate::pack::Spec;
use crate::registry::Reference;
use crate::time;

/// Returns the archive that `build` writes.
pub fn archive(loaded: &Loaded) -> PathBuf {
    let folder = loaded.root.join(&loaded.config.image.output);
    folder.join(format!("{}.tar", loaded.config.service.name))
}

/// Returns the configuration's repository with each of its tags; there is at least one.
pub fn references(config: &Config) -> Result<Vec<Reference>> {
    let image = &config.image;
    if !Reference::names_registry(&image.repository) {
        bail!(
            "image.repository is {:?}, which names no registry: name one, such as \"ghcr.io/acme/web\" (or \
             \"docker.io/acme/web\" for Docker Hub), or give a whole reference (`push --to`)",
            image.repository
        );
    }
    if image.tags.is_empty() {
        bail!("image.tags is empty: name a reference, or a tag in the configuration");
    }
    let reference = |tag: &String| {
        let text = format!("{}:{tag}", image.repository);
        text.parse().context("image.repository and image.tags do not make a reference")
    };
    image.tags.iter().map(reference).collect()
}

/// Returns the image that `config` describes. `package` is the service's cargo package, where there is one; `epoch` is in
/// seconds since 1970.
pub fn spec(
    config: &Config,
    package: Option<&Package>,
    revision: Option<&str>,
    epoch: u64,
) -> Spec {
    let (service, image) = (&config.service, &config.image);
    let mut ports = vec![service.port];
    match service.probes().port {
        ProbePort::Service => {}
        ProbePort::Admin => ports.push(service.admin_port),
        ProbePort::Other(port) => ports.push(port),
    }
    ports.retain(|port| *port != 0);
    Spec {
        name: service.name.clone(),
        entrypoint: entrypoint(config),
        user: image.user,
        ports,
        env: service.environment(),
        args: service.args.clone(),
        labels: labels(config, package, revision, epoch),
        compression: image.compression,
        files: BTreeMap::new(),
        epoch,
    }
}

/// The program that the image starts, with the arguments that always come first.
fn entrypoint(config: &Config) -> Vec<String> {
    match config.image.entrypoint.as_slice() {
        [] => vec![format!("/{}", config.service.name)],
        given => given.to_vec(),
    }
}

/// The labels of the OCI image specification (annotations.md), and those of the configuration over them.
///
/// The revision is there only when it is given: two folders with the same source, one of them not a git checkout, make
/// the same image; and a commit that changes no code does not change the image.
fn labels(
    config: &Config,
    package: Option<&Package>,
    revision: Option<&str>,
    epoch: u64,
) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::from([
        (ANNOTATION_TITLE.to_owned(), config.service.name.clone()),
        (ANNOTATION_CREATED.to_owned(), time::rfc3339(epoch)),
    ]);
    let mut add = |key: &str, value: Option<&str>| {
        if let Some(value) = value {
            labels.insert(key.to_owned(), value.trim().to_owned());
        }
    };
    add(ANNOTATION_VERSION, package.map(|package| package.version.as_str()));
    add(ANNOTATION_DESCRIPTION, package.and_then(|package| package.description.as_deref()));
    add(ANNOTATION_LICENSES, package.and_then(|package| package.license.as_deref()));
    add(ANNOTATION_SOURCE, package.and_then(|package| package.repository.as_deref()));
    add(ANNOTATION_REVISION, revision);
    labels.extend(config.image.labels.clone());
    labels
}
