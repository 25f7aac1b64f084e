//! What happens while a command runs. The terminal, plain lines and JSON are renderers of these.

use serde::Serialize;

use crate::plan::Plan;
pub use crate::resource::Outputs;
use crate::resource::{Action, Finding, Kind};
use crate::stack::Id;
use crate::timeline::Span;

/// Something that happened, or that is waited for. Times are in seconds; with a simulated account, in simulated ones.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// Which account and stack are worked on.
    Account {
        /// The account's number.
        account: String,
        /// Who calls.
        arn: String,
        /// The region.
        region: String,
        /// The stack.
        stack: String,
    },
    /// What the preflight found.
    Finding(Finding),
    /// What is to be done.
    Planned(Box<Plan>),
    /// The work on a resource begins.
    Started {
        /// Which.
        id: Id,
        /// What it is.
        kind: Kind,
        /// What is done.
        action: Action,
        /// How long that usually takes.
        expected_s: f64,
        /// Whether the whole is expected to wait for it.
        is_critical: bool,
    },
    /// A resource that is waited for.
    Progress {
        /// Which.
        id: Id,
        /// What AWS says of it.
        state: String,
        /// Since the work on it began.
        elapsed_s: f64,
        /// How long it usually takes in all.
        expected_s: f64,
    },
    /// The work on a resource is done.
    Done {
        /// Which.
        id: Id,
        /// What was done.
        action: Action,
        /// How long it took.
        seconds: f64,
    },
    /// The work on a resource failed, or could not begin.
    Failed {
        /// Which.
        id: Id,
        /// What was to be done.
        action: Action,
        /// Why not.
        reason: String,
        /// What to do about it.
        next: String,
    },
    /// Something that people should know and nothing depends on: one sentence.
    Note {
        /// The sentence.
        text: String,
    },
    /// When what happened, with the critical path.
    Timeline {
        /// In the order of their begins.
        spans: Vec<Span>,
        /// From the first call to the last.
        seconds: f64,
        /// Without the times in which nothing of the critical path was under way.
        critical_s: f64,
    },
    /// What the load balancer answers to a browser.
    Page {
        /// The address.
        url: String,
        /// The words of the page.
        text: String,
    },
    /// What the stack offers.
    Outputs(Outputs),
    /// The end of the command.
    Finished {
        /// Whether all was done.
        is_done: bool,
        /// One sentence.
        text: String,
    },
}

/// Takes events as they happen.
pub trait Sink {
    /// Takes one.
    fn emit(&self, event: Event);
}

impl<F: Fn(Event)> Sink for F {
    fn emit(&self, event: Event) {
        self(event);
    }
}
