//! Builds, inspects, pushes and loads OCI images. Never needs a daemon.

pub mod access;
pub mod canonical;
pub mod digest;
pub mod dive;
pub mod layer;
pub mod pack;
pub mod platform;
pub mod registry;
pub mod resolve;
pub mod source;
pub mod store;
pub mod time;
pub mod verify;
pub mod write;
