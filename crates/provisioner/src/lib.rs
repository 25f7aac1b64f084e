//! The AWS topology: desired, observed, planned, applied, watched, destroyed.
//!
//! `resource` is the vocabulary, `kind` has a file for each kind of resource, and the engine (`topology`, `observe`, `plan`,
//! `execute`) works on kinds whose types it does not know, over a [`skyward_aws::Api`]: a real account, or the simulated one
//! of [`skyward_aws::simulated`].

mod account;
mod args;
pub mod caller;
pub mod cli;
mod command;
mod console;
pub mod cost;
pub mod doctor;
pub mod document;
pub mod draw;
pub mod estimate;
pub mod event;
pub mod execute;
pub mod export;
pub mod interrupt;
pub mod kind;
pub mod limits;
pub mod observe;
pub mod plan;
pub mod policy;
pub mod preflight;
pub mod present;
pub mod price;
pub mod resource;
pub mod run;
pub mod stack;
pub mod timeline;
pub mod topology;
pub mod versions;
pub mod workload;
