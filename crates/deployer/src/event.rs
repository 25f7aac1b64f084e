//! The events of a deployment, beside those that all commands share.
//!
//! Waits and steps are the shared [`Progress`] and [`Done`]; what only Kubernetes has is a [`DeployEvent`]. How each reads is
//! decided here too, so that every command tells it alike.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;
use skyward_image::event::ImageEvent;
use skyward_terminal::event::{Done, Failed, Progress};
use skyward_terminal::{Page, Present, Tone, text};

use crate::diff::{self, Change, Difference};
use crate::manifest::ObjectId;

/// One thing that happened.
pub type Event = skyward_terminal::Event<DeployEvent>;

/// Takes events as they happen.
pub type Sink<'a> = dyn skyward_terminal::Sink<DeployEvent> + 'a;

/// The events that only a deployment has.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum DeployEvent {
    /// The cluster that is talked to.
    Cluster {
        /// The context of the kubeconfig.
        context: String,
        /// The API server's address.
        server: String,
    },
    /// The image is where the nodes find it.
    Image {
        /// The reference that they pull it by.
        reference: String,
    },
    /// The change that applying would make to one object.
    Change(Difference),
    /// An object was applied or deleted.
    Object {
        /// The object.
        id: ObjectId,
        /// The outcome.
        action: Action,
    },
    /// The evidence on the pod that made a rollout fail; told before anything is rolled back.
    Evidence(Box<Failure>),
    /// The end of a job's log.
    Log {
        /// The job.
        id: ObjectId,
        /// Its last lines.
        lines: Vec<String>,
    },
    /// The revision that serves at the end.
    Serves {
        /// Its number.
        revision: u32,
    },
    /// The canary that runs at the end, beside the revision that serves.
    Canary {
        /// The number of its revision.
        revision: u32,
        /// Its pods.
        pods: u16,
    },
    /// An event of the image's build or delivery.
    #[serde(untagged)]
    #[schemars(skip)]
    Build(ImageEvent),
}

/// The outcome of applying or deleting an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// It was not there.
    Created,
    /// It was there and differed.
    Changed,
    /// It was there and is as it should be.
    Unchanged,
    /// It is gone.
    Deleted,
}

/// The reason why a rollout failed, with what was seen while the failing pod was still there.
#[derive(Debug, Clone, Default, PartialEq, Serialize, JsonSchema)]
pub struct Failure {
    /// One line: what, of which object, why.
    pub reason: String,
    /// The next step.
    pub next: String,
    /// The failing pod.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod: Option<String>,
    /// Its failing container.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
    /// The image of that container.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// The cluster's events about the failing pod, newest last.
    pub events: Vec<String>,
    /// The end of the container's log.
    pub log: Vec<String>,
    /// The end of the log of the container before the last restart.
    pub previous_log: Vec<String>,
}

impl From<DeployEvent> for Event {
    fn from(event: DeployEvent) -> Self {
        Self::Own(event)
    }
}

/// A wait, and the time that is left until it is given up.
pub fn waiting(object: impl Into<String>, state: impl Into<String>, left: Duration) -> Event {
    Event::Progress(Progress {
        object: object.into(),
        state: state.into(),
        limit_s: Some(left.as_secs_f64().floor()),
        ..Progress::default()
    })
}

/// A step that is complete, and the time that it took.
pub fn done(object: impl Into<String>, action: &str, outcome: String, took: Duration) -> Event {
    Event::Done(Done {
        object: object.into(),
        action: action.to_owned(),
        outcome: Some(outcome),
        seconds: Some(took.as_secs_f64()),
    })
}

/// Tells a rollout's failure and its evidence.
pub fn tell_failure(failure: &Failure, sink: &Sink<'_>) {
    sink.emit(Event::Failed(Failed {
        object: "rollout".to_owned(),
        reason: failure.reason.clone(),
        next: Some(failure.next.clone()),
        ..Failed::default()
    }));
    sink.emit(DeployEvent::Evidence(Box::new(failure.clone())).into());
}

/// An object was applied or deleted.
pub fn object(id: &ObjectId, action: Action) -> Event {
    DeployEvent::Object { id: id.clone(), action }.into()
}

impl Present for DeployEvent {
    fn present(&self, page: &mut Page) {
        match self {
            Self::Cluster { context, server } => {
                page.line("cluster", Tone::Plain, &format!("{context} at {server}"));
            }
            Self::Image { reference } => page.line("image", Tone::Plain, reference),
            Self::Change(difference) => present_change(difference, page),
            Self::Object { action: Action::Unchanged, .. }
            | Self::Serves { .. }
            | Self::Canary { .. } => {}
            Self::Object { id, action } => {
                let (word, tone) = match action {
                    Action::Created => ("created", Tone::Good),
                    Action::Changed => ("changed", Tone::Caution),
                    Action::Unchanged | Action::Deleted => ("deleted", Tone::Bad),
                };
                page.line(word, tone, &id.to_string());
            }
            Self::Log { id, lines } => {
                page.block(&format!("  log of {}:\n", text::one_line(&id.to_string())));
                for line in lines {
                    page.block(&format!("    {}\n", text::harmless(line)));
                }
            }
            Self::Evidence(failure) => failure.present(page),
            Self::Build(event) => event.present(page),
        }
    }
}

/// `diff` shows whole objects; here the lines that follow would be buried below one that is created or deleted.
fn present_change(difference: &Difference, page: &mut Page) {
    let line = |sign: &str, tone: Tone, color: bool| {
        tone.paint(&text::one_line(&format!("{sign} {}", difference.id)), color) + "\n"
    };
    let color = page.has_color();
    match difference.change {
        Change::Create => page.block(&line("+", Tone::Good, color)),
        Change::Delete => page.block(&line("-", Tone::Bad, color)),
        // Its values are quoted already.
        _ => page.block(&diff::text(std::slice::from_ref(difference), color)),
    }
}

impl Failure {
    fn present(&self, page: &mut Page) {
        for (title, found) in [
            ("events", &self.events),
            ("log", &self.log),
            ("log before the last restart", &self.previous_log),
        ] {
            if !found.is_empty() {
                page.block(&format!("  {title}:\n"));
            }
            // A log is quoted as it is: broken lines would not be found again.
            for line in found {
                page.block(&format!("    {}\n", text::harmless(line)));
            }
        }
    }
}
