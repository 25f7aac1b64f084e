//! What is rendered of a release.

mod api_server;
mod auditors;
mod definitions;
mod exceptions;
mod releases;
mod rules;
mod schemas;
mod snapshots;
#[path = "../support/mod.rs"]
mod support;
mod yaml;
