//! Brings one blob to a repository: skipped, mounted, or uploaded and resumed after faults.

use std::io::{self, Read};

use oci_spec::image::Descriptor;
use ureq::http::Method;

use super::client::Failed;
use super::error::{RegistryError, refusal, unexpected};
use super::http::{Payload, Response};
use super::ladder::{Ladder, Mode, Next, chunk_length};
use super::repository::{Repository, Session, Started, next_offset};
use super::retry::TransientFault;
use crate::event::{short, uploaded, uploading};
use crate::source::Source;
use crate::source::{self, Verified};

/// The way in which a blob came to be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Arrival {
    Present,
    Mounted,
    Uploaded,
}

/// Makes sure that `repository` holds the blob. `mounts` are repositories of the same registry
/// that may hold it.
pub(super) fn bring(
    repository: &Repository,
    source: &dyn Source,
    descriptor: &Descriptor,
    mounts: &[String],
) -> Result<Arrival, RegistryError> {
    let client = &repository.client;
    let (digest, bytes) = (descriptor.digest().to_string(), descriptor.size());
    if repository.has_blob(descriptor.digest())? {
        client.emit(&uploaded(&digest, "present", bytes));
        return Ok(Arrival::Present);
    }
    let mut session = None;
    for from in mounts.iter().filter(|from| **from != repository.name) {
        match repository.mount(descriptor.digest(), from) {
            Ok(Started::Mounted) => {
                client.emit(&uploaded(&digest, &format!("mounted from {from}"), bytes));
                return Ok(Arrival::Mounted);
            }
            Ok(Started::Session(started)) => session = Some(started),
            // Without the right to read the other repository it is an upload like any other.
            Err(RegistryError::Denied { .. } | RegistryError::Status { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    let mut upload = Upload {
        repository,
        blob: Blob::open(source, descriptor, client.settings.chunk)?,
        operation: format!("uploading blob {}", short(&digest)),
        ladder: Ladder::new(bytes, client.settings.chunk),
        offset: 0,
    };
    upload.run(session)?;
    client.emit(&uploaded(&digest, "uploaded", bytes));
    Ok(Arrival::Uploaded)
}

struct Upload<'a> {
    repository: &'a Repository,
    blob: Blob<'a>,
    operation: String,
    ladder: Ladder,
    /// Bytes that the registry has.
    offset: u64,
}

/// The outcome of sending bytes.
enum Sent {
    /// The registry has taken them; the upload continues.
    Taken,
    /// The blob is complete.
    Complete,
    /// The registry said no.
    Refused(Response),
}

impl Upload<'_> {
    fn run(&mut self, session: Option<Session>) -> Result<(), RegistryError> {
        let digest = self.blob.descriptor.digest().clone();
        let client = &self.repository.client;
        let mut session = match session {
            Some(session) => session,
            None => self.repository.start_upload(&digest)?,
        };
        let (mut attempt, mut furthest) = (1, 0);
        loop {
            client.check()?;
            let before = self.offset;
            let (next, fault) = match self.send(&mut session) {
                Ok(Sent::Complete) => return Ok(()),
                Ok(Sent::Taken) if self.offset > before => {
                    // The bytes before a restart, sent again, are no progress: a fault that always
                    // follows them would be retried without end.
                    if self.offset > furthest {
                        (attempt, furthest) = (1, self.offset);
                    }
                    continue;
                }
                Ok(Sent::Taken) => (Next::Ask, plain("the registry took no bytes")),
                Ok(Sent::Refused(response)) => {
                    let range = response.header("range").and_then(next_offset);
                    let next = self.ladder.refused(response.status, range, self.offset);
                    if next == Next::Fail {
                        return Err(refusal(&self.operation, response));
                    }
                    (next, client.fault(response))
                }
                Err(Failed::Fault(fault)) => (Next::Ask, fault),
                Err(Failed::Fatal(error)) => return Err(error),
            };
            client.wait(&self.operation, &session.location, attempt, None, &fault)?;
            attempt += 1;
            if self.recover(next, &mut session)? {
                return Ok(());
            }
        }
    }

    /// Sets the upload up for the next try. True where the blob turns out to be complete: the
    /// answer to the last request was what got lost.
    fn recover(&mut self, next: Next, session: &mut Session) -> Result<bool, RegistryError> {
        let digest = self.blob.descriptor.digest().clone();
        let at = match (next, self.ladder.mode) {
            (Next::Continue(at), _) => Some(at),
            (Next::Ask, _) if self.repository.has_blob(&digest)? => return Ok(true),
            (Next::Ask, Mode::Chunked) => self.repository.upload_status(session)?,
            _ => None,
        };
        if let Some(at) = at.filter(|at| *at > 0 && *at <= self.blob.descriptor.size()) {
            self.offset = at;
            self.progress("resumed");
        } else {
            *session = self.repository.start_upload(&digest)?;
            self.offset = 0;
        }
        Ok(false)
    }

    fn send(&mut self, session: &mut Session) -> Result<Sent, Failed> {
        let size = self.blob.descriptor.size();
        match self.ladder.mode {
            Mode::Chunked if self.offset < size => self.chunk(session),
            Mode::Chunked | Mode::Whole => self.finish(session),
        }
    }

    fn chunk(&mut self, session: &mut Session) -> Result<Sent, Failed> {
        let size = self.blob.descriptor.size();
        let length = chunk_length(self.offset, size, self.blob.most, session.min_chunk);
        let bytes = self.blob.read(self.offset, length).map_err(Failed::Fatal)?;
        let end = self.offset + bytes.len() as u64;
        let range = vec![("Content-Range", format!("{}-{}", self.offset, end - 1))];
        let response = self.repository.send_once(
            &self.operation,
            Method::PATCH,
            session.location.clone(),
            range,
            Payload::Bytes(bytes),
        )?;
        if !matches!(response.status, 200..=204) {
            return Ok(Sent::Refused(response));
        }
        if let Some(location) = response.header("location") {
            session.location = response.url.follow(location).map_err(|reason| {
                Failed::Fatal(unexpected(&self.operation, &response.url, reason))
            })?;
        }
        let taken = response.header("range").and_then(next_offset);
        // A registry that took a part says so; one that says more than was sent is wrong.
        self.offset = taken.filter(|at| *at <= end).unwrap_or(end);
        self.progress("");
        Ok(Sent::Taken)
    }

    /// The PUT that ends the upload: with all bytes, or with none where they were sent before.
    fn finish(&mut self, session: &Session) -> Result<Sent, Failed> {
        let descriptor = self.blob.descriptor;
        let url = session.location.clone().with_query("digest", descriptor.digest().as_ref());
        let send = |payload: Payload<'_>| {
            self.repository.send_once(&self.operation, Method::PUT, url, Vec::new(), payload)
        };
        let response = if self.ladder.mode == Mode::Chunked {
            send(Payload::Bytes(&[]))
        } else if descriptor.size() <= self.blob.most {
            send(Payload::Bytes(self.blob.read(0, descriptor.size()).map_err(Failed::Fatal)?))
        } else {
            let mut stream = self.blob.stream().map_err(Failed::Fatal)?;
            send(Payload::Stream(&mut stream, descriptor.size()))
        }?;
        if !matches!(response.status, 200..=204) {
            return Ok(Sent::Refused(response));
        }
        let found = response.header("docker-content-digest").map(str::to_owned);
        if let Some(found) = found.filter(|found| found != descriptor.digest().as_ref()) {
            return Err(Failed::Fatal(RegistryError::Digest {
                what: format!("{}, as the registry stored it", self.operation),
                expected: descriptor.digest().to_string(),
                found,
            }));
        }
        self.offset = descriptor.size();
        Ok(Sent::Complete)
    }

    fn progress(&self, state: &str) {
        let (digest, bytes) = (self.blob.descriptor.digest(), self.blob.descriptor.size());
        let event = uploading(digest.as_ref(), state, self.offset, bytes);
        self.repository.client.emit(&event);
    }
}

fn plain(reason: &str) -> TransientFault {
    TransientFault { reason: reason.to_owned(), retry_after: None }
}

/// A blob of the image to push, read in chunks; its digest is checked before its last byte is
/// handed out.
struct Blob<'a> {
    source: &'a dyn Source,
    descriptor: &'a Descriptor,
    reader: Verified<Box<dyn Read + Send + 'a>>,
    /// Bytes read at one time.
    most: u64,
    /// The chunk read last, and where it begins.
    chunk: Vec<u8>,
    start: u64,
}

impl<'a> Blob<'a> {
    fn open(
        source: &'a dyn Source,
        descriptor: &'a Descriptor,
        most: u64,
    ) -> Result<Self, RegistryError> {
        let reader =
            source::reader(source, descriptor).map_err(|error| unreadable(descriptor, error))?;
        Ok(Self { source, descriptor, reader, most, chunk: Vec::new(), start: 0 })
    }

    fn end(&self) -> u64 {
        self.start + self.chunk.len() as u64
    }

    /// Bytes from `offset` on: at most `length`, and fewer where the chunk read last ends there.
    fn read(&mut self, offset: u64, length: u64) -> Result<&[u8], RegistryError> {
        if offset < self.start {
            *self = Self::open(self.source, self.descriptor, self.most)?;
        } else if offset < self.end() {
            let from = usize::try_from(offset - self.start).expect("within a chunk in memory");
            return Ok(&self.chunk[from..]);
        }
        // What lies between is read too: the digest needs it.
        while self.end() < offset {
            self.next(self.most.min(offset - self.end()))?;
        }
        self.next(length)?;
        Ok(&self.chunk)
    }

    fn next(&mut self, length: u64) -> Result<(), RegistryError> {
        self.start = self.end();
        self.chunk.clear();
        let mut read = self.reader.by_ref().take(length).read_to_end(&mut self.chunk);
        if self.end() == self.descriptor.size() {
            // The judgement comes with the end, one byte further.
            read = read.and_then(|_| self.reader.read(&mut [0]));
        }
        read.map(|_| ()).map_err(|error| unreadable(self.descriptor, error.into()))
    }

    /// All bytes, from the beginning, after a first pass has checked them: the last byte must not
    /// be sent where the digest is another.
    fn stream(&self) -> Result<impl Read + 'a, RegistryError> {
        let mut first = Self::open(self.source, self.descriptor, self.most)?;
        io::copy(&mut first.reader, &mut io::sink())
            .map_err(|error| unreadable(self.descriptor, error.into()))?;
        Ok(Self::open(self.source, self.descriptor, self.most)?.reader)
    }
}

fn unreadable(descriptor: &Descriptor, error: anyhow::Error) -> RegistryError {
    RegistryError::image(format!("blob {}", short(descriptor.digest().as_ref())), error)
}
