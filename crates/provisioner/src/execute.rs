//! Carries a plan out: each step begins when what it needs is ready, as wide as the graph allows.
//!
//! Every step can be done twice: by a client token where AWS takes one, by a name that only one thing can have, or by looking
//! first. What has neither token nor name (VPC, internet gateway, address) is looked for again after a delay: see `unique`.

mod batch;
mod bucket;
mod context;
mod database;
mod delete;
mod edge;
mod graph;
mod groups;
mod identity;
mod instances;
mod network;
mod refresh;
mod routes;
mod tags;
mod unique;
mod ways;

pub(crate) use context::Run;
pub use context::Settings;
pub(crate) use graph::execute;
pub use graph::{Failure, Report};
