//! Errors of the commands: what a machine, a release, the configuration or the kubeconfig makes impossible.

use super::cluster::SettingError;
use super::event::Finding;
use super::host::HostError;
use super::kubeconfig::KubeconfigError;
use super::release::ReleaseError;

/// Why a cluster is not as it was to be.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// Something is wrong with machines; all of it has been told as findings.
    #[error(
        "{}; nothing was changed. Next step: correct what is said above, then run this again",
        counted(findings)
    )]
    Findings {
        /// What is wrong.
        findings: Vec<Finding>,
    },
    /// Some machines did not get there; each has been told.
    #[error("{of}: {} of {machines} machines did not get there: {}. Next step: {next}", failed.len(), failed.join(", "))]
    Machines {
        /// What was done.
        of: &'static str,
        /// How many there are.
        machines: usize,
        /// Those that failed.
        failed: Vec<String>,
        /// What to do.
        next: &'static str,
    },
    /// A step on a machine has failed.
    #[error(transparent)]
    Host(#[from] HostError),
    /// The release cannot be had.
    #[error(transparent)]
    Release(#[from] ReleaseError),
    /// The kubeconfig cannot be read or written.
    #[error(transparent)]
    Kubeconfig(#[from] KubeconfigError),
    /// The configuration asks for something that is not there.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// The request does not fit what is there.
    #[error("{0}")]
    Unfit(String),
}

fn counted(findings: &[Finding]) -> String {
    match findings.len() {
        1 => "1 finding".to_owned(),
        many => format!("{many} findings"),
    }
}
