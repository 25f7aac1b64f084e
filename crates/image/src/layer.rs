//! Layers: their compression, and the entries of their tar archive.

mod compression;
mod entries;
mod visit;

pub use compression::{Compression, decompress};
pub use entries::{Entry, Kind, Limits, walk};
pub use visit::visit;
