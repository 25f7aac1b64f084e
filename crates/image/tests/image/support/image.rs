//! Images in memory, and as an OCI layout on disk.

use std::collections::HashMap;
use std::io::{Cursor, Read};
use std::path::Path;

use anyhow::{Context, Result};
use oci_spec::image::{Descriptor, ImageIndex, MediaType};
use serde_json::{Value, json};
use skyward_image::digest;
use skyward_image::source::Source;

use super::noise;

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";

/// An image whose layers are noise. Tests of the protocol need no file system in them.
#[derive(Clone, Default)]
pub struct MemoryImage {
    blobs: HashMap<String, Vec<u8>>,
    entries: Vec<Value>,
}

impl MemoryImage {
    /// One platform, with layers of these sizes.
    pub fn single(seed: u64, layers: &[usize]) -> Self {
        let mut image = Self::default();
        let manifest = image.manifest(seed, layers, "amd64");
        image.entries.push(manifest);
        image
    }

    /// Two platforms under one index.
    pub fn several(seed: u64, layers: &[usize]) -> Self {
        let mut image = Self::default();
        let manifests =
            [image.manifest(seed, layers, "amd64"), image.manifest(seed + 1, layers, "arm64")];
        let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests});
        let entry = image.add_json(INDEX, &index);
        image.entries.push(entry);
        image
    }

    /// Adds an artifact that refers to the image.
    #[must_use]
    pub fn with_referrer(mut self) -> Self {
        let config = self.add_json("application/vnd.oci.empty.v1+json", &json!({}));
        let sbom =
            self.add("application/vnd.cyclonedx+json", b"{\"bomFormat\":\"CycloneDX\"}".to_vec());
        let manifest = json!({
            "schemaVersion": 2, "mediaType": MANIFEST, "artifactType": "application/vnd.cyclonedx+json",
            "config": config, "layers": [sbom], "subject": self.entries[0],
            "annotations": {"org.opencontainers.image.created": "1970-01-01T00:00:00Z"},
        });
        let entry = self.add_json(MANIFEST, &manifest);
        self.entries.push(entry);
        self
    }

    /// Lists the image twice, as a layout does with two tags.
    #[must_use]
    pub fn listed_twice(mut self) -> Self {
        self.entries.insert(0, self.entries[0].clone());
        self
    }

    /// Changes a byte of the largest blob, whose digest stays.
    #[must_use]
    pub fn damaged(mut self) -> Self {
        let largest = self.blobs.values_mut().max_by_key(|blob| blob.len()).expect("a blob");
        let middle = largest.len() / 2;
        largest[middle] ^= 1;
        self
    }

    /// The digest that tags name.
    pub fn digest(&self) -> String {
        self.entries[0]["digest"].as_str().expect("a digest").to_owned()
    }

    pub fn bytes(&self, digest: &str) -> &[u8] {
        &self.blobs[digest]
    }

    /// Writes it as an OCI layout.
    pub fn write(&self, folder: &Path) {
        let blobs = folder.join("blobs/sha256");
        std::fs::create_dir_all(&blobs).expect("a folder for the blobs");
        for (digest, bytes) in &self.blobs {
            std::fs::write(blobs.join(&digest[7..]), bytes).expect("a blob is written");
        }
        let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": self.entries});
        std::fs::write(folder.join("index.json"), index.to_string())
            .expect("index.json is written");
        std::fs::write(folder.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#)
            .expect("oci-layout is written");
    }

    fn manifest(&mut self, seed: u64, layers: &[usize], architecture: &str) -> Value {
        let layers: Vec<Value> = layers
            .iter()
            .zip(seed * 100..)
            .map(|(size, seed)| self.add(LAYER, noise(seed, *size)))
            .collect();
        let diff_ids: Vec<&str> =
            layers.iter().filter_map(|layer| layer["digest"].as_str()).collect();
        let config = json!({
            "architecture": architecture, "os": "linux", "config": {"Entrypoint": ["/web"]},
            "rootfs": {"type": "layers", "diff_ids": diff_ids},
        });
        let config = self.add_json("application/vnd.oci.image.config.v1+json", &config);
        let manifest =
            json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers});
        let mut entry = self.add_json(MANIFEST, &manifest);
        entry["platform"] = json!({"os": "linux", "architecture": architecture});
        entry
    }

    fn add_json(&mut self, media_type: &str, value: &Value) -> Value {
        self.add(media_type, value.to_string().into_bytes())
    }

    fn add(&mut self, media_type: &str, bytes: Vec<u8>) -> Value {
        let digest = digest::of(&bytes).to_string();
        let descriptor = json!({"mediaType": media_type, "digest": digest, "size": bytes.len()});
        self.blobs.insert(digest, bytes);
        descriptor
    }
}

impl Source for MemoryImage {
    fn index(&self) -> Result<ImageIndex> {
        Ok(serde_json::from_value(json!({"schemaVersion": 2, "manifests": self.entries}))?)
    }

    fn blob(&self, descriptor: &Descriptor) -> Result<Box<dyn Read + Send + '_>> {
        let bytes = self.blobs.get(descriptor.digest().as_ref()).context("no such blob")?;
        Ok(Box::new(Cursor::new(bytes)))
    }
}

/// Reads all that an image consists of: (digest, bytes) in the order of the walk.
pub fn read_all(source: &dyn Source) -> Result<Vec<(String, Vec<u8>)>> {
    let mut found = Vec::new();
    let mut waiting = source.index()?.manifests().clone();
    while let Some(descriptor) = waiting.pop() {
        let mut bytes = Vec::new();
        source.blob(&descriptor)?.read_to_end(&mut bytes)?;
        if matches!(descriptor.media_type(), MediaType::ImageIndex | MediaType::ImageManifest) {
            let document: Value = serde_json::from_slice(&bytes)?;
            for list in ["manifests", "layers"] {
                for entry in document[list].as_array().into_iter().flatten() {
                    waiting.push(serde_json::from_value(entry.clone())?);
                }
            }
            if !document["config"].is_null() {
                waiting.push(serde_json::from_value(document["config"].clone())?);
            }
        }
        found.push((descriptor.digest().to_string(), bytes));
    }
    Ok(found)
}
