//! What machines do at the same time, told one after the other.

use std::cell::RefCell;
use std::time::Instant;

use super::host::HostError;
use super::preflight::Finding;
use crate::event::{Event, MachineState, Sink};

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

    /// What is to be done on a machine, or was.
    pub fn machine(&self, machine: &str, state: MachineState, text: impl Into<String>) {
        self.emit(Event::Machine { machine: machine.to_owned(), state, text: text.into() });
    }

    /// A machine that did not get there.
    pub fn failed(&self, error: &HostError) {
        let text = format!("{}: {}", error.doing, error.reason);
        self.machine(&error.machine, MachineState::Failed, text);
    }

    /// All that is wrong.
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
