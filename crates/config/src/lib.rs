//! Skyward's configuration: one file, `skyward.toml`, its environments, `SKYWARD_…` variables and flags, merged into typed values that know where
//! they came from. Pure but for reading the one file named; depends on no other crate of the workspace.

mod args;
mod error;
mod grammar;
mod model;
mod origin;

pub use args::{ConfigArgs, Loaded};
pub use error::ConfigError;
pub use model::{Aws, Compression, Config, Image, K3s, LogFormat, Service};
pub use origin::{Origin, Origins};
