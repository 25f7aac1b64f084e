//! Skyward's configuration: one file, `skyward.toml`, its environments, `SKYWARD_…` variables and
//! flags, merged into typed values that know where they came from. Pure but for reading the one
//! file; depends on no other crate of the workspace.
//!
//! One way through: [`ConfigArgs::load`] finds and reads the file (`file`), `resolve` merges what
//! `document` (the file) and `setting` (variables and flags) make of their text, `validate` holds
//! it against the `shape` that `schema` derives from the types in `model` and the forms in
//! `grammar`, and `rules` checks what concerns several keys.

mod args;
mod document;
mod effective;
mod error;
mod file;
mod grammar;
mod keys;
mod model;
mod origin;
mod problem;
mod recovery;
mod reference;
mod resolve;
mod rules;
mod schema;
mod setting;
mod shape;
mod tree;
mod validate;

pub use args::{ConfigArgs, Loaded};
pub use effective::Effective;
pub use error::ConfigError;
pub use model::{
    Aws, Compression, Config, DatabaseEngine, DatabaseStorage, Delivery, Image, Ingress, K3s,
    LogFormat, Machine, Role, Service,
};
pub use origin::{Origin, Origins};
pub use problem::{Problem, Problems};
pub use reference::reference;
pub use resolve::{Input, Resolved, resolve};
pub use schema::schema;
