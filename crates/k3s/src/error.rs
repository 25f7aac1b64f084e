//! Errors of the commands: what a machine, a release, the configuration or the kubeconfig makes impossible.

use std::time::Duration;

use skyward_terminal::event::Finding;
use skyward_terminal::{program, units};

use super::cluster::SettingError;
use super::host::HostError;
use super::kubeconfig::KubeconfigError;
use super::lock::Rival;
use super::saved::SnapshotError;

/// The reason that a command on the cluster failed.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// Checks before the first change found problems; each of them was reported.
    #[error(
        "checking the machines: {}; nothing was changed. Next step: solve what is listed above, then run the command again",
        units::counted(.0.len(), "problem")
    )]
    Findings(Vec<Finding>),
    /// Another operator changes the machines, and did for as long as we waited.
    #[error(
        "cannot lock cluster {cluster}: on {machine}, {} has been running `{}` since {}, and still did after {} s; nothing was changed. Next step: wait until that has ended, then run the command again",
        rival.who, rival.command, rival.since(), waited.as_secs()
    )]
    Locked {
        /// The cluster.
        cluster: String,
        /// The machine that is locked.
        machine: String,
        /// The holder of the lock.
        rival: Rival,
        /// The time that we waited.
        waited: Duration,
    },
    /// Some machines failed; each of them was reported.
    #[error("{operation}: {} of {machines} machines failed: {}. Next step: {next}", failed.len(), failed.join(", "))]
    Machines {
        /// The operation, such as `setting the cluster up`.
        operation: &'static str,
        /// The number of machines.
        machines: usize,
        /// Those that failed.
        failed: Vec<String>,
        /// The advice.
        next: &'static str,
    },
    /// A step on a machine failed.
    #[error(transparent)]
    Host(#[from] HostError),
    /// The kubeconfig cannot be read or written.
    #[error(transparent)]
    Kubeconfig(#[from] KubeconfigError),
    /// The file of a snapshot cannot be read or written.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// A setting cannot be used.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// The archive of an image cannot be read.
    #[error(
        "reading the image archive {path}: {reason}. Next step: name an archive that `{}` wrote",
        program::command("image build")
    )]
    Archive {
        /// The file.
        path: String,
        /// The reason.
        reason: String,
    },
    /// The system gives no random bytes.
    #[error("making the ID of the cluster: {0}")]
    Random(std::io::Error),
}
