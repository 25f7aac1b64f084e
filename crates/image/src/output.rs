//! What standard output carries, and the lines on standard error.

use std::io::{IsTerminal as _, Write as _};
use std::sync::Mutex;

use clap::ValueEnum;
use skyward_image::{Event, Progress};

/// The form of what is written to standard output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// For people, and for the shell: the result alone.
    #[default]
    Text,
    /// JSON.
    Json,
}

/// One line a change on standard error; on a terminal, a blob's progress rewrites its line.
pub(crate) fn progress() -> Progress {
    let open = Mutex::new(false);
    Progress::new(move |event| {
        let passing = matches!(event, Event::BlobProgress { .. });
        let mut stderr = std::io::stderr().lock();
        if passing && !stderr.is_terminal() {
            return;
        }
        let mut open = open.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let clear = if *open { "\r\x1b[K" } else { "" };
        *open = passing;
        let end = if passing { "" } else { "\n" };
        // A closed standard error must not end the work.
        let _ = write!(stderr, "{clear}{event}{end}");
        let _ = stderr.flush();
    })
}
