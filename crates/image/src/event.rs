//! Events of long work, and the request to stop it.
//!
//! The library prints nothing: it hands every event to the caller's [`Monitor`], which shows, counts or passes it on. The
//! same value carries the request to stop, so that a deployment that was interrupted leaves no compiler and no upload
//! behind. Steps such as an upload are the shared events of [`skyward_terminal`]; [`ImageEvent`] has the rest.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use schemars::JsonSchema;
use serde::Serialize;
use skyward_terminal::event::{Done, Progress};
use skyward_terminal::{Page, Present, Tone, units};

/// One thing that happened.
pub type Event = skyward_terminal::Event<ImageEvent>;

/// The events of this crate alone.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum ImageEvent {
    /// A line that cargo wrote, where [`crate::build::Options::forward_cargo`] asks for them.
    Cargo {
        /// The line, without its end.
        line: String,
    },
    /// A request failed in a way that may pass, and will be sent again.
    Retry {
        /// The operation that failed.
        operation: String,
        /// The reason.
        reason: String,
        /// Seconds until the next try.
        wait_s: f64,
        /// The try that failed, from 1.
        attempt: u32,
        /// The number of tries there may be.
        of: u32,
    },
    /// The image is at its registries, under all of its tags.
    Pushed(Pushed),
    /// The image's files are in a folder.
    Unpacked {
        /// The folder, which is removed at the end.
        folder: PathBuf,
        /// Bytes of the files.
        bytes: u64,
        /// Seconds that it took.
        seconds: f64,
    },
    /// The entry point runs.
    Serving {
        /// The address of the service.
        address: String,
        /// The address of its probes and metrics, where they have a port of their own.
        #[serde(skip_serializing_if = "Option::is_none")]
        admin: Option<String>,
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
        /// Seconds since the first signal; `None` where it ended by itself.
        seconds: Option<f64>,
    },
}

/// The result of a push. Counts are over all repositories.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Pushed {
    /// `registry/repository@digest`, one for each repository.
    pub references: Vec<String>,
    /// `registry/repository:tag`, all of them verified.
    pub tags: Vec<String>,
    /// The image's digest.
    pub digest: String,
    /// Blobs sent.
    pub uploaded: usize,
    /// Their bytes.
    pub uploaded_bytes: u64,
    /// Blobs taken over from another repository.
    pub mounted: usize,
    /// Blobs that were there.
    pub present: usize,
}

/// A question to the service, and the answer.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Check {
    /// `start`, `page`, `livez`, `readyz`, `healthz`, `metrics` or `memory`; with `service.health` `live` and `ready` instead of
    /// the four; `listen` where only its own machine reaches it.
    pub name: &'static str,
    /// The path asked for; `None` where it is not a request.
    pub path: Option<String>,
    /// The status of the answer.
    pub status: Option<u16>,
    /// True where it is as it should be.
    pub ok: bool,
    /// Seconds that it took.
    pub seconds: f64,
    /// The page's text, the memory's size, or the error.
    pub detail: String,
}

impl Check {
    /// A check that is not a request.
    pub(crate) fn told(name: &'static str, ok: bool, detail: String) -> Self {
        Self { name, path: None, status: None, ok, seconds: 0.0, detail }
    }
}

impl Present for ImageEvent {
    fn present(&self, page: &mut Page) {
        match self {
            Self::Cargo { line } => page.sentence(line),
            Self::Retry { operation, reason, wait_s, attempt, of } => {
                let (next, wait) = (attempt + 1, units::seconds(*wait_s));
                let text = format!("{operation}: {reason}; try {next} of {of} in {wait}");
                page.line("retry", Tone::Caution, &text);
            }
            // Its references are the result, on standard output.
            Self::Pushed(_) => {}
            Self::Unpacked { folder, bytes, seconds } => {
                let (bytes, seconds) = (units::bytes(*bytes), units::seconds(*seconds));
                let text = format!("{}: unpacked {bytes} ({seconds})", folder.display());
                page.line("done", Tone::Good, &text);
            }
            Self::Serving { address, admin, pid, isolation } => {
                let admin = admin.as_ref().map(|admin| format!(", probes and metrics {admin}"));
                let admin = admin.unwrap_or_default();
                let text = format!("{address}{admin} (process {pid}, isolation: {isolation})");
                page.line("serve", Tone::Good, &text);
            }
            Self::Check(check) => {
                let (word, tone) =
                    if check.ok { ("ok", Tone::Good) } else { ("FAILED", Tone::Bad) };
                let status = check.status.map_or_else(String::new, |status| format!(" {status}"));
                let (name, detail) = (check.name, &check.detail);
                let seconds = units::seconds(check.seconds);
                page.line(word, tone, &format!("{name}{status} {detail} ({seconds})"));
            }
            Self::Checked { ok: true } => page.line("done", Tone::Good, "all checks passed"),
            Self::Checked { ok: false } => page.line("FAILED", Tone::Bad, "not all checks passed"),
            Self::Stopping { signal } => page.line("stop", Tone::Plain, &format!("by {signal}")),
            Self::Stopped { code, seconds } => {
                let after = seconds.map(|seconds| format!(" after {}", units::seconds(seconds)));
                let text = format!("ended with exit code {code}{}", after.unwrap_or_default());
                page.line("stop", Tone::Plain, &text);
            }
        }
    }
}

/// A part of a blob's upload, which continues.
pub(crate) fn uploading(digest: &str, state: &str, done: u64, total: u64) -> Event {
    Event::Progress(Progress {
        object: blob(digest),
        action: UPLOAD.to_owned(),
        state: state.to_owned(),
        bytes_done: Some(done),
        bytes_total: Some(total),
        ..Progress::default()
    })
}

/// A blob that the registry holds now.
pub(crate) fn uploaded(digest: &str, outcome: &str, bytes: u64) -> Event {
    Event::done(blob(digest), UPLOAD, format!("{outcome}, {}", units::bytes(bytes)))
}

/// A step that took so many seconds.
pub(crate) fn timed(object: &str, action: &str, outcome: &str, seconds: f64) -> Event {
    Event::Done(Done {
        object: object.to_owned(),
        action: action.to_owned(),
        outcome: Some(outcome.to_owned()),
        seconds: Some(seconds),
    })
}

const UPLOAD: &str = "upload";

fn blob(digest: &str) -> String {
    format!("blob {}", short(digest))
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
pub struct Monitor {
    observer: Option<Arc<Observer>>,
    cancelled: Arc<AtomicBool>,
}

impl Monitor {
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

impl fmt::Debug for Monitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Monitor").field("cancelled", &self.cancelled).finish_non_exhaustive()
    }
}

/// Asks the work to stop when it is dropped.
#[derive(Debug)]
pub struct CancelOnDrop(Monitor);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

/// The work ended because its caller asked for that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("interrupted")]
pub struct Cancelled;
