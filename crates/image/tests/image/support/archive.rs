//! A real image on disk, as `build` writes it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use skyward_image::pack::{self, Binary, Spec};
use skyward_image::write;

use super::noise;

/// Packs a file of noise. Returns the archive's path and the image's digest.
pub fn archive(folder: &Path, repository: &str, tag: &str) -> (PathBuf, String) {
    let spec = Spec {
        name: "web".to_owned(),
        entrypoint: vec!["/web".to_owned()],
        user: 65532,
        ports: vec![8000],
        env: BTreeMap::new(),
        args: Vec::new(),
        labels: BTreeMap::new(),
        compression: skyward_config::Compression::Gzip,
        files: BTreeMap::new(),
        epoch: 0,
    };
    let platform = "linux/amd64".parse().expect("a platform");
    let image = pack::pack(&spec, &[Binary::new(platform, noise(9, 20_000))]).expect("an image");
    let written =
        write::image(&image, folder, "web", repository, &[tag.to_owned()]).expect("an archive");
    (written.archive, image.descriptor.digest().to_string())
}
