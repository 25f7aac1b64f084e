//! Events of long work, and the request to stop it.
//!
//! The library prints nothing: it hands every event to the caller's [`Progress`], which shows it as a line ([`Event`]
//! implements `Display`), writes it as JSON ([`Event`] implements `Serialize`) or counts it. The same value carries the
//! request to stop, so that a deployment that was interrupted leaves no compiler and no upload behind.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::Serialize;

use crate::dive::human_bytes;

/// One thing that happened. Digests are written in full; `Display` shortens them.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The compiler starts.
    Compiling {
        /// The cargo package.
        package: String,
        /// The target triple.
        target: String,
    },
    /// A line that cargo wrote, where [`crate::build::Options::forward_cargo`] asks for them.
    Cargo {
        /// The line, without its end.
        line: String,
    },
    /// A binary was checked, and is about to be packed.
    Packing {
        /// The platform that it runs on.
        platform: String,
        /// The file.
        path: PathBuf,
        /// Its size.
        bytes: u64,
    },
    /// The image is on disk.
    Wrote {
        /// The tar archive.
        archive: PathBuf,
        /// The OCI layout folder.
        layout: PathBuf,
    },
    /// The registry has the blob already.
    BlobPresent {
        /// The blob.
        digest: String,
        /// Its size.
        bytes: u64,
    },
    /// The registry took the blob over from another repository.
    BlobMounted {
        /// The blob.
        digest: String,
        /// Its size.
        bytes: u64,
        /// The repository that had it.
        from: String,
    },
    /// A part of the blob is at the registry.
    BlobProgress {
        /// The blob.
        digest: String,
        /// Bytes that the registry has taken.
        sent: u64,
        /// The blob's size.
        bytes: u64,
    },
    /// The upload continues where the registry says it stopped.
    BlobResumed {
        /// The blob.
        digest: String,
        /// The first byte that is still to be sent.
        offset: u64,
    },
    /// The blob is complete, and the registry confirmed its digest.
    BlobUploaded {
        /// The blob.
        digest: String,
        /// Its size.
        bytes: u64,
    },
    /// A manifest or index is stored under its digest.
    Manifest {
        /// The manifest.
        digest: String,
        /// True where it had been there.
        present: bool,
    },
    /// An artifact that refers to the image is listed.
    Referrer {
        /// The artifact's manifest.
        digest: String,
        /// The tag that lists it, where the registry has no referrers API.
        fallback: Option<String>,
    },
    /// The tag names the image.
    Tagged {
        /// `registry/repository:tag`
        reference: String,
    },
    /// A request failed in a way that may pass, and will be sent again.
    Retrying {
        /// The operation that failed.
        operation: String,
        /// The reason.
        reason: String,
        /// The wait before the next try.
        wait_seconds: f64,
        /// The try that failed, from 1.
        attempt: u32,
        /// The number of tries there may be.
        of: u32,
    },
    /// A request was answered or failed, where [`crate::registry::Settings::trace`] asks for them. Neither queries nor
    /// headers are part of it: both may hold secrets.
    Request {
        /// The HTTP method.
        method: String,
        /// The address without its query.
        url: String,
        /// The status of the answer; `None` where none came.
        status: Option<u16>,
        /// The time until the answer's head.
        seconds: f64,
    },
    /// An engine is about to load the archive.
    Loading {
        /// The archive.
        archive: PathBuf,
        /// The engine.
        engine: String,
    },
    /// An engine that was a candidate cannot be used.
    Skipped {
        /// The engine, and the reason.
        reason: String,
    },
    /// Something that does not stop the work, and that its user should know.
    Warning {
        /// A sentence.
        text: String,
    },
    /// The image's files are in a folder.
    Unpacked {
        /// The folder, which is removed at the end.
        folder: PathBuf,
        /// Bytes of the files.
        bytes: u64,
        /// The time it took.
        seconds: f64,
    },
    /// The entry point runs.
    Started {
        /// The address of the service.
        address: String,
        /// The address of its probes and metrics.
        admin: String,
        /// The process.
        pid: u32,
        /// The isolation of the process: `chroot, user 65532:65532` or `none, current user`.
        isolation: String,
    },
    /// The service answered a question, or failed to.
    Check(Check),
    /// All checks are done.
    Checked {
        /// True where all were answered as they should be.
        ok: bool,
    },
    /// A signal was passed on.
    Stopping {
        /// Its name.
        signal: &'static str,
    },
    /// The process ended.
    Stopped {
        /// Its exit code; 128 and the signal's number where a signal ended it.
        code: u8,
        /// The time since the first signal; `None` where it ended by itself.
        seconds: Option<f64>,
    },
}

/// A question to the service, and the answer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Check {
    /// `start`, `page`, `livez`, `readyz`, `healthz`, `metrics` or `memory`.
    pub name: &'static str,
    /// The path asked for; `None` where it is no request.
    pub path: Option<&'static str>,
    /// The status of the answer.
    pub status: Option<u16>,
    /// True where it is as it should be.
    pub ok: bool,
    /// The time it took.
    pub seconds: f64,
    /// The page's text, the memory's size, or the error.
    pub detail: String,
}

impl fmt::Display for Event {
    /// The event as one line for people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Compiling { package, target } => write!(f, "compiling {package} for {target}"),
            Self::Cargo { line } => f.write_str(line),
            Self::Packing { platform, path, bytes } => {
                let (path, bytes) = (path.display(), human_bytes(*bytes));
                write!(f, "packing {path} ({platform}, static, {bytes})")
            }
            Self::Wrote { archive, layout } => {
                write!(f, "wrote {} and {}", archive.display(), layout.display())
            }
            Self::BlobPresent { digest, bytes } => {
                write!(f, "blob {}: present ({})", short(digest), human_bytes(*bytes))
            }
            Self::BlobMounted { digest, bytes, from } => {
                write!(f, "blob {}: mounted from {from} ({})", short(digest), human_bytes(*bytes))
            }
            Self::BlobProgress { digest, sent, bytes } => {
                let (sent, bytes) = (human_bytes(*sent), human_bytes(*bytes));
                write!(f, "blob {}: {sent} of {bytes}", short(digest))
            }
            Self::BlobResumed { digest, offset } => {
                write!(f, "blob {}: resumed at {}", short(digest), human_bytes(*offset))
            }
            Self::BlobUploaded { digest, bytes } => {
                write!(f, "blob {}: uploaded ({})", short(digest), human_bytes(*bytes))
            }
            Self::Manifest { digest, present } => {
                let state = if *present { "present" } else { "pushed" };
                write!(f, "manifest {}: {state}", short(digest))
            }
            Self::Referrer { digest, fallback: None } => {
                write!(f, "referrer {}: listed", short(digest))
            }
            Self::Referrer { digest, fallback: Some(tag) } => {
                write!(f, "referrer {}: listed under the tag {tag}", short(digest))
            }
            Self::Tagged { reference } => write!(f, "tagged {reference}"),
            Self::Retrying { operation, reason, wait_seconds, attempt, of } => {
                let next = attempt + 1;
                write!(f, "{operation}: {reason}; try {next} of {of} in {wait_seconds:.1} s")
            }
            Self::Request { method, url, status, seconds } => {
                let status = status.map_or_else(|| "no answer".to_owned(), |code| code.to_string());
                write!(f, "{method} {url} {status} ({:.1} ms)", seconds * 1000.0)
            }
            Self::Loading { archive, engine } => {
                write!(f, "loading {} into {engine}", archive.display())
            }
            Self::Skipped { reason } => write!(f, "skipped: {reason}"),
            Self::Warning { text } => write!(f, "warning: {text}"),
            Self::Unpacked { folder, bytes, seconds } => {
                let (bytes, folder) = (human_bytes(*bytes), folder.display());
                write!(f, "unpacked {bytes} into {folder} ({:.1} ms)", seconds * 1000.0)
            }
            Self::Started { address, admin, pid, isolation } => write!(
                f,
                "started {address}, probes and metrics {admin} (process {pid}, isolation: {isolation})"
            ),
            Self::Check(check) => check.fmt(f),
            Self::Checked { ok: true } => f.write_str("all checks passed"),
            Self::Checked { ok: false } => f.write_str("checks failed"),
            Self::Stopping { signal } => write!(f, "stopping ({signal})"),
            Self::Stopped { code, seconds: Some(seconds) } => {
                write!(f, "stopped with exit code {code} after {:.1} ms", seconds * 1000.0)
            }
            Self::Stopped { code, seconds: None } => {
                write!(f, "the program ended with exit code {code}")
            }
        }
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.ok { "ok    " } else { "FAILED" };
        let status = self.status.map_or_else(String::new, |status| format!(" {status}"));
        let (name, detail) = (self.name, &self.detail);
        write!(f, "{verdict} {name}{status} ({:.1} ms) {detail}", self.seconds * 1000.0)
    }
}

/// The first 12 hexadecimal digits of a digest, as Docker shows them.
pub(crate) fn short(digest: &str) -> &str {
    let hex = digest.split_once(':').map_or(digest, |(_, hex)| hex);
    hex.get(..12).unwrap_or(hex)
}

/// A function that is shown each event.
type Observer = dyn Fn(&Event) + Send + Sync;

/// Receives the events of long work, and ends it when its caller asks.
///
/// Clones share one request to stop. The work looks for it between requests, between chunks of an upload, and while it
/// waits for the compiler or an engine, which it then ends with all the processes that they started.
#[derive(Clone, Default)]
pub struct Progress {
    observer: Option<Arc<Observer>>,
    cancelled: Arc<AtomicBool>,
}

impl Progress {
    /// Calls `observer` at each event, in the thread in which it happened. The default observes nothing.
    pub fn new(observer: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        Self { observer: Some(Arc::new(observer)), cancelled: Arc::default() }
    }

    /// Hands the event to the observer.
    pub fn emit(&self, event: &Event) {
        if let Some(observer) = &self.observer {
            observer(event);
        }
    }

    /// Asks the work to stop.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// Returns true once the work was asked to stop.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    /// Returns an error once the work was asked to stop.
    pub fn check(&self) -> Result<(), Cancelled> {
        if self.is_cancelled() { Err(Cancelled) } else { Ok(()) }
    }

    /// Returns a guard that asks the work to stop when it is dropped: in an asynchronous host it belongs beside the
    /// task that waits for the work, so that a dropped task ends the work too.
    #[must_use]
    pub fn cancel_on_drop(&self) -> CancelOnDrop {
        CancelOnDrop(self.clone())
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Progress").field("cancelled", &self.cancelled).finish_non_exhaustive()
    }
}

/// Asks the work to stop when it is dropped.
#[derive(Debug)]
pub struct CancelOnDrop(Progress);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

/// The work ended because its caller asked for that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("interrupted")]
pub struct Cancelled;
