//! Events of a command, and the reporter through which machines that work at the same time tell them one after the other.

use std::cell::RefCell;
use std::fmt;
use std::time::Instant;

use serde::Serialize;

use super::host::HostError;

/// Something that happened, or that is waited for.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// Something that people should know and nothing depends on.
    Note {
        /// One sentence.
        text: String,
    },
    /// The state of something that is waited for has changed.
    Waiting {
        /// What is waited for, such as `node m1`.
        on: String,
        /// How far it is, such as `k3s is starting`.
        state: String,
        /// Seconds that are left until the wait is given up.
        remaining_s: u64,
    },
    /// What was waited for is there.
    Ready {
        /// What was waited for.
        on: String,
        /// How it is now.
        state: String,
        /// Seconds that it took.
        seconds: f64,
    },
    /// Something is wrong with a machine, told before anything is changed.
    Finding(Finding),
    /// A step on a machine.
    Machine {
        /// The machine, as people call it.
        machine: String,
        /// How far the step is.
        state: MachineState,
        /// The step.
        text: String,
    },
}

/// How far a step on a machine is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MachineState {
    /// It is to be done.
    Planned,
    /// It is done.
    Done,
    /// It has failed.
    Failed,
}

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The machine, or what else it is about.
    pub machine: String,
    /// Whether nothing may be changed before it is put right.
    pub blocks: bool,
    /// What is wrong and what to do, on one line.
    pub text: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.machine, self.text)
    }
}

impl Finding {
    /// One that blocks.
    pub fn new(machine: impl Into<String>, text: impl fmt::Display) -> Self {
        let text = text.to_string().replace('\n', " ");
        Self { machine: machine.into(), blocks: true, text }
    }

    /// One that blocks nothing.
    pub fn note(machine: impl Into<String>, text: impl fmt::Display) -> Self {
        Self { blocks: false, ..Self::new(machine, text) }
    }
}

/// Takes events as they happen.
pub trait Sink {
    /// Takes one.
    fn emit(&mut self, event: Event);
}

impl<F: FnMut(Event)> Sink for F {
    fn emit(&mut self, event: Event) {
        self(event);
    }
}

/// A sink that several machines share.
pub struct Reporter(RefCell<Box<dyn Sink>>);

impl Reporter {
    /// Over a sink.
    pub fn new(sink: Box<dyn Sink>) -> Self {
        Self(RefCell::new(sink))
    }

    /// Tells an event.
    pub fn emit(&self, event: Event) {
        self.0.borrow_mut().emit(event);
    }

    /// Something that people should know.
    pub fn note(&self, text: impl Into<String>) {
        self.emit(Event::Note { text: text.into() });
    }

    /// A step on a machine.
    pub fn machine(&self, machine: &str, state: MachineState, text: impl Into<String>) {
        self.emit(Event::Machine { machine: machine.to_owned(), state, text: text.into() });
    }

    /// A machine on which a step has failed.
    pub fn failed(&self, error: &HostError) {
        let text = format!("{}: {}", error.doing, error.reason);
        self.machine(&error.machine, MachineState::Failed, text);
    }

    /// All findings.
    pub fn findings(&self, findings: &[Finding]) {
        for finding in findings {
            self.emit(Event::Finding(finding.clone()));
        }
    }

    /// Something that is there now.
    pub fn ready(&self, on: impl Into<String>, state: impl Into<String>, since: Instant) {
        let seconds = since.elapsed().as_secs_f64();
        self.emit(Event::Ready { on: on.into(), state: state.into(), seconds });
    }
}
