//! The AWS topology: desired, observed, planned, applied, watched, destroyed.
//!
//! One way through: [`topology`] says what there should be, `observe` what there is, `plan` what differs, `execute` carries it
//! out over an [`api::Api`], which is a real account (`sdk`) or a simulated one (`simulator`).

pub mod api;
pub mod caller;
pub mod cost;
pub mod document;
pub mod draw;
pub mod estimate;
pub mod event;
pub mod execute;
pub mod export;
pub mod interrupt;
pub mod limits;
pub mod observe;
pub mod plan;
pub mod policy;
pub mod preflight;
pub mod random;
pub mod run;
#[cfg(feature = "aws")]
pub mod sdk;
pub mod simulator;
pub mod timeline;
pub mod topology;
