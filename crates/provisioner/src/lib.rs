//! The AWS topology: desired, observed, planned, applied, watched, destroyed.
//!
//! One way through: [`topology`] says what there should be, `observe` what there is, `plan` what differs, `execute` carries it
//! out over an [`api::Api`], which is a real account (`sdk`) or a simulated one (`simulator`).

pub mod api;
#[cfg(feature = "aws")]
pub mod sdk;
pub mod topology;
