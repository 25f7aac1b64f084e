//! What a registry's answers say, beyond their status: faults, errors, the registry's own words.

use std::time::SystemTime;

use serde::Deserialize;

use super::client::Failed;
use super::error::RegistryError;
use super::http::{Failure, Response};
use super::retry::{Fault, retry_after};
use super::url::{Scheme, Url};

/// Reads an answer as a fault that may pass.
pub(super) fn fault(mut response: Response, now: SystemTime) -> Fault {
    let asked = response.header("retry-after").and_then(|value| retry_after(value, now));
    let detail = detail(&mut response);
    let reason = format!("the registry answers {}{detail}", response.status);
    Fault { reason, retry_after: asked }
}

/// An answer that says no, as an error.
pub(super) fn refusal(operation: &str, mut response: Response) -> RegistryError {
    let mut detail = detail(&mut response);
    if response.status == 400 && response.url.scheme == Scheme::Http && detail.contains("HTTPS") {
        detail.push_str("; it speaks https: leave out --plain-http");
    }
    RegistryError::Status {
        operation: operation.to_owned(),
        url: response.url.without_query(),
        status: response.status,
        detail,
    }
}

/// An answer that is not what the specification says, as an error.
pub(super) fn unexpected(operation: &str, url: &Url, reason: String) -> RegistryError {
    RegistryError::Answer { operation: operation.to_owned(), url: url.without_query(), reason }
}

/// A failed exchange, with what was being done.
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
    let text: String =
        text.trim().chars().filter(|letter| !letter.is_control()).take(300).collect();
    if text.is_empty() { text } else { format!(": {text}") }
}
