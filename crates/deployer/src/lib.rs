//! The service on Kubernetes: rendered, compared, applied, followed, recorded, rolled back, removed.
//!
//! One way through: [`release`] says what is to run, [`render`] makes the objects of it, [`diff`] holds them against the
//! cluster, [`deploy`] applies what differs under a [`lock`] and writes it down in [`history`], [`rollout`] decides whether
//! it runs. [`api`] is the only module that talks to the API server. The cluster itself is made by
//! the crate `skyward-k3s`.

pub mod api;
pub mod chart;
pub mod cli;
mod command;
mod common;
pub mod deploy;
pub mod diff;
pub mod doctor;
pub mod event;
pub mod forward;
pub mod history;
pub mod image;
pub mod inputs;
pub mod lock;
pub mod manifest;
pub mod operate;
pub mod release;
pub mod render;
mod rights;
pub mod rollout;
pub mod secrets;
