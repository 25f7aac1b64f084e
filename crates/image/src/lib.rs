//! Builds, inspects, pushes and loads OCI images. Never needs a daemon.

pub mod source;
