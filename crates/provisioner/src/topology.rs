//! The desired topology: the brief's diagram as typed resources, each with what it needs first.
//!
//! [`desired`] is pure. Every name, tag, network and token in it follows from the configuration, the account and the zones,
//! so that a second run asks for the very same things.

mod build;
mod database;
mod edge;
mod instances;
mod names;
mod network;
mod refs;
mod resource;
mod spec;
mod storage;

pub use build::{Place, desired};
pub(crate) use instances::{ROLE_POLICY, image_parameter};
pub use names::{Names, RESOURCE_TAG};
pub use network::{Networks, networks};
pub use resource::{Id, Kind, Resource, Topology};
pub use skyward_aws::STACK_TAG;
pub use spec::*;
