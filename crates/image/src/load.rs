//! Loads an archive into the container engines of this machine, by their own programs.
//!
//! `archive` reads what the engine must have afterwards, `engine` knows each engine's commands
//! and words, `run` calls them.

mod archive;
mod engine;
mod run;

pub use archive::Expected;
pub use engine::Engine;
pub use run::{LoadError, Loaded, Options, Unusable, load, preflight};
