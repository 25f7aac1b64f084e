//! The service's own lines: `2023-10-27 21:20:29 - [NAME] - [INFO]: …`.

use crate::access_log::Log;
use crate::clock::AtomicTick;
use crate::clock::{Civil, Tick, unix_seconds};
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

/// The pause between two lines about one kind of trouble that lasts.
const AT_TIMES: Duration = Duration::from_secs(10);

/// The line of `level` (INFO, WARNING, ERROR) that the service `name` says now.
pub(crate) fn line(name: &str, level: &str, text: &str) -> String {
    format!("{} - [{name}] - [{level}]: {text}", Civil::from_unix(unix_seconds()).notice())
}

/// Says an error or a warning on standard error. What cannot be written is lost: there is nowhere else to say it.
pub(crate) fn on_standard_error(name: &str, level: &str, text: &str) {
    let _ = writeln!(std::io::stderr(), "{}", line(name, level, text));
}

/// Says things while the service runs.
#[derive(Clone, Debug)]
pub(crate) struct Diagnostics {
    name: Arc<str>,
    log: Arc<Log>,
    last_error: Arc<AtomicTick>,
    last_warning: Arc<AtomicTick>,
}

impl Diagnostics {
    /// Lines of the service `name`; information goes out with `log`.
    pub(crate) fn new(name: &str, log: Arc<Log>) -> Self {
        Self { name: name.into(), log, last_error: Arc::default(), last_warning: Arc::default() }
    }

    /// Information, on standard output in its place among the access log's lines.
    pub(crate) fn info(&self, text: &str) {
        self.log.notice(&line(&self.name, "INFO", text));
    }

    /// An error, on standard error; at most one every ten seconds. It is written at once, by the thread that
    /// says it: a pipe that nobody reads would stop that thread, but takes an hour of such lines first.
    pub(crate) fn error_at_times(&self, text: &str) {
        self.at_times(&self.last_error, "ERROR", text);
    }

    /// A warning, as [`Self::error_at_times`] says an error.
    pub(crate) fn warning_at_times(&self, text: &str) {
        self.at_times(&self.last_warning, "WARNING", text);
    }

    /// A warning that is said once.
    pub(crate) fn warning(&self, text: &str) {
        on_standard_error(&self.name, "WARNING", text);
    }

    fn at_times(&self, last: &AtomicTick, level: &str, text: &str) {
        let now = Tick::now();
        if last.get().is_none_or(|last| now.since(last) >= AT_TIMES) {
            last.set(now);
            on_standard_error(&self.name, level, text);
        }
    }
}
