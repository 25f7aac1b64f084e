//! The words of events: lines that begin with a word of fixed width.
//!
//! Behind the word come the object, what there is to say of it, and times last, so that whatever a narrow terminal cuts is
//! the least important. On a terminal lines are broken between words; without one each event stays on its line. The words
//! are the same for all commands: `note`, `warning`, `PROBLEM`, `plan`, `start`, `wait`, `done`, `FAILED`, `call`.

use std::sync::Arc;
use std::time::Instant;

use crate::event::{Call, Done, Event, Failed, Finding, Nothing, Progress, Severity, Step};
use crate::style::Tone;
use crate::{text, units};

/// Columns of the word that a line begins with, the space behind it included.
const WORD: usize = 9;
/// A step that usually takes less is not announced with its time.
const WORTH_TELLING_SECONDS: f64 = 20.0;
/// Fewer columns than a text can be read in.
const LEAST: usize = 20;

/// Shows a crate's own events to people.
pub trait Present {
    /// Writes the event as lines; none where people need not see it.
    fn present(&self, page: &mut Page);
}

impl Present for Nothing {
    fn present(&self, _: &mut Page) {
        match *self {}
    }
}

/// Seconds since a command began. A simulation has a clock of its own.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> f64 + Send + Sync>);

impl Clock {
    /// The real time from now on.
    pub fn real() -> Self {
        let begun = Instant::now();
        Self::new(move || begun.elapsed().as_secs_f64())
    }

    /// Another clock.
    pub fn new(seconds: impl Fn() -> f64 + Send + Sync + 'static) -> Self {
        Self(Arc::new(seconds))
    }

    /// Seconds since the command began.
    pub fn seconds(&self) -> f64 {
        (self.0)()
    }
}

impl std::fmt::Debug for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Clock({})", self.seconds())
    }
}

/// Lines that are being written for people.
#[derive(Debug, Default)]
pub struct Page {
    columns: Option<usize>,
    color: bool,
    is_detailed: bool,
    stamp: Option<f64>,
    text: String,
}

impl Page {
    /// An empty page of so many columns, where they are known.
    pub fn new(columns: Option<usize>, color: bool) -> Self {
        Self { columns, color, ..Self::default() }
    }

    /// Writes the details of calls, where `-vv` asks for them.
    #[must_use]
    pub fn detailed(self, is_detailed: bool) -> Self {
        Self { is_detailed, ..self }
    }

    /// Begins each line with a time in seconds, where one is given.
    #[must_use]
    pub fn stamped(self, stamp: Option<f64>) -> Self {
        Self { stamp, ..self }
    }

    /// Returns true where colours are shown.
    pub fn has_color(&self) -> bool {
        self.color
    }

    /// The columns that a line may have; `None` where nothing has to be cut.
    pub fn columns(&self) -> Option<usize> {
        self.columns
    }

    /// Returns what was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Writes a line that begins with a word. Further lines of the text, its own and those that the width makes, are
    /// indented below it.
    pub fn line(&mut self, word: &str, tone: Tone, text: &str) {
        let stamp = self.stamp.map(|at| format!("{:>11}  ", units::whole(at))).unwrap_or_default();
        let indent = stamp.len() + WORD;
        let text = text::harmless(text);
        let lines = match self.columns {
            Some(columns) => text::wrap(&text, columns.saturating_sub(indent).max(LEAST)),
            None => text.split('\n').map(str::to_owned).collect(),
        };
        let word = format!(
            "{}{}",
            tone.paint(word, self.color),
            " ".repeat(WORD.saturating_sub(text::width(word)))
        );
        for (index, line) in lines.iter().enumerate() {
            let line = if index == 0 {
                format!("{stamp}{word}{line}")
            } else {
                format!("{:indent$}{line}", "")
            };
            self.text += line.trim_end();
            self.text.push('\n');
        }
    }

    /// Writes a whole sentence that begins with no word.
    pub fn sentence(&mut self, text: &str) {
        let text = text::harmless(text);
        let lines = match self.columns {
            Some(columns) => text::wrap(&text, columns),
            None => vec![text],
        };
        for line in lines {
            self.text += &line;
            self.text.push('\n');
        }
    }

    /// Writes lines that are laid out already, such as a table or a difference. They have to be harmless.
    pub fn block(&mut self, text: &str) {
        self.text += text;
    }

    /// Writes an event.
    pub fn event<Own: Present>(&mut self, event: &Event<Own>) {
        match event {
            Event::Note { text } => self.line("note", Tone::Quiet, text),
            Event::Warning { text } => self.line("warning", Tone::Caution, text),
            Event::Finding(finding) => self.finding(finding),
            Event::Planned(step) => self.line("plan", Tone::Plain, &step_text(step)),
            Event::Started(step) => self.line("start", Tone::Plain, &step_text(step)),
            Event::Progress(progress) => self.line("wait", Tone::Quiet, &progress_text(progress)),
            Event::Done(done) => self.line("done", Tone::Good, &done_text(done)),
            Event::Failed(failed) => self.failed(failed),
            Event::Call(call) => self.line("call", Tone::Quiet, &call_text(call, self.is_detailed)),
            Event::Finished { text, .. } => self.sentence(text),
            Event::Own(own) => own.present(self),
        }
    }

    fn finding(&mut self, finding: &Finding) {
        let (word, tone) = match finding.severity {
            Severity::Note => ("note", Tone::Quiet),
            Severity::Warning => ("warning", Tone::Caution),
            Severity::Error => ("PROBLEM", Tone::Bad),
        };
        let text = [finding.object.as_str(), finding.text.as_str()];
        let text = text.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(": ");
        self.line(word, tone, &with_next(&text, finding.next.as_deref()));
    }

    fn failed(&mut self, failed: &Failed) {
        let parts = [failed.object.as_str(), failed.action.as_str(), failed.reason.as_str()];
        let text = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(": ");
        self.line("FAILED", Tone::Bad, &with_next(&text, failed.next.as_deref()));
    }
}

fn with_next(text: &str, next: Option<&str>) -> String {
    match next.filter(|next| !next.is_empty()) {
        Some(next) => format!("{text}\nNext step: {next}"),
        None => text.to_owned(),
    }
}

fn step_text(step: &Step) -> String {
    let usual = match step.expected_s {
        Some(seconds) if seconds >= WORTH_TELLING_SECONDS => {
            let mark = if step.is_critical { ", on the critical path" } else { "" };
            format!(" (usually {}{mark})", units::whole(seconds))
        }
        _ => String::new(),
    };
    format!("{}: {}{usual}", step.object, step.action)
}

fn done_text(done: &Done) -> String {
    let outcome = done.outcome.as_deref().unwrap_or(&done.action);
    let seconds =
        done.seconds.map(|seconds| format!(" ({})", units::seconds(seconds))).unwrap_or_default();
    format!("{}: {outcome}{seconds}", done.object)
}

fn progress_text(progress: &Progress) -> String {
    let times = times(progress);
    let times = if times.is_empty() { times } else { format!(" ({times})") };
    format!("{}: {}{times}", progress.object, state(progress))
}

/// The state, and the bytes where they are counted.
pub(crate) fn state(progress: &Progress) -> String {
    let bytes = match (progress.bytes_done, progress.bytes_total) {
        (Some(done), Some(total)) => format!("{} of {}", units::bytes(done), units::bytes(total)),
        (Some(done), None) => units::bytes(done),
        _ => return progress.state.clone(),
    };
    if progress.state.is_empty() { bytes } else { format!("{}, {bytes}", progress.state) }
}

fn times(progress: &Progress) -> String {
    let mut parts = Vec::new();
    parts.extend(progress.elapsed_s.map(units::whole));
    parts.extend(
        progress
            .remaining_s
            .filter(|left| *left > 0.0)
            .map(|left| format!("about {} left", units::whole(left))),
    );
    parts.extend(progress.limit_s.map(|limit| format!("at most {}", units::whole(limit))));
    parts.join(", ")
}

fn call_text(call: &Call, is_detailed: bool) -> String {
    let mut text = format!(
        "{} {}: {} ({})",
        call.peer,
        call.operation,
        call.outcome,
        units::seconds(call.seconds)
    );
    if is_detailed {
        let status = call.status.map(|status| format!("status {status}"));
        let attempt = call.attempt.map(|attempt| format!("try {attempt}"));
        let id = call.request_id.as_ref().map(|id| format!("request ID {id}"));
        for part in [status, attempt, id].into_iter().flatten() {
            text += ", ";
            text += &part;
        }
    }
    text
}
