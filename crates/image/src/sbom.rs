//! The bill of materials: the crates that are part of a binary, as CycloneDX 1.6 in JSON, and the OCI artifact that
//! attaches it to an image (image-spec 1.1, manifest.md, "Guidelines for Artifact Usage").
//!
//! Neither time nor chance is in it: the same crates make the same document.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use oci_spec::image::{Descriptor, Digest, ImageManifestBuilder, MediaType, SCHEMA_VERSION};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::cargo::{Metadata, Package, Unit};
use crate::digest;
use crate::pack::Blobs;

/// CycloneDX in JSON.
pub const MEDIA_TYPE: &str = "application/vnd.cyclonedx+json";

/// The binary that the bill describes.
#[derive(Clone, Debug)]
pub struct Subject<'a> {
    /// The id of the package that holds the binary.
    pub package: &'a str,
    /// The name of the binary in the image.
    pub name: &'a str,
    /// The target it was compiled for.
    pub triple: &'a str,
    /// SHA-256 of the binary.
    pub digest: &'a Digest,
    /// Further binaries of the package by their names in the image, each with its SHA-256.
    pub further: &'a [(&'a str, Digest)],
}

/// The bill of materials of the binary that `units` are the parts of.
pub fn document(
    subject: &Subject<'_>,
    units: &BTreeSet<Unit>,
    metadata: &Metadata,
    checksums: &Checksums,
) -> Result<Vec<u8>> {
    let known: BTreeMap<&str, &Package> =
        metadata.packages.iter().map(|package| (package.id.as_str(), package)).collect();
    let mut parts: BTreeMap<&str, (&Package, BTreeSet<&str>)> = BTreeMap::new();
    for unit in units {
        let package = *known
            .get(unit.package.as_str())
            .with_context(|| format!("cargo compiled {}, which it does not know", unit.package))?;
        parts
            .entry(&package.id)
            .or_insert_with(|| (package, BTreeSet::new()))
            .1
            .extend(unit.features.iter().map(String::as_str));
    }
    let (root, _) = *parts
        .get(subject.package)
        .as_ref()
        .context("the binary's own package was not compiled")?;
    let mut components: Vec<Value> = parts
        .values()
        .filter(|(package, _)| package.id != root.id)
        .map(|(package, features)| component(package, features, checksums))
        .collect();
    components.sort_by_cached_key(|component| component["bom-ref"].to_string());
    let mut document = json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": reference(root),
                "name": subject.name,
                "version": root.version,
                "purl": reference(root),
                "hashes": [{ "alg": "SHA-256", "content": subject.digest.digest() }],
                "properties": [{ "name": "cargo:target", "value": subject.triple }],
            },
            "tools": { "components": [{
                "type": "application",
                "name": env!("CARGO_PKG_NAME"),
                "version": env!("CARGO_PKG_VERSION"),
            }] },
        },
        "components": components,
        "dependencies": dependencies(&parts, metadata),
    });
    let component = &mut document["metadata"]["component"];
    if let Some(license) = license(root) {
        component["licenses"] = license;
    }
    if !subject.further.is_empty() {
        let file = |(name, digest): &(&str, Digest)| {
            json!({
                "type": "file",
                "bom-ref": format!("{}#{name}", reference(root)),
                "name": name,
                "hashes": [{ "alg": "SHA-256", "content": digest.digest() }],
            })
        };
        component["components"] = subject.further.iter().map(file).collect();
    }
    document["serialNumber"] = Value::String(serial(&document)?);
    digest::canonical(&document)
}

fn component(package: &Package, features: &BTreeSet<&str>, checksums: &Checksums) -> Value {
    let mut component = json!({
        "type": "library",
        "bom-ref": reference(package),
        "name": package.name,
        "version": package.version,
        "purl": reference(package),
        "scope": "required",
    });
    if let Some(description) = &package.description {
        component["description"] = description.trim().into();
    }
    if let Some(license) = license(package) {
        component["licenses"] = license;
    }
    let source = package.source.as_deref().unwrap_or_default();
    if let Some(checksum) = checksums.of(&package.name, &package.version, source) {
        component["hashes"] = json!([{ "alg": "SHA-256", "content": checksum }]);
    }
    if let Some(repository) =
        package.repository.as_deref().filter(|url| url.starts_with("https://"))
    {
        component["externalReferences"] = json!([{ "type": "vcs", "url": repository }]);
    }
    if !features.is_empty() {
        let features = features.iter().copied().collect::<Vec<_>>().join(",");
        component["properties"] = json!([{ "name": "cargo:features", "value": features }]);
    }
    component
}

/// Edges between the parts; what only runs while compiling is left out with its edges.
fn dependencies(
    parts: &BTreeMap<&str, (&Package, BTreeSet<&str>)>,
    metadata: &Metadata,
) -> Vec<Value> {
    let edges = metadata.dependencies();
    let mut dependencies: Vec<(String, BTreeSet<String>)> = parts
        .values()
        .map(|(package, _)| {
            let below = edges.get(package.id.as_str()).copied().unwrap_or_default().iter();
            (
                reference(package),
                below
                    .filter_map(|id| parts.get(id.as_str()))
                    .map(|(package, _)| reference(package))
                    .collect(),
            )
        })
        .collect();
    dependencies.sort();
    dependencies.into_iter().map(|(from, to)| json!({ "ref": from, "dependsOn": to })).collect()
}

/// The package URL (purl-spec, `cargo`). Packages in folders have no more than name and version: the folder is nobody's
/// business, and differs from machine to machine.
fn reference(package: &Package) -> String {
    let url = format!("pkg:cargo/{}@{}", package.name, package.version.replace('+', "%2B"));
    match package.source.as_deref() {
        Some(source) if source.starts_with("git+") => {
            format!(
                "{url}?vcs_url={}",
                source
                    .replace('#', "%23")
                    .replace('?', "%3F")
                    .replace('&', "%26")
                    .replace('+', "%2B")
            )
        }
        _ => url,
    }
}

/// The license as an SPDX expression; before 2018 packages wrote `MIT/Apache-2.0`.
fn license(package: &Package) -> Option<Value> {
    let license = package.license.as_deref()?;
    Some(
        json!([{ "expression": license.split('/').map(str::trim).collect::<Vec<_>>().join(" OR ") }]),
    )
}

/// An RFC 9562 UUID of version 8, made of the document's own digest.
fn serial(document: &Value) -> Result<String> {
    let digest = digest::of(&digest::canonical(document)?);
    let hex = digest.digest();
    Ok(format!(
        "urn:uuid:{}-{}-8{}-a{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[13..16],
        &hex[17..20],
        &hex[20..32]
    ))
}

#[derive(Deserialize)]
struct Lock {
    #[serde(default)]
    package: Vec<Locked>,
}

#[derive(Deserialize)]
struct Locked {
    name: String,
    version: String,
    source: Option<String>,
    checksum: Option<String>,
}

/// SHA-256 of the packages' archives, for those from a registry.
#[derive(Clone, Debug, Default)]
pub struct Checksums(HashMap<(String, String, String), String>);

impl Checksums {
    /// Reads `Cargo.lock` in the workspace's folder.
    pub fn read(workspace: &Path) -> Result<Self> {
        let path = workspace.join("Cargo.lock");
        let text =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let lock: Lock = toml::from_str(&text)
            .with_context(|| format!("cannot understand {}", path.display()))?;
        let known = lock.package.into_iter().filter_map(|package| {
            Some(((package.name, package.version, package.source?), package.checksum?))
        });
        Ok(Self(known.collect()))
    }

    fn of(&self, name: &str, version: &str, source: &str) -> Option<&str> {
        self.0.get(&(name.to_owned(), version.to_owned(), source.to_owned())).map(String::as_str)
    }
}

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
    let mut descriptor = blobs.add(MediaType::ImageManifest, digest::canonical(&manifest)?);
    descriptor.set_artifact_type(Some(kind));
    Ok(descriptor)
}
