//! The image's configuration and manifest.

use std::collections::HashMap;

use anyhow::{Context, Result};
use oci_spec::image::{
    Arch, Config, ConfigBuilder, Descriptor, HistoryBuilder, ImageConfiguration,
    ImageConfigurationBuilder, ImageManifest, ImageManifestBuilder, MediaType, Os, RootFsBuilder,
    SCHEMA_VERSION,
};

use super::layer::Layer;
use super::{Platform, Spec};
use crate::time;

pub(super) fn configuration(spec: &Spec, platform: &Platform, layer: &Layer) -> ImageConfiguration {
    let created = time::rfc3339(spec.epoch);
    let rootfs =
        RootFsBuilder::default().typ("layers").diff_ids([layer.diff_id.to_string()]).build();
    let history = HistoryBuilder::default()
        .created(created.clone())
        .created_by(format!("COPY --chmod=0555 {0} /{0}", spec.name))
        .build();
    let mut configuration = ImageConfigurationBuilder::default()
        .created(created)
        .architecture(Arch::from(platform.architecture.as_str()))
        .os(Os::from(platform.os.as_str()))
        .config(execution(spec))
        .rootfs(rootfs.expect("all fields are set"))
        .history([history.expect("all fields are optional")])
        .build()
        .expect("all fields have a default");
    configuration.set_variant(platform.variant.clone());
    configuration
}

/// How the image runs: the entry point is the binary alone, so that `docker run IMAGE --port 8081` adds to it.
fn execution(spec: &Spec) -> Config {
    let mut config = ConfigBuilder::default()
        .user(format!("{0}:{0}", spec.user))
        .exposed_ports(spec.ports.iter().map(|port| format!("{port}/tcp")).collect::<Vec<_>>())
        .entrypoint([format!("/{}", spec.name)])
        .working_dir("/")
        .stop_signal("SIGTERM")
        .labels(annotations(spec))
        .build()
        .expect("all fields have a default");
    if !spec.env.is_empty() {
        config.set_env(Some(
            spec.env.iter().map(|(name, value)| format!("{name}={value}")).collect(),
        ));
    }
    if !spec.args.is_empty() {
        config.set_cmd(Some(spec.args.clone()));
    }
    config
}

pub(super) fn manifest(
    spec: &Spec,
    config: &Descriptor,
    layer: &Descriptor,
) -> Result<ImageManifest> {
    ImageManifestBuilder::default()
        .schema_version(SCHEMA_VERSION)
        .media_type(MediaType::ImageManifest)
        .config(config.clone())
        .layers([layer.clone()])
        .annotations(annotations(spec))
        .build()
        .context("cannot make the manifest")
}

pub(super) fn annotations(spec: &Spec) -> HashMap<String, String> {
    spec.labels.clone().into_iter().collect()
}
