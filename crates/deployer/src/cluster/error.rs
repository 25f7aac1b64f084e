//! Why a call failed, told in one line: operation, object, reason, next step.

use std::fmt;

/// What was asked of the API server.
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
            Self::DryRun => "dry-run",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Log => "read the log of",
        })
    }
}

/// A permission that we lack, in the words of RBAC.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Denied {
    /// Who we are to the API server.
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

/// Why a call failed.
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
    /// We may not (403).
    Forbidden(Box<Denied>),
    /// It is not there (404).
    NotFound,
    /// The object's namespace is not there (404).
    NoNamespace(String),
    /// The namespace is being deleted.
    Terminating(String),
    /// Other field managers own fields that we want to set (409 on apply).
    Conflict {
        /// Owner and field.
        fields: Vec<(String, String)>,
    },
    /// It was changed since we read it (409 on update or delete).
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
    /// Fields that the server does not know.
    UnknownField(String),
    /// The object breaks a rule of the API (422, 400).
    Invalid(String),
    /// An admission webhook or policy refused it, or did not answer.
    Admission(String),
    /// What was asked for is too old (410).
    Gone,
    /// The server is busy or failing (429, 5xx).
    Unavailable(String),
    /// A record of ours that is not as we wrote it.
    Damaged(String),
    /// Anything else.
    Other(String),
}

/// A call that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallError {
    /// What was asked.
    pub verb: Verb,
    /// Of which object.
    pub object: String,
    /// Why it failed.
    pub reason: Reason,
    /// An answer was lost on the way: it may have been carried out all the same.
    pub maybe_done: bool,
}

impl std::error::Error for CallError {}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot {} {}: {:?}", self.verb, self.object, self.reason)
    }
}
