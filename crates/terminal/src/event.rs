//! Everything that happens while a command runs, as one model for all commands.
//!
//! A command emits events and prints nothing itself; the renderers in [`crate::render`] decide what is shown. Most of what
//! a command does is a *step* on an *object*: create `db-cluster`, upload `blob 3f2a`, install k3s on `node-1`. A step is
//! [`Event::Planned`], [`Event::Started`], in [`Event::Progress`], and then [`Event::Done`] or [`Event::Failed`], always
//! with the same `object` and `action`, so that a script can follow it. What only one crate tells has a type of that
//! crate, `Event<Own>`. Its tags share one namespace with those here: no `Own` may have a variant called `note` or `done`.
//!
//! In JSON an event is one object: its kind is `event` in kebab-case, its fields are in `snake_case`, seconds end in
//! `_s` (`seconds` itself is how long something took), and `schema` is [`SCHEMA`].

use serde::{Deserialize, Serialize};

/// The version of the events' JSON. It is raised when a field changes its meaning or goes; new fields and kinds may come at
/// any time.
pub const SCHEMA: u32 = 1;

/// Something that happened, is under way, or should be known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(bound = ""))]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event<Own = Nothing> {
    /// Something that people should know and nothing depends on.
    Note {
        /// One sentence.
        text: String,
    },
    /// Something that will probably turn out wrong, although the command continues.
    Warning {
        /// One sentence.
        text: String,
    },
    /// Something that a check found.
    Finding(Finding),
    /// A step that is to be taken.
    Planned(Step),
    /// The work on a step begins.
    Started(Step),
    /// A step is under way, and what it waits for has changed.
    Progress(Progress),
    /// A step is complete.
    Done(Done),
    /// A step failed, or could not begin.
    Failed(Failed),
    /// A call to another system; emitted where `-v` asks.
    Call(Call),
    /// The end of the command.
    Finished {
        /// One sentence.
        text: String,
        /// The address to open.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        address: Option<String>,
    },
    /// An event that only one crate has.
    #[cfg_attr(feature = "schema", schemars(skip))]
    #[serde(untagged)]
    Own(Own),
}

/// The events of a command that has none of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Nothing {}

/// The weight of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Good to know.
    Note,
    /// Probably not what was meant.
    Warning,
    /// Nothing is changed until it is put right.
    Error,
}

/// Something that a check found before anything was changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Finding {
    /// Its weight.
    pub severity: Severity,
    /// The thing that it is about, such as a machine.
    pub object: String,
    /// The problem.
    pub text: String,
    /// The next step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A step that is to be taken, or begins.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Step {
    /// The thing that is worked on, such as `db-cluster` or `Deployment web`.
    pub object: String,
    /// The action on it, such as `create` or `upload`.
    pub action: String,
    /// Seconds that it usually takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_s: Option<f64>,
    /// The whole command is expected to wait for this step.
    #[serde(default, skip_serializing_if = "is_false")]
    pub is_critical: bool,
}

/// A step under way.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Progress {
    /// The thing that is worked on.
    pub object: String,
    /// The action on it; empty where it is only waited for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub action: String,
    /// Its state and what it lacks, such as `1 of 2 pods ready`.
    pub state: String,
    /// Seconds since it began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elapsed_s: Option<f64>,
    /// Seconds that it will probably still take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remaining_s: Option<f64>,
    /// Seconds until the wait is given up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit_s: Option<f64>,
    /// Bytes that are through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes_done: Option<u64>,
    /// Bytes in all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes_total: Option<u64>,
}

/// A step that is complete.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Done {
    /// The thing that was worked on.
    pub object: String,
    /// The action on it.
    pub action: String,
    /// The outcome in words, such as `created` or `the registry has it already`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// Seconds that it took.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
}

/// A step that failed, or could not begin.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Failed {
    /// The thing that was worked on.
    pub object: String,
    /// The action on it.
    pub action: String,
    /// The reason of the failure.
    pub reason: String,
    /// The next step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A call to another system. Nothing secret is in it: no header, no body, no query that carries a token.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Call {
    /// The system that was called, such as `ec2`, `registry ghcr.io` or `ssh node-1`.
    pub peer: String,
    /// The operation that was asked for, such as `PATCH deployments/web`.
    pub operation: String,
    /// Seconds until the answer.
    pub seconds: f64,
    /// The outcome: `ok`, or the error's class.
    pub outcome: String,
    /// The status of an HTTP answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The peer's own name for the call, for its support.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The number of the try, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for this signature")]
fn is_false(value: &bool) -> bool {
    !value
}

impl<Own> Event<Own> {
    /// A note.
    pub fn note(text: impl Into<String>) -> Self {
        Self::Note { text: text.into() }
    }

    /// A warning.
    pub fn warning(text: impl Into<String>) -> Self {
        Self::Warning { text: text.into() }
    }

    /// A step that is to be taken.
    pub fn planned(object: impl Into<String>, action: impl Into<String>) -> Self {
        Self::Planned(Step { object: object.into(), action: action.into(), ..Step::default() })
    }

    /// A step that begins.
    pub fn started(object: impl Into<String>, action: impl Into<String>) -> Self {
        Self::Started(Step { object: object.into(), action: action.into(), ..Step::default() })
    }

    /// A step that is complete, with what came of it.
    pub fn done(
        object: impl Into<String>,
        action: impl Into<String>,
        outcome: impl Into<String>,
    ) -> Self {
        Self::Done(Done {
            object: object.into(),
            action: action.into(),
            outcome: Some(outcome.into()),
            seconds: None,
        })
    }

    /// The end of the command.
    pub fn finished(text: impl Into<String>) -> Self {
        Self::Finished { text: text.into(), address: None }
    }

    /// Hands an event of a linked crate on: shared variants as they are, its own by `own`.
    pub fn map<Other>(self, own: impl FnOnce(Own) -> Event<Other>) -> Event<Other> {
        match self {
            Self::Note { text } => Event::Note { text },
            Self::Warning { text } => Event::Warning { text },
            Self::Finding(finding) => Event::Finding(finding),
            Self::Planned(step) => Event::Planned(step),
            Self::Started(step) => Event::Started(step),
            Self::Progress(progress) => Event::Progress(progress),
            Self::Done(done) => Event::Done(done),
            Self::Failed(failed) => Event::Failed(failed),
            Self::Call(call) => Event::Call(call),
            Self::Finished { text, address } => Event::Finished { text, address },
            Self::Own(event) => own(event),
        }
    }
}

/// Takes events as they happen. Closures are sinks, which is what tests use.
pub trait Sink<Own = Nothing> {
    /// Takes one event.
    fn emit(&self, event: Event<Own>);
}

impl<Own, F: Fn(Event<Own>)> Sink<Own> for F {
    fn emit(&self, event: Event<Own>) {
        self(event);
    }
}

/// The amount that a command tells beside its events.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// No calls.
    #[default]
    Normal,
    /// `-v`: each call to another system, with its time.
    Calls,
    /// `-vv`: each call also with its status, its try and the peer's request ID.
    Details,
}
