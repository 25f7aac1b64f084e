//! What is rendered of a release.

mod exceptions;
mod releases;
mod snapshots;
