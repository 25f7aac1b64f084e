//! The reasons why a deployment fails.

use skyward_terminal::{program, units};
use thiserror::Error;

use crate::api::CallError;
use crate::lock::LockError;
use crate::manifest::ObjectId;
use crate::rollout::Failure;

/// The reasons why a deployment fails.
#[derive(Debug, Error)]
pub enum DeployError {
    /// The API server said no, or nothing.
    #[error(transparent)]
    Call(#[from] CallError),
    /// Someone else deploys.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The namespace is going away.
    #[error(
        "applying to Namespace {namespace}: it is being deleted; run again when it is gone (`kubectl get namespace {namespace}`), or choose another one (k3s.namespace)"
    )]
    Terminating {
        /// Its name.
        namespace: String,
    },
    /// An object of the same name belongs to someone else.
    #[error(
        "applying {id}: an object of that name is there and belongs to {owner}; choose another service.name or k3s.namespace, or take it over with --force"
    )]
    Foreign {
        /// The object.
        id: ObjectId,
        /// Its owner, as far as the object tells.
        owner: String,
    },
    /// A field that the API server lets nobody change would have to be.
    #[error(
        "applying {id}: {field} differs, and Kubernetes does not let it be changed; set it back, or let the object be deleted and created again with --replace, which interrupts the service"
    )]
    Immutable {
        /// Of which object.
        id: ObjectId,
        /// Its path.
        field: String,
    },
    /// A nip.io name needs an address.
    #[error(
        "naming the Ingress: {reason}; set k3s.host, or k3s.ingress to \"any-host\" or \"none\""
    )]
    NoAddress {
        /// The reason.
        reason: String,
    },
    /// Something that was deleted is still there.
    #[error(
        "removing: {what} is still there after {seconds} s; run again to wait on, or see `kubectl describe` for what holds it"
    )]
    NotGone {
        /// The objects.
        what: String,
        /// The time that was waited.
        seconds: u64,
    },
    /// Asked to end.
    #[error(
        "interrupted: what is done is written down in the cluster, and the lock is given back. Next step: run it again; it continues from there"
    )]
    Interrupted,
    /// There is nothing to go back to.
    #[error("rolling back {release}: {reason}; `history` lists the revisions there are")]
    NoRevision {
        /// The release.
        release: String,
        /// The reason.
        reason: String,
    },
    /// A canary waits for a decision.
    #[error(
        "deploying {release}: the canary of revision {revision} runs, in {}. Next step: `{}` rolls that revision out, `{}` goes back to what served before; then run this again", units::counted((*pods).into(), "pod"), program::command("deploy-k3s promote"), program::command("deploy-k3s abort")
    )]
    CanaryRuns {
        /// The release.
        release: String,
        /// Its number.
        revision: u32,
        /// The canary's pods.
        pods: u16,
    },
    /// A canary cannot be had.
    #[error("trying {release} by a canary: {reason}")]
    NoCanary {
        /// The release.
        release: String,
        /// The reason, and the next step.
        reason: String,
    },
    /// A right is missing, and nothing was written.
    #[error(
        "deploying {release}: in namespace {namespace} we may not: {missing}; nothing was changed. Next step: have the Role bound to us that `{}` prints",
        program::command("deploy-k3s render --rights")
    )]
    Rights {
        /// The release.
        release: String,
        /// Its namespace.
        namespace: String,
        /// The rights.
        missing: String,
    },
    /// The new revision does not run.
    #[error("deploying revision {revision}: {}; {after}. Next step: {}", .failure.reason, .failure.next)]
    Failed {
        /// Its number.
        revision: u32,
        /// The reason, and what was seen.
        failure: Box<Failure>,
        /// The revision that serves now, in words.
        after: String,
    },
}
