//! Makes an artifact known as a referrer of an image.
//!
//! For a registry without the referrers API, the list is kept under a tag made of the subject's
//! digest (distribution-spec, "Unavailable Referrers API").

use oci_spec::image::{Digest, ImageIndex, MediaType};

use super::error::RegistryError;
use super::plan::Document;
use super::repository::Repository;
use crate::digest;
use crate::event::{Event, short};
use crate::source::index_of;

/// Others may write the list at the same time; each round reads it again.
const ROUNDS: u32 = 4;

/// Stores the artifact and makes sure that it is listed. Where it may be `known` to the registry,
/// that is asked first.
pub(super) fn publish(
    repository: &Repository,
    artifact: &Document,
    subject: &Digest,
    known: bool,
) -> Result<(), RegistryError> {
    let digest = artifact.digest.to_string();
    if known && repository.manifest_digest(&digest)?.is_some() {
        told(repository, artifact, "present");
        if let Some(listed) = repository.referrers(subject)? {
            if listed.iter().any(|entry| *entry.digest() == artifact.digest) {
                told(repository, artifact, LISTED);
                return Ok(());
            }
        } else {
            return list_by_tag(repository, artifact, subject);
        }
    }
    let selector = artifact.digest.as_ref();
    let stored = repository.put_manifest(selector, &artifact.media_type, &artifact.bytes)?;
    told(repository, artifact, "stored");
    if stored.lists_referrers {
        told(repository, artifact, LISTED);
        return Ok(());
    }
    list_by_tag(repository, artifact, subject)
}

/// The outcome at a registry that has the referrers API.
const LISTED: &str = "listed";

fn told(repository: &Repository, artifact: &Document, outcome: &str) {
    let object = format!("referrer {}", short(artifact.digest.as_ref()));
    repository.client.emit(&Event::done(object, "list", outcome));
}

/// Reads the list, adds the artifact, writes it, and looks whether it stayed.
fn list_by_tag(
    repository: &Repository,
    artifact: &Document,
    subject: &Digest,
) -> Result<(), RegistryError> {
    let tag = fallback_tag(subject);
    for _ in 0..ROUNDS {
        let mut index = read_list(repository, &tag, subject)?;
        if index.manifests().iter().any(|entry| *entry.digest() == artifact.digest) {
            told(repository, artifact, &format!("listed under the tag {tag}"));
            return Ok(());
        }
        let mut listed = index.manifests().clone();
        listed.push(artifact.listing());
        index.set_manifests(listed);
        let bytes = serde_json::to_vec(&index)
            .map_err(|error| RegistryError::image("the list of referrers", error.into()))?;
        repository.put_manifest(&tag, MediaType::ImageIndex.as_ref(), &bytes)?;
        if repository.manifest_digest(&tag)?.as_deref() == Some(digest::of(&bytes).as_ref()) {
            told(repository, artifact, &format!("listed under the tag {tag}"));
            return Ok(());
        }
    }
    Err(RegistryError::Answer {
        operation: format!("listing the referrer {}", artifact.digest),
        url: format!("{}:{tag}", repository.full_name()),
        reason: "others keep changing the list".to_owned(),
    })
}

fn read_list(
    repository: &Repository,
    tag: &str,
    subject: &Digest,
) -> Result<ImageIndex, RegistryError> {
    if let Some(manifest) = repository.get_manifest(tag)? {
        let wrong = |reason: String| RegistryError::Answer {
            operation: "reading the list of referrers".to_owned(),
            url: format!("{}:{tag}", repository.full_name()),
            reason,
        };
        // GitLab takes the tag for the digest (oras-go#1396): an index written there would be another image.
        if digest::of(&manifest.bytes) == *subject {
            return Err(wrong("the registry resolves the tag to the image itself".to_owned()));
        }
        return serde_json::from_slice(&manifest.bytes)
            .map_err(|error| wrong(format!("it is not an OCI index ({error})")));
    }
    Ok(index_of(Vec::new()))
}

/// `sha256-<64 hexadecimal digits>`: algorithm to 32 and digest to 64 characters.
fn fallback_tag(subject: &Digest) -> String {
    let algorithm: String = subject.algorithm().as_ref().chars().take(32).collect();
    let hex: String = subject.digest().chars().take(64).collect();
    format!("{algorithm}-{hex}")
}
