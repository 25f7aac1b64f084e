//! The bill of materials: the crates that are part of a binary, as CycloneDX 1.6, and the OCI artifact that attaches
//! it.

mod artifact;
mod cyclonedx;
mod lock;

pub use artifact::attach;
pub use cyclonedx::{Subject, document};
pub use lock::Checksums;

/// CycloneDX in JSON.
pub const MEDIA_TYPE: &str = "application/vnd.cyclonedx+json";
