//! Layers: their compression, and the entries of their tar archive.

mod compression;

pub use compression::{Compression, decompress};
