use thiserror::Error;

/// The reason why a release cannot be rendered: no pod of it could serve.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{key}: {reason}")]
pub struct RenderError {
    /// The key of the configuration.
    pub key: String,
    /// The mistake in its value, and what would be right.
    pub reason: String,
}
