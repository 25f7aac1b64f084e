//! The reporter: what machines do at the same time, told through one sink.
//!
//! Events are those of the terminal. This module adds the forms in which this crate speaks of machines, so that a step, a finding and
//! a wait look the same in every command.

use std::sync::Arc;
use std::time::{Duration, Instant};

use skyward_terminal::event::{Done, Finding, Progress};
use skyward_terminal::{Calls, Event, Severity, Sink};

use super::host::HostError;

/// A sink that threads may share.
pub type SharedSink = Arc<dyn Sink + Send + Sync>;

/// Tells the events of a command.
#[derive(Clone)]
pub struct Reporter {
    sink: SharedSink,
    calls: Calls,
}

impl Reporter {
    /// Tells everything to this sink, calls to machines included; the sink decides whether calls are shown.
    pub fn new(sink: SharedSink) -> Self {
        let calls = Calls::new({
            let sink = Arc::clone(&sink);
            move |call| sink.emit(Event::Call(call))
        });
        Self { sink, calls }
    }

    /// A reporter that tells nobody.
    pub fn silent() -> Self {
        Self { sink: Arc::new(|_: Event| {}), calls: Calls::silent() }
    }

    /// Takes each call to a machine.
    pub fn calls(&self) -> &Calls {
        &self.calls
    }

    /// Tells an event.
    pub fn emit(&self, event: Event) {
        self.sink.emit(event);
    }

    /// Tells something that people should know and nothing depends on.
    pub fn note(&self, text: impl Into<String>) {
        self.emit(Event::note(text));
    }

    /// Tells of a step on a machine that is to be taken.
    pub fn planned(&self, machine: &str, step: impl Into<String>) {
        self.emit(Event::planned(machine, step));
    }

    /// Tells of a step on a machine that is complete.
    pub fn done(&self, machine: &str, step: impl Into<String>) {
        self.emit(Event::Done(Done {
            object: machine.to_owned(),
            action: step.into(),
            ..Done::default()
        }));
    }

    /// Tells of a step on a machine that failed.
    pub fn failed(&self, error: &HostError) {
        self.emit(Event::Failed(error.failed()));
    }

    /// Tells of findings.
    pub fn findings(&self, findings: &[Finding]) {
        for finding in findings {
            self.emit(Event::Finding(finding.clone()));
        }
    }

    /// Tells the state of something that is waited for, and the time until the wait is given up.
    pub fn waiting(&self, object: &str, state: &str, limit: Duration) {
        self.emit(Event::Progress(Progress {
            object: object.to_owned(),
            state: state.to_owned(),
            limit_s: Some(limit.as_secs_f64().round()),
            ..Progress::default()
        }));
    }

    /// Tells that something is there, and how long it took.
    pub fn ready(&self, object: impl Into<String>, state: impl Into<String>, since: Instant) {
        self.emit(Event::Done(Done {
            object: object.into(),
            action: "wait".to_owned(),
            outcome: Some(state.into()),
            seconds: Some(since.elapsed().as_secs_f64()),
        }));
    }
}

/// A finding that blocks: nothing is changed until it is solved.
pub fn problem(
    object: impl Into<String>,
    text: impl Into<String>,
    next: impl Into<String>,
) -> Finding {
    Finding {
        severity: Severity::Error,
        object: object.into(),
        text: text.into().replace('\n', " "),
        next: Some(next.into()),
    }
}

/// Returns true for a finding that blocks.
pub fn blocks(finding: &Finding) -> bool {
    finding.severity == Severity::Error
}
