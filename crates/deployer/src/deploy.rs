//! Applies a release: looks, plans, records, applies, follows, prunes; goes back where it fails.
//!
//! `state` is what is there, `plan` decides, `run` carries a plan out, `fallback` goes back, `remove` takes all away.

mod error;
mod fallback;
mod inventory;
mod namespace;
mod objects;
mod plan;
mod preview;
mod remove;
mod replicas;
mod rollback;
mod run;
mod state;
mod status;
mod way_in;
mod wish;

pub use error::DeployError;
pub use plan::Plan;
pub use preview::preview;
pub use remove::{Removed, remove};
pub use rollback::rollback_target;
pub use run::apply;
pub use state::State;
pub use status::{Drift, ObjectReport, PodReport, Report, status};
pub use way_in::{nip_io, way_in};
pub use wish::{Applied, OnFailure, Options, Wish};
