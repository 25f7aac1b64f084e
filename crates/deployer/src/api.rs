//! The API server: connecting, bounded calls, errors that say what to do.
//!
//! Pure: `retry` (whether a fault is waited out), `fault` (what an answer or a broken connection means), `error` (how it
//! is told). The rest talks: `kubeconfig` finds the cluster, `call` is one bounded and repeated call.

mod call;
mod error;
mod fault;
mod kubeconfig;
mod nodes;
mod objects;
mod others;
mod path;
mod plugin;
mod proxy;
mod retry;
mod stream;

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kube::Client;
use serde::Deserialize;
use skyward_terminal::Calls;

use call::Call;
pub use error::{CallError, Denied, Reason, Verb};
pub use nodes::{IngressClass, NodeAddress};
pub use objects::Apply;
pub(crate) use path::ResourcePath;
pub use retry::RetryPolicy;
pub use stream::{LogStream, Session};

/// The cluster to connect to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContextRef {
    /// The kubeconfig. Without it: those that `KUBECONFIG` names, merged as kubectl does, else `~/.kube/config`.
    pub kubeconfig: Option<PathBuf>,
    /// The context of the kubeconfig. Without it: an error that lists the contexts there are; never the current one.
    pub context: Option<String>,
}

/// Takes what people should know while a call is repeated: one sentence.
pub type Listener = Arc<dyn Fn(String) + Send + Sync>;

/// The settings of calls.
#[derive(Clone, Default)]
pub struct ApiSettings {
    /// The bounds of a call, and the way in which it is repeated.
    pub policy: RetryPolicy,
    /// Takes each call, where somebody wants to see them.
    pub calls: Calls,
    /// Hears that the API server does not answer, and that it does again.
    pub listener: Option<Listener>,
}

/// Says before each attempt of a write for how long it may be under way.
pub trait Guard: Send + Sync {
    /// The time until the write could meet another's.
    ///
    /// # Errors
    /// The write must not be sent: now, or ever.
    fn time_left(&self) -> Result<Duration, Closed>;
}

/// The reason why a write must not be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Closed {
    /// Not now.
    ForNow(String),
    /// Never again.
    ForGood(String),
}

/// A cluster's API server. Cheap to clone: all clones share a connection pool.
#[derive(Clone)]
pub struct ApiServer {
    shared: Arc<Shared>,
    policy: RetryPolicy,
    guard: Option<Arc<dyn Guard>>,
}

/// The part that all clones share.
struct Shared {
    connection: Connection,
    version: String,
    calls: Calls,
    listener: Option<Listener>,
    /// Since when the API server has not answered, if so.
    silent_since: Mutex<Option<tokio::time::Instant>>,
}

/// A client of an API server, and what errors say of it.
#[derive(Clone)]
pub struct Connection {
    /// The client, with its credentials.
    pub client: Client,
    /// The context of the kubeconfig that it was made from.
    pub context: String,
    /// The API server's address.
    pub server: String,
    /// The proxy on the way to it, without user and password.
    pub proxy: Option<String>,
    /// When our certificate ends, for the error that tells of a refusal.
    pub certificate_ends: Option<jiff::Timestamp>,
}

impl Connection {
    /// The proxy as a part of a sentence on the server.
    fn by_proxy(&self) -> String {
        self.proxy.as_ref().map(|proxy| format!(" through the proxy {proxy}")).unwrap_or_default()
    }
}

/// The part of `GET /version` that is read.
#[derive(Deserialize)]
struct Version {
    #[serde(rename = "gitVersion")]
    git_version: String,
}

impl ApiServer {
    /// Reads the kubeconfig and asks the API server for its version, with the usual bounds.
    ///
    /// # Errors
    /// No kubeconfig, no or another context, a server that does not answer within the policy's first contact, is not
    /// trusted, or does not let us in.
    pub async fn connect(target: &ContextRef) -> Result<Self, CallError> {
        Self::connect_with(target, ApiSettings::default()).await
    }

    /// As [`ApiServer::connect`], with bounds and a listener of one's own.
    ///
    /// # Errors
    /// As [`ApiServer::connect`].
    pub async fn connect_with(
        target: &ContextRef,
        settings: ApiSettings,
    ) -> Result<Self, CallError> {
        let chosen = kubeconfig::choose(target)?;
        let connection = kubeconfig::connection(chosen).await?;
        let mut shared = Shared::new(connection, &settings);
        shared.version = shared.first_contact(&settings.policy).await?;
        Ok(Self { shared: Arc::new(shared), policy: settings.policy, guard: None })
    }

    /// The API server behind a connection that is there already; no version is asked for.
    pub fn over(connection: Connection, settings: ApiSettings) -> Self {
        let shared = Shared::new(connection, &settings);
        Self { shared: Arc::new(shared), policy: settings.policy, guard: None }
    }

    /// The same cluster, with other bounds.
    #[must_use]
    pub fn with_policy(&self, policy: RetryPolicy) -> Self {
        Self { policy, ..self.clone() }
    }

    /// The same cluster, whose writes are sent only while the guard allows it.
    #[must_use]
    pub fn guarded(&self, guard: Arc<dyn Guard>) -> Self {
        Self { guard: Some(guard), ..self.clone() }
    }

    /// The context of the kubeconfig.
    pub fn context(&self) -> &str {
        &self.shared.connection.context
    }

    /// The API server's address.
    pub fn server(&self) -> &str {
        &self.shared.connection.server
    }

    /// The API server's version, such as `v1.36.3+k3s1`.
    pub fn version(&self) -> &str {
        &self.shared.version
    }

    /// The bare client, for watches: its requests are neither bounded nor repeated.
    pub fn client(&self) -> Client {
        self.shared.connection.client.clone()
    }
}

impl Shared {
    fn new(connection: Connection, settings: &ApiSettings) -> Self {
        Self {
            connection,
            version: String::new(),
            calls: settings.calls.clone(),
            listener: settings.listener.clone(),
            silent_since: Mutex::new(None),
        }
    }

    /// Asks for the version: the first contact, given up early, because the address may well be wrong.
    async fn first_contact(&self, policy: &RetryPolicy) -> Result<String, CallError> {
        let request = path::version();
        let object = format!("context `{}`", self.connection.context);
        let how = Call {
            verb: Verb::Connect,
            object: &object,
            policy: &policy.first_contact(),
            guard: None,
        };
        let body = self.send(how, request).await?;
        let version: Version = call::decode(Verb::Connect, &object, &body)?;
        Ok(version.git_version)
    }
}

impl std::fmt::Debug for ApiServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ApiServer")
            .field("context", &self.shared.connection.context)
            .field("server", &self.shared.connection.server)
            .finish_non_exhaustive()
    }
}
