//! A simulated AWS account: the same [`crate::api::Api`] as a real one, on a virtual clock.
//!
//! [`Account`] is what there is, [`Client`] a process that calls it, [`Faults`] what goes wrong for that process. All times
//! are those of tokio's clock: in a runtime whose time is paused, an apply of twenty minutes takes milliseconds. Everything
//! follows from the seed and the order of the calls. What is assumed of AWS, and on whose word, is in [`ASSUMPTIONS`].
#![expect(
    clippy::needless_pass_by_value,
    clippy::unnecessary_wraps,
    clippy::unused_self,
    reason = "an operation takes its call, and answers as every other"
)]

mod account;
mod addresses;
mod assumptions;
mod backend;
mod balancer;
mod buckets;
mod cidr;
mod client;
mod database;
mod db_subnets;
mod endpoints;
mod faults;
mod fleet;
mod groups;
mod health;
mod instances;
mod interfaces;
mod limits;
mod listeners;
mod network;
mod preflight;
mod random;
mod roles;
mod routes;
mod scaling;
mod settings;
mod state;
mod store;
mod tags;
mod templates;
mod world;

#[cfg(test)]
mod tests;

pub use account::{Account, Item};
pub use assumptions::{ASSUMPTIONS, Assumption, Source, assumptions_markdown};
pub use client::Client;
pub use faults::Faults;
pub use settings::{Settings, Zone};
