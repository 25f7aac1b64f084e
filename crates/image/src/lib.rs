//! Builds, inspects, pushes and loads OCI images. Never needs a daemon.

pub mod access;
pub mod build;
pub mod canonical;
pub mod cargo;
pub mod digest;
pub mod dive;
pub mod elf;
pub mod layer;
pub mod load;
pub mod pack;
pub mod platform;
mod process;
pub mod registry;
pub mod resolve;
pub mod run;
pub mod sbom;
pub mod settings;
pub mod source;
pub mod store;
pub mod time;
pub mod unpack;
pub mod verify;
pub mod write;
