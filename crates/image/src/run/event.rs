//! What happens while an image runs. Renderers make lines or JSON of it; the JSON is stable.

use std::path::PathBuf;

use serde::Serialize;

/// Something happened.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The image's files are in a folder.
    Unpacked {
        /// The folder, which is removed at the end.
        folder: PathBuf,
        /// Bytes of the files.
        bytes: u64,
        /// How long it took.
        seconds: f64,
    },
    /// The entry point runs.
    Started {
        /// Where the service answers.
        address: String,
        /// Where its probes and metrics are.
        admin: String,
        /// The process.
        pid: u32,
        /// How the process is kept apart: `chroot, user 65532:65532` or `none, current user`.
        isolation: String,
    },
    /// The service was asked something.
    Check(Check),
    /// All checks are done.
    Checked {
        /// Whether all were answered as they should be.
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
        /// How long after the first signal; `None` where it ended by itself.
        seconds: Option<f64>,
    },
}

/// A question to the service, and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Check {
    /// `start`, `page`, `livez`, `readyz`, `healthz`, `metrics` or `memory`.
    pub name: &'static str,
    /// The path asked for; `None` where it is no request.
    pub path: Option<&'static str>,
    /// The status answered.
    pub status: Option<u16>,
    /// Whether it is as it should be.
    pub ok: bool,
    /// How long it took.
    pub seconds: f64,
    /// The page's text, the memory's size, or what went wrong.
    pub detail: String,
}
