//! The error of a failed call, in one line: operation, object, reason, next step.

mod advice;

use std::fmt;

/// The operation that the API server was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verb {
    /// Reading the kubeconfig and the first contact.
    Connect,
    /// Reading an object.
    Get,
    /// Reading a collection.
    List,
    /// Following a collection.
    Watch,
    /// Making an object that must not be there yet.
    Create,
    /// Server-side apply.
    Apply,
    /// Server-side apply that changes nothing.
    DryRun,
    /// Replacing an object of a known resource version.
    Update,
    /// Deleting an object of a known UID.
    Delete,
    /// Reading a container's log.
    Log,
    /// Opening a way into a pod.
    Forward,
    /// Starting a program in a container.
    Exec,
}

impl Verb {
    /// Returns true where the API server is asked to change something.
    pub const fn writes(self) -> bool {
        matches!(self, Self::Create | Self::Apply | Self::Update | Self::Delete)
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Connect => "connect to",
            Self::Get => "read",
            Self::List => "list",
            Self::Watch => "watch",
            Self::Create => "create",
            Self::Apply => "apply",
            Self::DryRun => "try out (dry run)",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Log => "read the log of",
            Self::Forward => "forward a connection to",
            Self::Exec => "start a program in",
        })
    }
}

/// A permission that we lack, in the words of RBAC.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Denied {
    /// The user that we are to the API server.
    pub user: String,
    /// Such as `patch`.
    pub verb: String,
    /// Such as `deployments`.
    pub resource: String,
    /// Such as `apps`; empty for the core group.
    pub group: String,
    /// The namespace; none where the permission is cluster-wide.
    pub namespace: Option<String>,
}

/// The reason why a call failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// The kubeconfig cannot be used.
    Kubeconfig(String),
    /// No context was named, or one that is not there.
    NoContext {
        /// The one that was named.
        wanted: Option<String>,
        /// Those that there are.
        known: Vec<String>,
    },
    /// The credentials could not be had: a plugin failed, a token file is not there.
    Credentials(String),
    /// The server could not be reached: refused, reset, no such name.
    Unreachable(String),
    /// No answer in time.
    Timeout(String),
    /// Our certificate has expired; the text says when.
    CertificateExpired(String),
    /// The server's certificate is not to be trusted; the text says why.
    Untrusted(String),
    /// The server does not know who we are (401).
    Unauthorized,
    /// RBAC does not allow it (403).
    Forbidden(Box<Denied>),
    /// It is not there (404).
    NotFound,
    /// The object's namespace is not there (404).
    NoNamespace(String),
    /// The API server does not have this kind of object (404).
    NoKind,
    /// The namespace is being deleted.
    Terminating(String),
    /// Other field managers own fields that we want to set (409 on apply).
    Conflict {
        /// Owner and field.
        fields: Vec<(String, String)>,
    },
    /// It was changed since we read it, or is another of the same name (409 on update or delete).
    Changed,
    /// It is there already (409 on create).
    AlreadyExists,
    /// The namespace's quota is used up; the text is the server's.
    Quota(String),
    /// A field that cannot be changed would have to be.
    Immutable {
        /// Its path.
        field: String,
    },
    /// A field that the server does not know; the text is the server's.
    UnknownField(String),
    /// The object breaks a rule of the API (422, 400).
    Invalid(String),
    /// An admission policy or webhook refused it, or a webhook did not answer.
    Admission(String),
    /// The resource version asked for is too old (410).
    Gone,
    /// The server is busy or failing (429, 5xx).
    Unavailable(String),
    /// The lock may be another's by now.
    LockLost(String),
    /// A record of ours that is not as we wrote it.
    Damaged(String),
    /// Anything else.
    Other(String),
}

/// A call that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallError {
    /// The operation.
    pub verb: Verb,
    /// Of which object.
    pub object: String,
    /// The reason.
    pub reason: Reason,
    /// An answer was lost on the way: it may have been carried out all the same.
    pub maybe_done: bool,
}

impl CallError {
    /// An error of a call that was never sent.
    pub(crate) fn before(verb: Verb, object: impl Into<String>, reason: Reason) -> Self {
        Self { verb, object: object.into(), reason, maybe_done: false }
    }

    /// Returns true where neither another object of the kind nor a later attempt would help.
    pub(crate) fn is_lasting(&self) -> bool {
        matches!(
            self.reason,
            Reason::Forbidden(_)
                | Reason::Unauthorized
                | Reason::CertificateExpired(_)
                | Reason::Credentials(_)
                | Reason::Untrusted(_)
                | Reason::Admission(_)
        )
    }
}

impl std::error::Error for CallError {}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot {} {}: {}", self.verb, self.object, self.reason)?;
        if self.maybe_done && self.verb.writes() {
            f.write_str(" (it may have been carried out: an answer was lost)")?;
        }
        write!(f, ". Next step: {}", self.reason.next_step(self.verb))
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kubeconfig(text)
            | Self::Credentials(text)
            | Self::Unreachable(text)
            | Self::Timeout(text)
            | Self::Unavailable(text)
            | Self::Other(text)
            | Self::Invalid(text)
            | Self::UnknownField(text)
            | Self::Quota(text)
            | Self::Damaged(text)
            | Self::Admission(text) => f.write_str(&one_line(text)),
            Self::NoContext { wanted, known } => no_context(f, wanted.as_deref(), known),
            Self::CertificateExpired(when) => write!(f, "your client certificate expired {when}"),
            Self::Untrusted(why) => {
                write!(f, "the API server's certificate is not to be trusted: {}", one_line(why))
            }
            Self::Unauthorized => {
                f.write_str("the API server does not accept the credentials (401)")
            }
            Self::Forbidden(denied) => denied.fmt(f),
            Self::NotFound => f.write_str("it is not there"),
            Self::NoNamespace(name) => write!(f, "namespace {name} is not there"),
            Self::NoKind => f.write_str("the API server has no such kind of object"),
            Self::Terminating(name) => write!(f, "namespace {name} is being deleted"),
            Self::Conflict { fields } => conflict(f, fields),
            Self::Changed => f.write_str("it was changed meanwhile"),
            Self::AlreadyExists => f.write_str("it is there already"),
            Self::Immutable { field } => {
                write!(f, "{field} differs, and Kubernetes does not let it be changed")
            }
            Self::Gone => f.write_str("what was asked for is too old (410)"),
            Self::LockLost(why) => write!(f, "the lock may be another's by now: {}", one_line(why)),
        }
    }
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { user, verb, resource, .. } = self;
        write!(f, "user {user} may not {verb} {resource}")?;
        match &self.namespace {
            Some(namespace) => write!(f, " in namespace {namespace}"),
            None => f.write_str(" in the whole cluster"),
        }
    }
}

fn no_context(f: &mut fmt::Formatter<'_>, wanted: Option<&str>, known: &[String]) -> fmt::Result {
    match wanted {
        Some(wanted) => write!(f, "the kubeconfig has no context `{wanted}`")?,
        None => f.write_str("no context is named, and the current one is never taken unasked")?,
    }
    match known {
        [] => f.write_str("; it has none at all"),
        known => write!(f, "; there are: {}", known.join(", ")),
    }
}

fn conflict(f: &mut fmt::Formatter<'_>, fields: &[(String, String)]) -> fmt::Result {
    f.write_str("others own fields that would change: ")?;
    for (index, (owner, field)) in fields.iter().enumerate() {
        let comma = if index == 0 { "" } else { ", " };
        write!(f, "{comma}{field} ({owner})")?;
    }
    Ok(())
}

/// A server's text on one line.
pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
