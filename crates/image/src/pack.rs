//! Packs binaries into an image, from scratch and without a daemon: the same input makes the same bytes.

mod documents;
mod layer;

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use oci_spec::image::{Descriptor, ImageIndex, ImageIndexBuilder, MediaType, SCHEMA_VERSION};

use crate::platform::Platform;
use crate::{canonical, digest};

/// Everything about the image but the binaries.
#[derive(Clone, Debug)]
pub struct Spec {
    /// The name of the binary; it is the file `/NAME`, and the entry point.
    pub name: String,
    /// The user and group id that it runs as.
    pub user: u32,
    /// The TCP ports that it listens on.
    pub ports: Vec<u16>,
    /// Environment variables, name to value.
    pub env: BTreeMap<String, String>,
    /// Arguments, which those of `docker run IMAGE …` replace.
    pub args: Vec<String>,
    /// Labels of the configuration, which are annotations of the manifest as well.
    pub labels: BTreeMap<String, String>,
    /// The compression of the layer.
    pub compression: skyward_config::Compression,
    /// Seconds since 1970 that the image and its files are dated with.
    pub epoch: u64,
}

/// A compiled binary and what it runs on.
#[derive(Clone, Debug)]
pub struct Binary {
    /// What it runs on.
    pub platform: Platform,
    /// The bytes of the ELF file.
    pub bytes: Vec<u8>,
}

/// An image in memory: blobs, and the descriptor of its manifest or index.
#[derive(Clone, Debug)]
pub struct Image {
    /// The manifest, or the index where there are several platforms.
    pub descriptor: Descriptor,
    /// A manifest for each platform, in the order of the configuration.
    pub manifests: Vec<Packed>,
    /// All blobs.
    pub blobs: Blobs,
    /// Artifacts that refer to one of the manifests, such as bills of materials.
    pub referrers: Vec<Descriptor>,
}

/// The image for one platform.
#[derive(Clone, Debug)]
pub struct Packed {
    /// The manifest, with its platform.
    pub manifest: Descriptor,
    /// The configuration.
    pub config: Descriptor,
    /// The only layer.
    pub layer: Descriptor,
    /// Bytes of the layer before compression, as dive counts them: the sizes of its files.
    pub uncompressed: u64,
}

/// Blobs by the digest that names them.
#[derive(Clone, Debug, Default)]
pub struct Blobs(BTreeMap<String, Vec<u8>>);

impl Blobs {
    /// Adds a blob and describes it.
    pub fn add(&mut self, media_type: MediaType, bytes: Vec<u8>) -> Descriptor {
        let descriptor = Descriptor::new(media_type, bytes.len() as u64, digest::of(&bytes));
        self.0.insert(descriptor.digest().to_string(), bytes);
        descriptor
    }

    /// Digests and blobs, in the order of the digests.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.iter().map(|(digest, bytes)| (digest.as_str(), bytes.as_slice()))
    }
}

/// Packs `binaries`, one for each platform, as `spec` says.
pub fn pack(spec: &Spec, binaries: &[Binary]) -> Result<Image> {
    let mut blobs = Blobs::default();
    let mut manifests = Vec::with_capacity(binaries.len());
    for binary in binaries {
        let packed = pack_one(spec, binary, &mut blobs)
            .with_context(|| format!("cannot pack {} for {}", spec.name, binary.platform))?;
        manifests.push(packed);
    }
    let descriptor = match manifests.as_slice() {
        [] => bail!("cannot pack {}: no platform is asked for", spec.name),
        [only] => only.manifest.clone(),
        several => {
            let index =
                index_of(spec, several.iter().map(|packed| packed.manifest.clone()).collect())?;
            blobs.add(MediaType::ImageIndex, canonical::to_vec(&index)?)
        }
    };
    Ok(Image { descriptor, manifests, blobs, referrers: Vec::new() })
}

fn pack_one(spec: &Spec, binary: &Binary, blobs: &mut Blobs) -> Result<Packed> {
    let layer = layer::build(spec, &binary.bytes)?;
    let config = documents::configuration(spec, &binary.platform, &layer);
    let config = blobs.add(MediaType::ImageConfig, canonical::to_vec(&config)?);
    let uncompressed = binary.bytes.len() as u64;
    let layer = blobs.add(layer.media_type, layer.blob);
    let manifest = documents::manifest(spec, &config, &layer)?;
    let mut manifest = blobs.add(MediaType::ImageManifest, canonical::to_vec(&manifest)?);
    manifest.set_platform(Some(binary.platform.to_oci()));
    Ok(Packed { manifest, config, layer, uncompressed })
}

fn index_of(spec: &Spec, manifests: Vec<Descriptor>) -> Result<ImageIndex> {
    ImageIndexBuilder::default()
        .schema_version(SCHEMA_VERSION)
        .media_type(MediaType::ImageIndex)
        .manifests(manifests)
        .annotations(documents::annotations(spec))
        .build()
        .context("cannot make the index")
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn spec() -> Spec {
        Spec {
            name: "web".to_owned(),
            user: 65532,
            ports: vec![8000, 9000],
            env: BTreeMap::from([
                ("B".to_owned(), "2".to_owned()),
                ("A".to_owned(), "1".to_owned()),
            ]),
            args: Vec::new(),
            labels: (0..20).map(|n| (format!("label{n}"), "x".to_owned())).collect(),
            compression: skyward_config::Compression::Gzip,
            epoch: 0,
        }
    }

    fn digest(spec: &Spec, platforms: &[&str]) -> String {
        let binaries: Vec<Binary> = platforms
            .iter()
            .map(|platform| Binary {
                platform: platform.parse().unwrap(),
                bytes: b"binary".repeat(1000),
            })
            .collect();
        pack(spec, &binaries).unwrap().descriptor.digest().to_string()
    }

    /// The documents' own golden digests: where these change, every image changes.
    #[test]
    fn the_same_input_makes_the_same_image() {
        assert_eq!(
            digest(&spec(), &["linux/amd64"]),
            "sha256:c61ee914a155bb963434c20b913e21d23837c7896f1d81b6878e0183220e8f19"
        );
        assert_eq!(
            digest(&spec(), &["linux/amd64", "linux/arm64/v8"]),
            "sha256:b2caf31cc31f5fe70bd0fb6abe19aafbe60b9c633a6115b93fc359ce2e088338"
        );
    }

    #[test]
    fn everything_that_is_asked_for_is_in_the_digest() {
        let base = digest(&spec(), &["linux/amd64"]);
        let changes: [fn(&mut Spec); 8] = [
            |spec| spec.name = "other".to_owned(),
            |spec| spec.user = 10_000,
            |spec| spec.ports = vec![8000],
            |spec| spec.env = BTreeMap::new(),
            |spec| spec.args = vec!["--quiet".to_owned()],
            |spec| spec.labels = BTreeMap::new(),
            |spec| spec.compression = skyward_config::Compression::Zstd,
            |spec| spec.epoch = 1,
        ];
        for change in changes {
            let mut spec = spec();
            change(&mut spec);
            assert_ne!(digest(&spec, &["linux/amd64"]), base, "{spec:?}");
        }
    }
}
