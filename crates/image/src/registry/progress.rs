//! What a push or a pull is doing, as typed events, and their plain renderer.

use std::io::{IsTerminal as _, Write as _};
use std::sync::Mutex;
use std::time::Duration;

/// One thing that happened. Digests are written in full; renderers shorten them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The registry has the blob already.
    BlobPresent {
        /// The blob.
        digest: String,
        /// Its bytes.
        size: u64,
    },
    /// The registry took the blob over from another repository.
    BlobMounted {
        /// The blob.
        digest: String,
        /// Its bytes.
        size: u64,
        /// The repository that had it.
        from: String,
    },
    /// So many bytes of the blob are at the registry.
    BlobProgress {
        /// The blob.
        digest: String,
        /// Bytes that the registry has taken.
        sent: u64,
        /// All of its bytes.
        size: u64,
    },
    /// The upload goes on where the registry says it stopped.
    BlobResumed {
        /// The blob.
        digest: String,
        /// The first byte that is still to be sent.
        offset: u64,
    },
    /// The blob is there, and the registry confirmed its digest.
    BlobUploaded {
        /// The blob.
        digest: String,
        /// Its bytes.
        size: u64,
    },
    /// A manifest or index was stored under its digest.
    Manifest {
        /// The manifest.
        digest: String,
        /// Whether it had been there.
        present: bool,
    },
    /// An artifact that refers to the image was made known.
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
    /// Waiting to try again.
    Retrying {
        /// What failed.
        operation: String,
        /// Why.
        reason: String,
        /// For how long.
        wait: Duration,
        /// The try that failed, from 1.
        attempt: u32,
        /// How many there may be.
        of: u32,
    },
}

/// Takes the events, from several threads.
pub trait Progress: Send + Sync {
    /// Called at each event, in the thread it happened in.
    fn event(&self, event: &Event);
}

/// Shows nothing.
#[derive(Debug, Clone, Copy)]
pub struct Silent;

impl Progress for Silent {
    fn event(&self, _: &Event) {}
}

/// One line a change on standard error; on a terminal, a blob's progress rewrites its line.
#[derive(Debug, Default)]
pub struct Lines {
    /// Whether an unfinished line stands on the terminal.
    open: Mutex<bool>,
}

impl Progress for Lines {
    fn event(&self, event: &Event) {
        let passing = matches!(event, Event::BlobProgress { .. });
        let mut stderr = std::io::stderr().lock();
        let terminal = stderr.is_terminal();
        if passing && !terminal {
            return;
        }
        let mut open = self.open.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let clear = if *open { "\r\x1b[K" } else { "" };
        *open = passing;
        let end = if passing { "" } else { "\n" };
        // A closed standard error must not end a push.
        let _ = write!(stderr, "{clear}{}{end}", line(event));
        let _ = stderr.flush();
    }
}

/// The event as a line.
pub fn line(event: &Event) -> String {
    match event {
        Event::BlobPresent { digest, size } => {
            format!("blob {}: there already ({})", short(digest), bytes(*size))
        }
        Event::BlobMounted { digest, size, from } => {
            format!("blob {}: mounted from {from} ({})", short(digest), bytes(*size))
        }
        Event::BlobProgress { digest, sent, size } => {
            format!("blob {}: {} of {}", short(digest), bytes(*sent), bytes(*size))
        }
        Event::BlobResumed { digest, offset } => {
            format!("blob {}: goes on at {}", short(digest), bytes(*offset))
        }
        Event::BlobUploaded { digest, size } => {
            format!("blob {}: uploaded ({})", short(digest), bytes(*size))
        }
        Event::Manifest { digest, present } => {
            let what = if *present { "there already" } else { "pushed" };
            format!("manifest {}: {what}", short(digest))
        }
        Event::Referrer { digest, fallback: None } => format!("referrer {}: listed", short(digest)),
        Event::Referrer { digest, fallback: Some(tag) } => {
            format!("referrer {}: listed under the tag {tag}", short(digest))
        }
        Event::Tagged { reference } => format!("tagged {reference}"),
        Event::Retrying { operation, reason, wait, attempt, of } => format!(
            "{operation}: {reason}; try {} of {of} in {:.1} s",
            attempt + 1,
            wait.as_secs_f64()
        ),
    }
}

/// The first 12 hexadecimal digits, as Docker shows them.
pub(crate) fn short(digest: &str) -> &str {
    let hex = digest.split_once(':').map_or(digest, |(_, hex)| hex);
    hex.get(..12).unwrap_or(hex)
}

/// Bytes for people: `812 B`, `1.4 MB`.
pub(crate) fn bytes(count: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "shown with one decimal")]
    let count_f = count as f64;
    match count {
        0..1_000 => format!("{count} B"),
        1_000..1_000_000 => format!("{:.1} kB", count_f / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", count_f / 1e6),
        _ => format!("{:.2} GB", count_f / 1e9),
    }
}
