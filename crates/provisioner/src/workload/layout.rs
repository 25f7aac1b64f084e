//! The release in the image that was built: its layer, which holds the binary and the files, as it is.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use sha2::{Digest, Sha256};
use skyward_aws::model::Content;
use skyward_terminal::program;

/// The largest layer that is sent in one call: S3 takes 5 GB, and all of it is held in memory.
const LARGEST: u64 = 1 << 30;

/// The binaries and files of a service: the one layer of its image, packed, and named by the digest that the image has it under.
#[derive(Debug, Clone, PartialEq)]
pub struct Release {
    /// The layer.
    pub content: Content,
    /// The program that it starts, by its path in it, and the arguments that always come first.
    pub command: Vec<String>,
    /// It is packed with zstd, and else with gzip.
    pub is_zstd: bool,
}

impl Release {
    /// The release of these bytes, a tar archive in gzip, with this program in it.
    pub fn new(layer: Vec<u8>, program: &str) -> Self {
        let (sha256, command) = (hex(&layer), vec![program.to_owned()]);
        Self { content: Content::new(layer, sha256), command, is_zstd: false }
    }

    /// Reads the release for a platform from the folder of an OCI layout (image-spec, image-layout.md), and holds it against its
    /// digest.
    ///
    /// # Errors
    /// There is no image of that platform, or it is damaged.
    pub fn read(layout: &Path, platform: &str) -> Result<Self> {
        Self::read_from(layout, platform).map_err(|error| {
            anyhow::anyhow!("{error:#}. Next step: {}", program::command("image build"))
        })
    }

    fn read_from(layout: &Path, platform: &str) -> Result<Self> {
        let folder = layout.display();
        let mut index = json(&layout.join("index.json")).with_context(|| {
            format!("the instances run the image that was built, and {folder} has none")
        })?;
        // An image of several platforms is an index in the index.
        let mut manifest = None;
        for _ in 0..2 {
            let entries = index["manifests"].as_array().cloned().unwrap_or_default();
            let found = entries.iter().find(|one| {
                let own = &one["platform"];
                own.is_null() || is_of(own, platform)
            });
            let Some(found) = found else {
                bail!("the image in {folder} is not for {platform}, as the instances are");
            };
            let document: Value = serde_json::from_slice(&blob(layout, found)?)?;
            if document["layers"].is_array() {
                manifest = Some(document);
                break;
            }
            index = document;
        }
        let manifest = manifest.with_context(|| format!("{folder} has no manifest"))?;
        let config: Value = serde_json::from_slice(&blob(layout, &manifest["config"])?)?;
        if !is_of(&config, platform) {
            bail!("the image in {folder} is not for {platform}, as the instances are");
        }
        let [layer] = manifest["layers"].as_array().map(Vec::as_slice).unwrap_or_default() else {
            bail!("the image in {folder} has not one layer, as those that are built here");
        };
        let command = config["config"]["Entrypoint"].as_array().into_iter().flatten();
        let command: Vec<String> =
            command.filter_map(|word| word.as_str().map(str::to_owned)).collect();
        // The image is the root of the unit, and no folder of it is searched.
        if command.first().is_none_or(|program| !program.starts_with('/')) {
            bail!("the image in {folder} does not start with a program by its path");
        }
        let bytes = blob(layout, layer)?;
        let sha256 = hex(&bytes);
        let is_zstd = layer["mediaType"].as_str().is_some_and(|kind| kind.ends_with("zstd"));
        Ok(Self { content: Content::new(bytes, sha256), command, is_zstd })
    }

    /// The SHA-256 of the layer, in hexadecimal digits.
    pub fn digest(&self) -> &str {
        self.content.sha256()
    }

    /// The key of its object.
    pub(crate) fn key(&self) -> String {
        format!("{RELEASES}{}", self.digest())
    }
}

/// The beginning of the keys of releases.
pub(crate) const RELEASES: &str = "releases/";

fn is_of(value: &Value, platform: &str) -> bool {
    let (os, architecture) = platform.split_once('/').unwrap_or_default();
    value["os"] == os && value["architecture"] == architecture
}

fn json(path: &Path) -> Result<Value> {
    let bytes = std::fs::read(path).with_context(|| format!("reading {}", path.display()))?;
    serde_json::from_slice(&bytes).with_context(|| format!("{} is no JSON", path.display()))
}

/// The blob that a descriptor names, with its digest checked.
fn blob(layout: &Path, descriptor: &Value) -> Result<Vec<u8>> {
    let digest = descriptor["digest"].as_str().unwrap_or_default();
    let is_digest =
        |hex: &&str| hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
    let sha256 = digest.strip_prefix("sha256:").filter(is_digest);
    let sha256 = sha256.with_context(|| format!("{digest:?} is no digest of SHA-256"))?;
    let path: PathBuf = layout.join("blobs/sha256").join(sha256);
    let reading = || format!("reading {}", path.display());
    let size = std::fs::metadata(&path).with_context(reading)?.len();
    if size > LARGEST {
        bail!(
            "{} has {size} bytes, and at most {LARGEST} are sent: the image has to become smaller",
            path.display()
        );
    }
    let bytes = std::fs::read(&path).with_context(reading)?;
    if hex(&bytes) != sha256 {
        bail!("{} is damaged: its digest is another than its name", path.display());
    }
    Ok(bytes)
}

/// The SHA-256 of these bytes, in hexadecimal digits.
fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    Sha256::digest(bytes).iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
