//! Interprets a `Status` of the API server.
//!
//! Its `reason` and `details.causes` are read where they say it. Where they do not (RBAC's refusals, quotas, policies), the
//! message is: its wording is that of Kubernetes 1.33 to 1.36, and other words lead to a less exact reason, never to a
//! wrong one.

use std::time::Duration;

use kube::core::Status;
use kube::core::response::StatusCause;

use super::super::error::{Denied, Reason};
use super::super::retry::Retryable;
use super::AttemptError;

/// From what the server says.
pub(in super::super) fn of_status(status: &Status) -> AttemptError {
    let (reason, retryable) = read(status);
    let asked = status.details.as_ref().map_or(0, |details| details.retry_after_seconds);
    let retry_after = (asked > 0).then(|| Duration::from_secs(asked.into()));
    AttemptError { retry_after, ..AttemptError::answered(reason, retryable) }
}

fn read(status: &Status) -> (Reason, Retryable) {
    let lasting = |reason| (reason, Retryable::None);
    if let Some(namespace) = terminating(status) {
        return lasting(Reason::Terminating(namespace));
    }
    let text = || status.message.clone();
    match status.code {
        400 => lasting(bad_request(status)),
        401 => lasting(Reason::Unauthorized),
        403 => lasting(forbidden(&status.message)),
        404 => lasting(not_found(status)),
        409 => lasting(conflict(status)),
        410 => lasting(Reason::Gone),
        422 => lasting(invalid(status)),
        500 => failing(status),
        429 | 502..=504 => (Reason::Unavailable(busy(status)), Retryable::Long),
        code => lasting(Reason::Other(format!("status {code}: {}", text()))),
    }
}

fn causes(status: &Status) -> &[StatusCause] {
    status.details.as_ref().map_or(&[], |details| &details.causes)
}

/// `NamespaceTerminating` (apiserver, plugin/namespace/lifecycle), with 403 or 409.
fn terminating(status: &Status) -> Option<String> {
    let cause = causes(status).iter().find(|cause| cause.reason == "NamespaceTerminating")?;
    let name = between(&cause.message, "namespace ", " is being terminated");
    Some(name.unwrap_or(&cause.message).to_owned())
}

fn bad_request(status: &Status) -> Reason {
    if status.message.starts_with("admission webhook ") {
        return Reason::Admission(status.message.clone());
    }
    if status.message.contains("unknown field") || status.message.contains("duplicate field") {
        Reason::UnknownField(status.message.clone())
    } else {
        Reason::Invalid(status.message.clone())
    }
}

/// RBAC's words: apiserver, endpoints/handlers/responsewriters/errors.go; a quota's: admission/plugin/resourcequota.
fn forbidden(message: &str) -> Reason {
    if message.contains(" quota: ") {
        return Reason::Quota(message.to_owned());
    }
    match denied(message) {
        Some(denied) => Reason::Forbidden(Box::new(denied)),
        None => Reason::Admission(message.to_owned()),
    }
}

/// `… is forbidden: User "u" cannot patch resource "deployments" in API group "apps" in the namespace "n"`.
fn denied(message: &str) -> Option<Denied> {
    let message = message.get(message.find("User \"")?..)?;
    let user = between(message, "User \"", "\" cannot ")?;
    let verb = between(message, "\" cannot ", " ")?;
    let resource =
        between(message, " resource \"", "\"").or_else(|| between(message, " path \"", "\""))?;
    Some(Denied {
        user: user.to_owned(),
        verb: verb.to_owned(),
        resource: resource.to_owned(),
        group: between(message, " in API group \"", "\"").unwrap_or_default().to_owned(),
        namespace: between(message, " in the namespace \"", "\"").map(str::to_owned),
    })
}

fn not_found(status: &Status) -> Reason {
    match &status.details {
        Some(details) if details.kind == "namespaces" => Reason::NoNamespace(details.name.clone()),
        Some(_) => Reason::NotFound,
        // A path that the API server does not serve is answered without details.
        None => Reason::NoKind,
    }
}

fn conflict(status: &Status) -> Reason {
    if status.reason == "AlreadyExists" {
        return Reason::AlreadyExists;
    }
    let fields: Vec<(String, String)> = causes(status)
        .iter()
        .filter(|cause| cause.reason == "FieldManagerConflict")
        .map(|cause| (owner(&cause.message), cause.field.clone()))
        .collect();
    if fields.is_empty() { Reason::Changed } else { Reason::Conflict { fields } }
}

/// `conflict with "helm" using apps/v1 at 2026-…` or `conflict with "helm" with subresource "scale"`.
fn owner(message: &str) -> String {
    between(message, "conflict with \"", "\"").unwrap_or(message).to_owned()
}

fn invalid(status: &Status) -> Reason {
    // apimachinery, api/validation: FieldImmutableErrorMsg, and the Service's cluster addresses.
    const FIXED: [&str; 3] =
        ["field is immutable", "may not change once set", "may not be changed"];
    let fixed =
        causes(status).iter().find(|cause| FIXED.iter().any(|words| cause.message.contains(words)));
    if let Some(cause) = fixed {
        return Reason::Immutable { field: cause.field.clone() };
    }
    if status.message.contains(" denied request: ") {
        return Reason::Admission(status.message.clone());
    }
    Reason::Invalid(status.message.clone())
}

/// 500: the server's own trouble, which may pass, but also what it says of an object that it cannot read.
fn failing(status: &Status) -> (Reason, Retryable) {
    let text = status.message.clone();
    if text.contains("failed calling webhook") {
        return (Reason::Admission(text), Retryable::Short);
    }
    if text.contains("field not declared in schema") {
        return (Reason::UnknownField(text), Retryable::None);
    }
    if text.contains("failed to create typed patch object") {
        return (Reason::Invalid(text), Retryable::None);
    }
    (Reason::Unavailable(busy(status)), Retryable::Long)
}

fn busy(status: &Status) -> String {
    match status.message.trim().trim_end_matches('.') {
        "" => format!("the API server, or a proxy before it, answers {}", status.code),
        text => format!("the API server answers {}: {text}", status.code),
    }
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let rest = &text[text.find(before)? + before.len()..];
    Some(&rest[..rest.find(after)?])
}
