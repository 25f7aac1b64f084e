//! What happens while a command runs. The terminal, plain lines and JSON are renderers of these.

use serde::Serialize;

use crate::manifest::ObjectId;

/// Something that happened, or that is waited for.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// Which cluster is talked to, and why that one.
    Cluster {
        /// The context of the kubeconfig.
        context: String,
        /// The API server's address.
        server: String,
    },
    /// The image is where the nodes find it.
    Image {
        /// As the nodes pull it.
        reference: String,
    },
    /// Something that people should know and nothing depends on.
    Note {
        /// One sentence.
        text: String,
    },
    /// What applying would change of one object.
    Change(crate::diff::Difference),
    /// An object was applied or deleted.
    Object {
        /// Which.
        id: ObjectId,
        /// What was done.
        action: Action,
    },
    /// The state of something that is waited for has changed.
    Waiting {
        /// What is waited for, such as `Deployment web`.
        on: String,
        /// How far it is and what it lacks, such as `1 of 2 pods ready; web-7f: pulling the image`.
        state: String,
        /// Seconds that are left until the wait is given up.
        remaining_s: u64,
    },
    /// Work is under way.
    Progress {
        /// What is worked on, such as `image`.
        on: String,
        /// What is being done, such as `compiling web for x86_64-unknown-linux-musl`.
        state: String,
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
    /// A rollout has failed; told before anything is rolled back.
    Failed(Box<Failure>),
    /// The end of the command.
    Finished {
        /// The revision that serves now.
        revision: Option<u32>,
        /// One sentence.
        text: String,
        /// The address to open.
        #[serde(skip_serializing_if = "Option::is_none")]
        address: Option<String>,
    },
}

/// What was done to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
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

/// Why a rollout has failed, with what was seen while the failing pod was still there.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Failure {
    /// One line: what, of which object, why.
    pub reason: String,
    /// What to do about it.
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
    /// What the cluster said of the failing pod, newest last.
    pub events: Vec<String>,
    /// The end of the container's log.
    pub log: Vec<String>,
    /// The end of the log of the container before the last restart.
    pub previous_log: Vec<String>,
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
