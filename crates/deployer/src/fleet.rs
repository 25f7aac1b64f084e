//! The cluster itself: k3s on this machine, or on a handful of machines over ssh.
//!
//! One way through: [`machine`] is what the configuration lists, [`facts`] what is there, [`preflight`] what is wrong with it (for all
//! machines at once, before anything is changed), [`plan`] what is to be done, [`install`] does it. Each step is checked first and
//! safe to repeat, so that a run which was killed is gone on with by the next.
//!
//! Pure: `preflight`, [`files`], `plan`, [`upgrade::order`], [`kubeconfig`]'s merge. The rest talks, by [`connection`] alone.

pub mod connection;
pub mod down;
pub mod facts;
pub mod files;
pub mod host;
pub mod image;
pub mod install;
pub mod kubeconfig;
pub mod machine;
pub mod nodes;
pub mod plan;
pub mod preflight;
pub mod record;
pub mod release;
pub mod report;
pub mod secret;
pub mod status;
pub mod survey;
pub mod up;
pub mod upgrade;

use host::HostError;
use kubeconfig::KubeconfigError;
use preflight::Finding;
use release::ReleaseError;

/// Why a cluster is not as it was to be.
#[derive(Debug, thiserror::Error)]
pub enum FleetError {
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
    /// A file of the configuration cannot be read.
    #[error("reading {key} of the configuration: {path}: {reason}")]
    Configured {
        /// The key.
        key: &'static str,
        /// The file.
        path: String,
        /// The system's words.
        reason: String,
    },
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
