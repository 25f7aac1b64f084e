//! The parts of a push in their order, read from the image once, before any request.

use std::collections::{HashMap, HashSet};

use oci_spec::image::{Descriptor, Digest, MediaType};
use serde::Deserialize;

use super::error::RegistryError;
use crate::source::{LARGEST_DOCUMENT, Source};
use crate::{digest, source};

/// Indexes within indexes, deeper than any image has them.
const MAX_DEPTH: usize = 8;

/// A manifest or index: what is stored under `manifests/`.
#[derive(Debug, Clone)]
pub(super) struct Document {
    pub(super) digest: Digest,
    pub(super) media_type: String,
    pub(super) bytes: Vec<u8>,
    body: Body,
}

/// The fields of both kinds, OCI's and Docker's, that lead further.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    artifact_type: Option<MediaType>,
    #[serde(default)]
    manifests: Vec<Descriptor>,
    config: Option<Descriptor>,
    #[serde(default)]
    layers: Vec<Descriptor>,
    subject: Option<Descriptor>,
    annotations: Option<HashMap<String, String>>,
}

impl Document {
    /// The manifest that this one refers to.
    pub(super) fn subject(&self) -> Option<&Digest> {
        self.body.subject.as_ref().map(Descriptor::digest)
    }

    /// The entry of a referrers list (distribution-spec, "Listing Referrers"): the type is the
    /// artifact's, else its configuration's.
    pub(super) fn listing(&self) -> Descriptor {
        let size = self.bytes.len() as u64;
        let mut descriptor =
            Descriptor::new(MediaType::from(self.media_type.as_str()), size, self.digest.clone());
        let config = self.body.config.as_ref().map(|config| config.media_type().clone());
        descriptor.set_artifact_type(self.body.artifact_type.clone().or(config));
        descriptor.set_annotations(self.body.annotations.clone());
        descriptor
    }
}

/// All parts of an image.
#[derive(Debug)]
pub(super) struct Contents {
    /// Configurations and layers, each once, the largest first.
    pub(super) blobs: Vec<Descriptor>,
    /// Manifests and indexes, each after all that it names; the last is the image itself.
    pub(super) documents: Vec<Document>,
    /// Artifacts that refer to one of the documents.
    pub(super) referrers: Vec<Document>,
}

impl Contents {
    /// The manifest or index that tags name.
    pub(super) fn root(&self) -> &Document {
        self.documents.last().expect("an image has a manifest: `read` made sure")
    }

    /// Reads all manifests of the image, verified by their digests.
    pub(super) fn read(source: &dyn Source) -> Result<Self, RegistryError> {
        let index = source.index().map_err(|error| RegistryError::image("the index", error))?;
        let mut walk = Walk { source, seen: HashSet::new(), blobs: HashMap::new() };
        let (mut referrers, mut roots) = (Vec::new(), Vec::new());
        // A layout lists an image once for each of its tags.
        let mut entries = HashSet::new();
        for entry in index.manifests().iter().filter(|entry| entries.insert(entry.digest().clone()))
        {
            let document = walk.document(entry)?;
            if document.subject().is_some() {
                walk.blobs_of(&document);
                referrers.push(document);
            } else {
                roots.push(entry.clone());
            }
        }
        let mut documents = Vec::new();
        for root in &roots {
            walk.visit(root, &mut documents, 0)?;
        }
        match roots.len() {
            0 => {
                return Err(RegistryError::image(
                    "the index",
                    anyhow::anyhow!("it lists no image"),
                ));
            }
            1 => {}
            _ => documents.push(several(roots)?),
        }
        let mut blobs: Vec<_> = walk.blobs.into_values().collect();
        blobs.sort_by(|a, b| (b.size(), a.digest().as_ref()).cmp(&(a.size(), b.digest().as_ref())));
        Ok(Self { blobs, documents, referrers })
    }
}

/// A layout that lists several images is one image of several platforms: its index, without what
/// names the entries within the layout.
fn several(mut roots: Vec<Descriptor>) -> Result<Document, RegistryError> {
    for root in &mut roots {
        root.set_annotations(None);
    }
    let bytes = serde_json::to_vec(&source::index_of(roots))
        .map_err(|error| RegistryError::image("the index", error.into()))?;
    parse(digest::of(&bytes), MediaType::ImageIndex.to_string(), bytes)
}

struct Walk<'a> {
    source: &'a dyn Source,
    seen: HashSet<Digest>,
    blobs: HashMap<Digest, Descriptor>,
}

impl Walk<'_> {
    /// Adds the document after all that it names.
    fn visit(
        &mut self,
        descriptor: &Descriptor,
        documents: &mut Vec<Document>,
        depth: usize,
    ) -> Result<(), RegistryError> {
        if depth > MAX_DEPTH {
            let error = anyhow::anyhow!("indexes within indexes, more than {MAX_DEPTH} deep");
            return Err(RegistryError::image("the index", error));
        }
        if !self.seen.insert(descriptor.digest().clone()) {
            return Ok(());
        }
        let document = self.document(descriptor)?;
        for child in &document.body.manifests {
            self.visit(child, documents, depth + 1)?;
        }
        self.blobs_of(&document);
        documents.push(document);
        Ok(())
    }

    fn blobs_of(&mut self, document: &Document) {
        for blob in document.body.config.iter().chain(&document.body.layers) {
            self.blobs.entry(blob.digest().clone()).or_insert_with(|| blob.clone());
        }
    }

    fn document(&self, descriptor: &Descriptor) -> Result<Document, RegistryError> {
        let bytes = source::bytes(self.source, descriptor, LARGEST_DOCUMENT).map_err(|error| {
            RegistryError::image(format!("manifest {}", descriptor.digest()), error)
        })?;
        parse(descriptor.digest().clone(), descriptor.media_type().to_string(), bytes)
    }
}

fn parse(digest: Digest, media_type: String, bytes: Vec<u8>) -> Result<Document, RegistryError> {
    let body = serde_json::from_slice(&bytes)
        .map_err(|error| RegistryError::image(format!("manifest {digest}"), error.into()))?;
    Ok(Document { digest, media_type, bytes, body })
}
