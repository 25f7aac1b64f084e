//! The ways in which the work with a registry fails. A registry's answer holds its own words, which
//! belong in the error.

use std::time::SystemTime;

use serde::Deserialize;
use skyward_terminal::text::one_line;

use super::client::Failed;
use super::credentials::CredentialsError;
use super::http::{Failure, Response};
use super::reference::ReferenceError;
use super::retry::{TransientFault, retry_after};
use super::url::{Scheme, Url};
use crate::event::Cancelled;

/// The reason why a push or a pull ended.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// A text that is not a reference.
    #[error(transparent)]
    Reference(#[from] ReferenceError),
    /// Credentials that could not be read.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    /// The registry refuses the credentials, or wants some.
    #[error("{operation}: {registry} {reason}; credentials used: {origin}; {advice}")]
    Denied {
        /// The operation and its object.
        operation: String,
        /// The registry.
        registry: String,
        /// The login that it wants, and its own words.
        reason: String,
        /// The place where the credentials were found.
        origin: String,
        /// The next step.
        advice: &'static str,
    },
    /// No answer: the connection failed or timed out.
    #[error("{operation} at {url}: {reason}{advice}")]
    Connection {
        /// The operation and its object.
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
        /// The operation and its object.
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
        /// The operation and its object.
        operation: String,
        /// The address, without its query.
        url: String,
        /// The mistake in it.
        reason: String,
    },
    /// Bytes that are not those their digest names.
    #[error("{what}: the digest is {found}, expected {expected}")]
    Digest {
        /// The bytes and their place.
        what: String,
        /// The digest they were asked for by.
        expected: String,
        /// The digest they have.
        found: String,
    },
    /// The image to push could not be read.
    #[error("cannot read {what} of the image to push")]
    Image {
        /// The part.
        what: String,
        /// The reason.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A bound of the retry policy was met.
    #[error("gave up: {bound}")]
    GaveUp {
        /// The bound.
        bound: String,
        /// The last fault.
        source: Box<RegistryError>,
    },
    /// Another part of the same push failed first.
    #[error("ended because another part of the push failed")]
    Cancelled,
    /// The caller asked the work to stop.
    #[error("interrupted")]
    Interrupted,
}

impl From<Cancelled> for RegistryError {
    fn from(_: Cancelled) -> Self {
        Self::Interrupted
    }
}

impl RegistryError {
    pub(super) fn image(what: impl Into<String>, source: anyhow::Error) -> Self {
        Self::Image { what: what.into(), source: source.into() }
    }
}

/// Reads an answer as a fault that may pass.
pub(super) fn fault(mut response: Response, now: SystemTime) -> TransientFault {
    let asked = response.header("retry-after").and_then(|value| retry_after(value, now));
    let detail = detail(&mut response);
    let reason = format!("the registry answers {}{detail}", response.status);
    TransientFault { reason, retry_after: asked }
}

/// An answer that says no, as an error.
pub(super) fn refusal(operation: &str, mut response: Response) -> RegistryError {
    let mut detail = detail(&mut response);
    if response.status == 400 && response.url.scheme == Scheme::Http && detail.contains("HTTPS") {
        detail.push_str("; it speaks https: leave out --plain-http");
    }
    if response.status == 404 && detail.contains("NAME_UNKNOWN") {
        detail.push_str(&absent_repository(&response.url));
    }
    RegistryError::Status {
        operation: operation.to_owned(),
        url: response.url.without_query(),
        status: response.status,
        detail,
    }
}

/// The next step where the registry makes no repository by itself, as ECR does not.
fn absent_repository(url: &Url) -> String {
    let path = url.path.trim_start_matches("/v2/");
    let end = ["/blobs/", "/manifests/"].iter().filter_map(|part| path.find(part)).min();
    let name = &path[..end.unwrap_or(0)];
    if url.host().contains(".dkr.ecr") {
        format!("; make the repository: aws ecr create-repository --repository-name {name}")
    } else {
        format!("; make the repository {name} at the registry")
    }
}

/// An answer that is not what the specification says, as an error.
pub(super) fn unexpected(operation: &str, url: &Url, reason: String) -> RegistryError {
    RegistryError::Answer { operation: operation.to_owned(), url: url.without_query(), reason }
}

/// A request that failed, with the operation that it belongs to.
pub(super) fn connection(operation: &str, url: &Url, failure: Failure) -> Failed {
    match failure {
        Failure::Fault(fault) => Failed::Fault(fault),
        Failure::Fatal(reason, advice) => Failed::Fatal(RegistryError::Connection {
            operation: operation.to_owned(),
            url: url.without_query(),
            reason,
            advice,
        }),
    }
}

#[derive(Deserialize)]
struct Errors {
    errors: Vec<OneError>,
}

#[derive(Deserialize)]
struct OneError {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
}

/// The most characters of a registry's own words in an error.
const LONGEST_DETAIL: usize = 300;

/// The registry's own words (distribution-spec, "Error Codes"), with a leading separator.
pub(super) fn detail(response: &mut Response) -> String {
    let Ok(body) = response.bytes(1 << 16) else {
        return String::new();
    };
    let text = match serde_json::from_slice::<Errors>(&body) {
        Ok(Errors { errors }) => {
            let lines = errors.iter().map(|error| format!("{} {}", error.code, error.message));
            lines.collect::<Vec<_>>().join(", ")
        }
        // A proxy's page of HTML says nothing that a person wants on a line.
        Err(_) => String::from_utf8_lossy(&body).lines().next().unwrap_or("").to_owned(),
    };
    let text: String = one_line(&text).chars().take(LONGEST_DETAIL).collect();
    if text.is_empty() { text } else { format!(": {text}") }
}
