//! What is rendered of a release.

mod api_server;
mod auditors;
mod command;
mod definitions;
mod exceptions;
mod health;
pub mod releases;
mod rules;
mod schemas;
mod snapshots;
mod yaml;
