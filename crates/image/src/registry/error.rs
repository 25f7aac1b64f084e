//! What can go wrong between here and a registry.

use super::credentials::CredentialsError;
use super::reference::ReferenceError;

/// Why a push or a pull ended.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// A name that is no reference.
    #[error(transparent)]
    Reference(#[from] ReferenceError),
    /// Credentials that could not be read.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    /// The registry refuses the credentials, or wants some.
    #[error("{operation}: {registry} {reason}; credentials used: {origin}; {advice}")]
    Denied {
        /// What was being done, to what.
        operation: String,
        /// The registry.
        registry: String,
        /// What it wants, and its own words.
        reason: String,
        /// Where the credentials came from.
        origin: String,
        /// The next step.
        advice: &'static str,
    },
    /// No answer: the connection failed or timed out.
    #[error("{operation} at {url}: {reason}{advice}")]
    Connection {
        /// What was being done, to what.
        operation: String,
        /// The address, without its query.
        url: String,
        /// The fault.
        reason: String,
        /// The next step, with a leading separator; empty where there is none.
        advice: &'static str,
    },
    /// An answer that says no.
    #[error("{operation} at {url}: the registry answers {status}{detail}")]
    Status {
        /// What was being done, to what.
        operation: String,
        /// The address, without its query.
        url: String,
        /// The HTTP status.
        status: u16,
        /// The registry's own words, with a leading separator.
        detail: String,
    },
    /// An answer that is not what the distribution specification says.
    #[error("{operation} at {url}: {reason}")]
    Answer {
        /// What was being done, to what.
        operation: String,
        /// The address, without its query.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Bytes that are not those their digest names.
    #[error("{what}: the digest is {found}, expected {expected}")]
    Digest {
        /// Which bytes, from where.
        what: String,
        /// The digest they were asked for by.
        expected: String,
        /// The digest they have.
        found: String,
    },
    /// The image to push could not be read.
    #[error("cannot read {what} of the image to push")]
    Image {
        /// Which part.
        what: String,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A bound of the retry policy was met.
    #[error("gave up: {bound}")]
    GaveUp {
        /// Which bound.
        bound: String,
        /// The last fault.
        source: Box<RegistryError>,
    },
    /// Another part of the same push failed first.
    #[error("ended because another part of the push failed")]
    Cancelled,
}

impl RegistryError {
    pub(super) fn image(what: impl Into<String>, source: anyhow::Error) -> Self {
        Self::Image { what: what.into(), source: source.into() }
    }
}
