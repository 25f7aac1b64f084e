//! An image in a registry, read like one on disk.

use std::io::{self, Read};
use std::sync::Arc;

use anyhow::Result;
use oci_spec::image::{Descriptor, Digest, ImageIndex, MediaType};
use serde::Deserialize;

use super::client::Client;
use super::credentials::{self, Credentials};
use super::error::RegistryError;
use super::reference::Reference;
use super::repository::{Access, Repository};
use super::retry::TransientFault;
use super::settings::Settings;
use crate::digest;
use crate::source::{Source, Verified, index_of};

/// An image in a registry. Everything that crossed the network is verified by size and digest.
pub struct RemoteImage {
    repository: Repository,
    index: ImageIndex,
    digest: Digest,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kind {
    schema_version: Option<u64>,
    media_type: Option<String>,
    manifests: Option<serde_json::Value>,
}

/// Returns the digest reference that `reference` leads to now.
pub fn resolve(
    reference: &Reference,
    credentials: Option<Credentials>,
    settings: Settings,
) -> Result<Reference, RegistryError> {
    let remote = RemoteImage::open(reference, credentials, settings)?;
    Ok(reference.with_digest(remote.digest))
}

impl RemoteImage {
    /// Resolves `reference`. Credentials are found in the files where none are given.
    pub fn open(
        reference: &Reference,
        credentials: Option<Credentials>,
        settings: Settings,
    ) -> Result<Self, RegistryError> {
        let credentials = match credentials {
            Some(credentials) => credentials,
            None => credentials::find(reference)?,
        };
        let client = Arc::new(Client::new(reference.registry(), credentials, settings));
        let repository = Repository::new(client, reference.repository(), Access::Pull);
        let selector = reference.selector();
        let answer = |reason: String| RegistryError::Answer {
            operation: "resolving the image".to_owned(),
            url: reference.to_string(),
            reason,
        };
        let manifest = repository
            .get_manifest(&selector)?
            .ok_or_else(|| answer("the registry has no such image".to_owned()))?;
        let found = digest::of(&manifest.bytes);
        let asked = reference.digest().map(ToString::to_string);
        for expected in [asked, manifest.digest].into_iter().flatten() {
            // Other algorithms are checked where the manifest is read as a blob of the index.
            if expected.starts_with("sha256:") && expected != found.as_ref() {
                let (what, found) = (format!("the manifest of {reference}"), found.to_string());
                return Err(RegistryError::Digest { what, expected, found });
            }
        }
        let kind: Kind = serde_json::from_slice(&manifest.bytes).map_err(|error| {
            answer(format!("its manifest is not the JSON of an image: {error}"))
        })?;
        if kind.schema_version == Some(1) {
            let reason = "it is a manifest of schema 1, which Docker wrote before version 1.10 (2016) and which is too \
                          old to read; build and push the image again";
            return Err(answer(reason.to_owned()));
        }
        let digest = found.clone();
        let index = if kind.manifests.is_some() {
            serde_json::from_slice(&manifest.bytes)
                .map_err(|error| answer(format!("its manifest is not an index: {error}")))?
        } else {
            let media_type = kind.media_type.or(manifest.media_type);
            let media_type =
                media_type.as_deref().map_or(MediaType::ImageManifest, MediaType::from);
            let size = manifest.bytes.len() as u64;
            index_of(vec![Descriptor::new(media_type, size, found)])
        };
        Ok(Self { repository, index, digest })
    }

    /// The digest that the reference leads to.
    pub fn digest(&self) -> &Digest {
        &self.digest
    }
}

impl Source for RemoteImage {
    fn index(&self) -> Result<ImageIndex> {
        Ok(self.index.clone())
    }

    fn blob(&self, descriptor: &Descriptor) -> Result<Box<dyn Read + Send + '_>> {
        let blob: Box<dyn Read + Send + '_> = if is_manifest(descriptor.media_type()) {
            let digest = descriptor.digest();
            let manifest = self.repository.get_manifest(digest.as_ref())?;
            let manifest = manifest.ok_or_else(|| {
                anyhow::anyhow!("{} has no manifest {digest}", self.repository.full_name())
            })?;
            Box::new(io::Cursor::new(manifest.bytes))
        } else {
            Box::new(RemoteBlob {
                repository: &self.repository,
                descriptor: descriptor.clone(),
                reader: None,
                offset: 0,
                attempt: 1,
            })
        };
        Ok(Box::new(Verified::new(blob, descriptor)?))
    }
}

fn is_manifest(media_type: &MediaType) -> bool {
    match media_type {
        MediaType::ImageManifest | MediaType::ImageIndex | MediaType::ArtifactManifest => true,
        other => other.to_string().starts_with("application/vnd.docker.distribution.manifest"),
    }
}

/// A blob on its way; a broken transfer continues where it broke.
struct RemoteBlob<'a> {
    repository: &'a Repository,
    descriptor: Descriptor,
    reader: Option<Box<dyn Read + Send>>,
    offset: u64,
    attempt: u32,
}

impl RemoteBlob<'_> {
    fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        let digest = self.descriptor.digest();
        let response = self.repository.get_blob(digest, self.offset).map_err(io::Error::other)?;
        // A registry that knows no ranges sends it from the beginning.
        let skip = if response.status == 206 { 0 } else { self.offset };
        let mut reader = response.into_reader();
        io::copy(&mut reader.by_ref().take(skip), &mut io::sink())?;
        Ok(Box::new(reader))
    }

    fn read_once(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.reader.is_none() {
            self.reader = Some(self.open()?);
        }
        let reader = self.reader.as_mut().expect("it was just opened");
        match reader.read(buffer)? {
            0 if self.offset < self.descriptor.size() && !buffer.is_empty() => {
                Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the transfer ended early"))
            }
            count => Ok(count),
        }
    }
}

impl Read for RemoteBlob<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.read_once(buffer) {
                Ok(count) => {
                    self.offset += count as u64;
                    self.attempt = 1;
                    return Ok(count);
                }
                // What `open` reports was retried there.
                Err(error) if self.reader.is_none() => return Err(error),
                Err(error) => {
                    self.reader = None;
                    let fault = TransientFault { reason: error.to_string(), retry_after: None };
                    self.repository
                        .pause(self.descriptor.digest(), self.attempt, &fault)
                        .map_err(io::Error::other)?;
                    self.attempt += 1;
                }
            }
        }
    }
}
