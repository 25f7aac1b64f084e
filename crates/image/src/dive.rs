//! The rules of dive, v0.13.1: how much of an image is wasted, and whether that is too much. The formulas are dive's,
//! with its edge cases; `exact` gives the true figures instead.

mod efficiency;
mod exact;
mod number;
mod rules;
mod rules_file;
mod tree;

use anyhow::Result;
use oci_spec::image::Descriptor;

use crate::layer::{self, Entry, Limits};
use crate::resolve::Resolved;
use crate::source::Source;

pub use efficiency::{Analysis, Wasted, analyze};
pub use exact::analyze as analyze_exactly;
pub use number::{human_bytes, parse_bytes};
pub use rules::{Outcome, Rule, Rules, Status, Verdict, evaluate, text};
pub use rules_file::{Mistake, Place, RulesError, parse as parse_rules, read as read_rules};

/// A layer, without the contents of its files.
#[derive(Clone, Debug)]
pub struct Layer {
    /// The blob.
    pub descriptor: Descriptor,
    /// The command that made it, as the configuration's history says.
    pub command: String,
    /// The entries, in the order of the archive.
    pub entries: Vec<Entry>,
}

impl Layer {
    /// The sum of the sizes that the entries' headers state, in bytes: dive's size of a layer.
    pub fn size(&self) -> u64 {
        self.entries.iter().map(|entry| entry.size).sum()
    }
}

/// The layers of an image, the lowest first.
#[derive(Clone, Debug, Default)]
pub struct Contents {
    /// The layers.
    pub layers: Vec<Layer>,
}

/// Reads all layers of `image`, with the digests of the blobs and of what is in them checked.
pub fn read(source: &dyn Source, image: &Resolved, limits: Limits) -> Result<Contents> {
    let described = image.layers()?;
    let mut commands = commands(image, described.len());
    let mut layers = Vec::with_capacity(described.len());
    for (index, (descriptor, diff_id)) in described.into_iter().enumerate() {
        let mut entries = Vec::new();
        layer::visit(source, descriptor, diff_id, limits, |entry, _| {
            entries.push(entry);
            Ok(())
        })?;
        layers.push(Layer {
            descriptor: descriptor.clone(),
            command: std::mem::take(&mut commands[index]),
            entries,
        });
    }
    Ok(Contents { layers })
}

/// The history's command for each layer, as dive assigns them (`dive/image/docker/image_archive.go`, `ToImage`).
fn commands(image: &Resolved, layers: usize) -> Vec<String> {
    let history = image.config.history().as_deref().unwrap_or_default();
    let mut commands = history.iter().filter(|step| step.empty_layer() != Some(true)).map(|step| {
        let command = step.created_by().as_deref().unwrap_or_default();
        command.strip_prefix("/bin/sh -c ").unwrap_or(command).to_owned()
    });
    (0..layers).map(|_| commands.next().unwrap_or_else(|| "(missing)".to_owned())).collect()
}
