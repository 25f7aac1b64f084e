//! Applies a release: looks, plans, records, applies, follows, prunes; goes back where it fails.
//!
//! `observed` is what is there, `plan` decides, `run` carries a plan out, `fallback` goes back, `canary` stops half way, `remove` takes all away.

mod canary;
mod desired;
mod error;
mod fallback;
mod ingress_host;
mod inventory;
mod jobs;
mod objects;
mod observed;
mod plan;
mod prepare;
mod preview;
mod ready;
mod remove;
mod replicas;
mod run;
mod status;

pub use canary::{abort_target, canary_note, promotion_target};
pub use desired::{Applied, ApplyOptions, Desired, Extent, OnFailure, rollback_target};
pub use error::DeployError;
pub use ingress_host::{ingress_host, nip_io};
pub use observed::Observed;
pub use plan::ApplyPlan;
pub use prepare::{Prepared, prepare};
pub use preview::preview;
pub use remove::{NamespaceEnd, Removed, Volumes, remove};
pub use run::apply;
pub use status::{Drift, ObjectReport, PodReport, ReleaseStatus, status};
