//! Whether a rollout is done, has failed and why.

use serde::Serialize;

/// Why a rollout has failed, with what was seen while the failing pod was still there.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Failure {
    /// One line: what, of which object, why.
    pub reason: String,
    /// What to do about it.
    pub next: String,
    /// What the cluster said of the failing pod, newest last.
    pub events: Vec<String>,
    /// The end of the container's log.
    pub log: Vec<String>,
    /// The end of the log of the container before the last restart.
    pub previous_log: Vec<String>,
}
