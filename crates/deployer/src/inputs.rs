//! Reads the files and the objects of the user's own that the configuration points to, and looks at the Secrets of the namespace.

mod files;
mod own;
mod secrets;

use std::collections::BTreeMap;

use skyward_config::Loaded;

use crate::release::Inputs;

pub use files::InputError;
pub use own::looked_up;
pub use secrets::{Missing, hashes, referenced};

/// Reads the files that the configuration names.
///
/// # Errors
/// One cannot be read, or holds an object that the release cannot have.
pub fn read(loaded: &Loaded) -> Result<Inputs, InputError> {
    let (files, manifests) = (files::read(loaded)?, own::read(loaded)?);
    Ok(Inputs { files, secrets: BTreeMap::new(), manifests })
}
