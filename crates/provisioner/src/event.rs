//! The events of a command. The terminal renders these, as lines for people or as JSON lines for scripts.
//!
//! The steps are the shared events of `skyward-terminal`; [`Own`] has what only the provisioner tells. Times are in seconds;
//! with a simulated account, in simulated ones.

use serde::Serialize;
use skyward_terminal::Severity;

use crate::plan::Plan;
pub use crate::resource::Outputs;
use crate::resource::{Action, Finding, Step};
use crate::timeline::Span;

/// An event of the provisioner.
pub type Event = skyward_terminal::Event<Own>;

/// Takes events as they happen.
pub trait Sink: skyward_terminal::Sink<Own> {}

impl<S: skyward_terminal::Sink<Own> + ?Sized> Sink for S {}

/// An event that only the provisioner has.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Own {
    /// The account and the stack that are worked on.
    Account {
        /// The account's number.
        account: String,
        /// The caller.
        arn: String,
        /// The region.
        region: String,
        /// The stack.
        stack: String,
    },
    /// All that is to be done.
    Plan(Box<Plan>),
    /// The time that each step took, with the critical path.
    Timeline {
        /// The steps that were done, in the order in which they began.
        spans: Vec<Span>,
        /// From the first call to the last.
        seconds: f64,
        /// Without the times in which nothing of the critical path was under way.
        critical_s: f64,
    },
    /// The load balancer's answer to a browser.
    Page {
        /// The address.
        url: String,
        /// The words of the page.
        text: String,
    },
    /// The things that the stack offers.
    Outputs(Outputs),
}

impl From<&Finding> for skyward_terminal::event::Finding {
    fn from(finding: &Finding) -> Self {
        Self {
            severity: Severity::Error,
            object: String::new(),
            text: finding.problem.clone(),
            next: Some(finding.next.clone()),
        }
    }
}

/// A finding, as an event.
pub(crate) fn finding(finding: &Finding) -> Event {
    Event::Finding(finding.into())
}

/// A step, as the shared events name it.
pub(crate) fn step(step: &Step, is_critical: bool) -> skyward_terminal::event::Step {
    let usual = step.kind.estimate(step.action).usual;
    skyward_terminal::event::Step {
        object: step.id.to_string(),
        action: step.action.to_string(),
        expected_s: Some(usual.as_secs_f64()),
        is_critical,
    }
}

/// The outcome of an action, in a word.
pub(crate) fn outcome(action: Action) -> &'static str {
    match action {
        Action::None => "unchanged",
        Action::Wait => "ready",
        Action::Create => "created",
        Action::Update => "updated",
        Action::Replace => "replaced",
        Action::Delete => "deleted",
    }
}
