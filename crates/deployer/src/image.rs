//! Builds the image and gets it to the nodes, by the image crate's own program.

use anyhow::Result;
use skyward_config::{ConfigArgs, Loaded};

use crate::event::Sink;

/// The image where the nodes find it.
pub struct Delivered {
    /// As the nodes pull it.
    pub reference: String,
}

/// An image that is there already.
pub fn given(reference: &str, _: &mut dyn Sink) -> Result<Delivered> {
    Ok(Delivered { reference: reference.to_owned() })
}

/// Builds and delivers as configured.
pub fn deliver(_: &Loaded, _: &ConfigArgs, _: &mut dyn Sink) -> Result<Delivered> {
    anyhow::bail!("not wired yet")
}
