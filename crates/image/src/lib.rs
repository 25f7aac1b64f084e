//! Builds, inspects, pushes and loads OCI images. Never needs a daemon.

pub mod canonical;
pub mod digest;
pub mod layer;
pub mod pack;
pub mod registry;
pub mod source;
pub mod store;
pub mod time;
pub mod verify;
pub mod write;
