//! Finds out what a push would do, without writing anything.

use oci_spec::image::Digest;
use serde::Serialize;

use super::error::RegistryError;
use super::plan::Contents;
use super::push::{Push, PushTarget, all_tags};

/// The plan for one part of the image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Intent {
    /// `registry/repository`, or `registry/repository:tag` for a tag.
    pub at: String,
    /// `blob`, `manifest`, `referrer` or `tag`.
    pub kind: &'static str,
    /// The digest that is stored or named.
    pub digest: String,
    /// Bytes; 0 for a tag.
    pub size: u64,
    /// The action.
    pub action: Action,
}

/// An action of a push.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// It is there.
    Skip,
    /// It would be taken over from this repository.
    Mount(String),
    /// It would be sent.
    Upload,
    /// The tag would be new.
    Create,
    /// The tag would move away from this digest.
    Move(String),
}

impl Push<'_> {
    /// Asks the registries what they have, and says what `run` would do.
    pub fn dry_run(&self) -> Result<Vec<Intent>, RegistryError> {
        let contents = Contents::read(self.source)?;
        let targets = self.targets(&contents.root().digest)?;
        let mut intents = Vec::new();
        for target in &targets {
            self.intend_blobs(target, &targets, &contents, &mut intents)?;
            let documents = contents.documents.iter().map(|document| ("manifest", document));
            let referrers = contents.referrers.iter().map(|document| ("referrer", document));
            for (kind, document) in documents.chain(referrers) {
                let digest = document.digest.to_string();
                let there = target.repository.manifest_digest(&digest)?.is_some();
                let action = if there { Action::Skip } else { Action::Upload };
                let (at, size) = (target.reference.name(), document.bytes.len() as u64);
                intents.push(Intent { at, kind, digest, size, action });
            }
        }
        let digest = contents.root().digest.to_string();
        for (target, tag) in all_tags(&targets) {
            let action = match target.repository.manifest_digest(tag)? {
                None => Action::Create,
                Some(now) if now == digest => Action::Skip,
                Some(now) => Action::Move(now),
            };
            let at = format!("{}:{tag}", target.reference.name());
            intents.push(Intent { at, kind: "tag", digest: digest.clone(), size: 0, action });
        }
        Ok(intents)
    }

    fn intend_blobs(
        &self,
        target: &PushTarget,
        targets: &[PushTarget],
        contents: &Contents,
        intents: &mut Vec<Intent>,
    ) -> Result<(), RegistryError> {
        let mounts = self.mounts(target, targets);
        for blob in &contents.blobs {
            let action = if target.repository.has_blob(blob.digest())? {
                Action::Skip
            } else {
                mountable(target, blob.digest(), &mounts)
            };
            let (at, digest, size) =
                (target.reference.name(), blob.digest().to_string(), blob.size());
            intents.push(Intent { at, kind: "blob", digest, size, action });
        }
        Ok(())
    }
}

/// A repository that cannot be read is one that nothing can be mounted from.
fn mountable(target: &PushTarget, digest: &Digest, mounts: &[String]) -> Action {
    let holds = |from: &&String| {
        let other = target.repository.sibling(from);
        matches!(other.has_blob(digest), Ok(true))
    };
    mounts.iter().find(holds).map_or(Action::Upload, |from| Action::Mount(from.clone()))
}
