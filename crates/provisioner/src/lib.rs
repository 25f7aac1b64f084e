//! The AWS topology: desired, observed, planned, applied, watched, destroyed.
//!
//! One way through: [`topology`] says what there should be, `observe` what there is, `plan` what differs, `execute` carries it
//! out over a [`skyward_aws::Api`]: a real account, or the simulated one of `skyward-simulator`.

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
pub mod timeline;
pub mod topology;
