//! Pushes an image: blobs, then manifests, then referrers, and the tags after all else.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{fmt, thread};

use oci_spec::image::Digest;

use super::client::Client;
use super::credentials::{self, Credentials};
use super::error::RegistryError;
use super::plan::{Contents, Document};
use super::reference::Reference;
use super::referrers;
use super::repository::{Access, Repository};
use super::settings::Settings;
use super::upload::{Arrival, bring};
pub use crate::event::Pushed;
use crate::event::{Event, short};
use crate::source::Source;

/// Blobs sent at one time, unless the caller says otherwise.
const JOBS: usize = 4;

/// An image to push, and its destinations.
pub struct Push<'a> {
    /// The image.
    pub source: &'a dyn Source,
    /// The names it gets. One without a tag and a digest gets the tag `latest`.
    pub references: Vec<Reference>,
    /// Credentials for all of them; `None` finds them in the files.
    pub credentials: Option<Credentials>,
    /// Repositories of the same registry that may hold the blobs.
    pub mount_from: Vec<String>,
    /// Blobs sent at one time.
    pub jobs: usize,
    /// Bounds, events and the clock.
    pub settings: Settings,
}

/// A push that ended early, and what it left.
#[derive(Debug, thiserror::Error)]
pub struct PushError {
    /// Tags that name the new image already; each of them leads to a complete image.
    pub tags_set: Vec<String>,
    /// Tags that were not touched.
    pub tags_left: Vec<String>,
    /// True where a registry holds something that it did not hold before.
    pub sent: bool,
    /// The reason.
    #[source]
    pub source: Box<RegistryError>,
}

impl fmt::Display for PushError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.sent {
            return f.write_str("the push failed before anything was sent; no tag was set");
        }
        if self.tags_set.is_empty() {
            f.write_str("the push failed; no tag was set")?;
        } else {
            let (set, left) = (self.tags_set.join(", "), self.tags_left.join(", "));
            write!(f, "the push failed; set and complete: {set}; not set: {left}")?;
        }
        f.write_str(", and what was sent is untagged: the registry removes it in time, and the same push continues there")
    }
}

/// One repository of the push, with its tags.
pub(super) struct PushTarget {
    pub(super) repository: Repository,
    pub(super) reference: Reference,
    pub(super) tags: Vec<String>,
}

impl<'a> Push<'a> {
    /// A push with the credentials of the files, that mounts from nowhere else.
    pub fn new(source: &'a dyn Source, references: Vec<Reference>, settings: Settings) -> Self {
        let mount_from = Vec::new();
        Self { source, references, credentials: None, mount_from, jobs: JOBS, settings }
    }

    /// Sends the image to all references, and then sets their tags.
    pub fn run(&self) -> Result<Pushed, PushError> {
        let untagged = |sent, source| PushError {
            tags_set: Vec::new(),
            tags_left: self.references.iter().map(ToString::to_string).collect(),
            sent,
            source: Box::new(source),
        };
        let unsent = |source| untagged(false, source);
        let contents = Contents::read(self.source).map_err(unsent)?;
        let targets = self.targets(&contents.root().digest).map_err(unsent)?;
        let sent = || targets.iter().any(|target| target.repository.client.contact.wrote());
        let mut pushed = Pushed { digest: contents.root().digest.to_string(), ..Pushed::default() };
        for target in &targets {
            self.content(target, &targets, &contents, &mut pushed)
                .map_err(|source| untagged(sent(), source))?;
        }
        for (target, tag) in all_tags(&targets) {
            set_tag(&target.repository, tag, contents.root()).map_err(|source| PushError {
                tags_left: all_tags(&targets)
                    .skip(pushed.tags.len())
                    .map(|(target, tag)| format!("{}:{tag}", target.reference.name()))
                    .collect(),
                tags_set: pushed.tags.clone(),
                sent: sent() || !pushed.tags.is_empty(),
                source: Box::new(source),
            })?;
            let reference = format!("{}:{tag}", target.reference.name());
            target.repository.client.emit(&Event::done(&reference, "tag", "tagged"));
            pushed.tags.push(reference);
        }
        Ok(pushed)
    }

    /// Groups the references by repository, and finds each one's credentials.
    pub(super) fn targets(&self, digest: &Digest) -> Result<Vec<PushTarget>, RegistryError> {
        let mut targets: Vec<PushTarget> = Vec::new();
        for reference in &self.references {
            if let Some(wanted) = reference.digest().filter(|wanted| *wanted != digest) {
                return Err(RegistryError::Digest {
                    what: format!("the image to push to {reference}"),
                    expected: wanted.to_string(),
                    found: digest.to_string(),
                });
            }
            let name = reference.name();
            let position = targets.iter().position(|target| target.reference.name() == name);
            let target = if let Some(position) = position {
                &mut targets[position]
            } else {
                targets.push(self.target(reference)?);
                targets.last_mut().expect("one was just added")
            };
            let tag = match (reference.tag(), reference.digest()) {
                (Some(tag), _) => Some(tag),
                (None, Some(_)) => None,
                (None, None) => Some("latest"),
            };
            if let Some(tag) = tag.filter(|tag| !target.tags.iter().any(|known| known == tag)) {
                target.tags.push(tag.to_owned());
            }
        }
        Ok(targets)
    }

    fn target(&self, reference: &Reference) -> Result<PushTarget, RegistryError> {
        let credentials = match &self.credentials {
            Some(credentials) => credentials.clone(),
            None => credentials::find(reference)?,
        };
        let client = Client::new(reference.registry(), credentials, self.settings.clone());
        let repository =
            Repository::new(Arc::new(client), reference.repository(), Access::PullPush);
        Ok(PushTarget { repository, reference: reference.clone(), tags: Vec::new() })
    }

    /// The repositories that blobs may be mounted from: those named, and those of this push that
    /// are done.
    pub(super) fn mounts(&self, target: &PushTarget, targets: &[PushTarget]) -> Vec<String> {
        let done =
            targets.iter().take_while(|other| other.reference.name() != target.reference.name());
        let same = done.filter(|other| other.reference.registry() == target.reference.registry());
        let done = same.map(|other| other.reference.repository().to_owned());
        done.chain(self.mount_from.iter().cloned()).collect()
    }

    /// Everything but the tags.
    fn content(
        &self,
        target: &PushTarget,
        targets: &[PushTarget],
        contents: &Contents,
        pushed: &mut Pushed,
    ) -> Result<(), RegistryError> {
        let repository = &target.repository;
        let arrivals = self.blobs(repository, contents, &self.mounts(target, targets))?;
        for (blob, arrival) in contents.blobs.iter().zip(&arrivals) {
            match arrival {
                Arrival::Present => pushed.present += 1,
                Arrival::Mounted => pushed.mounted += 1,
                Arrival::Uploaded => {
                    pushed.uploaded += 1;
                    pushed.uploaded_bytes += blob.size();
                }
            }
        }
        // Where a blob was missing, the manifests that name it are: no need to ask.
        let known = arrivals.iter().all(|arrival| *arrival == Arrival::Present);
        for document in &contents.documents {
            store(repository, document, known)?;
        }
        for artifact in &contents.referrers {
            let subject = artifact.subject().unwrap_or(&contents.root().digest);
            match referrers::publish(repository, artifact, subject, known) {
                // A bill of materials never decides over its image.
                Err(error) if is_refusal(&error) => {
                    let name = target.reference.name();
                    let text = format!(
                        "{name} does not list {}, which refers to the image: {error}; the image is pushed without it",
                        artifact.digest
                    );
                    repository.client.emit(&Event::warning(text));
                }
                published => published?,
            }
        }
        let digest = contents.root().digest.clone();
        pushed.references.push(target.reference.with_digest(digest).to_string());
        Ok(())
    }

    /// Brings all blobs, several at a time. The first failure ends the others.
    fn blobs(
        &self,
        repository: &Repository,
        contents: &Contents,
        mounts: &[String],
    ) -> Result<Vec<Arrival>, RegistryError> {
        let next = AtomicUsize::new(0);
        let work = || {
            let mut done = Vec::new();
            loop {
                let position = next.fetch_add(1, Ordering::Relaxed);
                let Some(blob) = contents.blobs.get(position) else {
                    return Ok(done);
                };
                match bring(repository, self.source, blob, mounts) {
                    Ok(arrival) => done.push((position, arrival)),
                    Err(error) => {
                        repository.client.cancel();
                        return Err(error);
                    }
                }
            }
        };
        let workers = self.jobs.clamp(1, contents.blobs.len().max(1));
        let outcomes: Vec<Result<Vec<_>, RegistryError>> = thread::scope(|scope| {
            let others: Vec<_> = (1..workers).map(|_| scope.spawn(work)).collect();
            let own = work();
            let joined = others.into_iter().map(|worker| worker.join().expect("no worker panics"));
            std::iter::once(own).chain(joined).collect()
        });
        let mut arrivals = Vec::new();
        let mut failure = None;
        for outcome in outcomes {
            match outcome {
                Ok(done) => arrivals.extend(done),
                // Of two, the cause is the one that is not a consequence.
                Err(RegistryError::Cancelled) if failure.is_some() => {}
                Err(error) if matches!(failure, None | Some(RegistryError::Cancelled)) => {
                    failure = Some(error);
                }
                Err(_) => {}
            }
        }
        if let Some(error) = failure {
            return Err(error);
        }
        arrivals.sort_by_key(|(position, _)| *position);
        Ok(arrivals.into_iter().map(|(_, arrival)| arrival).collect())
    }
}

/// Returns true where the registry answered, and did not do what it was asked for.
fn is_refusal(error: &RegistryError) -> bool {
    matches!(
        error,
        RegistryError::Denied { .. } | RegistryError::Status { .. } | RegistryError::Answer { .. }
    )
}

pub(super) fn all_tags(targets: &[PushTarget]) -> impl Iterator<Item = (&PushTarget, &String)> {
    targets.iter().flat_map(|target| target.tags.iter().map(move |tag| (target, tag)))
}

/// Stores a document under its digest. Where it may be `known` to the registry, that is asked
/// first.
fn store(repository: &Repository, document: &Document, known: bool) -> Result<(), RegistryError> {
    let digest = document.digest.to_string();
    let present = known && repository.manifest_digest(&digest)?.is_some();
    if !present {
        let stored = repository.put_manifest(&digest, &document.media_type, &document.bytes)?;
        check(&format!("manifest {digest}"), &document.digest, stored.digest.as_deref())?;
    }
    let outcome = if present { "present" } else { "stored" };
    repository.client.emit(&Event::done(format!("manifest {}", short(&digest)), "store", outcome));
    Ok(())
}

/// Lets the tag name the image, and asks the registry what it names now.
fn set_tag(repository: &Repository, tag: &str, root: &Document) -> Result<(), RegistryError> {
    if repository.manifest_digest(tag)?.as_deref() == Some(root.digest.as_ref()) {
        return Ok(());
    }
    let what = format!("the tag {}:{tag}", repository.full_name());
    let stored = repository.put_manifest(tag, &root.media_type, &root.bytes)?;
    check(&what, &root.digest, stored.digest.as_deref())?;
    let found = repository.manifest_digest(tag)?;
    check(&what, &root.digest, Some(found.as_deref().unwrap_or("absent")))
}

/// `found` is what the registry says, where it says something.
fn check(what: &str, expected: &Digest, found: Option<&str>) -> Result<(), RegistryError> {
    match found {
        Some(found) if found != expected.as_ref() => Err(RegistryError::Digest {
            what: format!("{what}, as the registry stored it"),
            expected: expected.to_string(),
            found: found.to_owned(),
        }),
        _ => Ok(()),
    }
}
