//! Credentials plugins: the program that a kubeconfig names under `exec`, run once for a command, and again when its credentials end.
//!
//! The rules are client-go's: <https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins>.
//! kube runs a plugin for every part of a client that it makes, and shows its environment, which may hold secrets, when it fails.

use std::io::IsTerminal as _;
use std::process::Stdio;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_util::TryFutureExt as _;
use futures_util::future::BoxFuture;
use http::header::AUTHORIZATION;
use http::{HeaderValue, Request};
use jiff::Timestamp;
use kube::config::{AuthInfo, ExecConfig, ExecInteractiveMode};
use serde::Deserialize;
use serde_json::json;
use skyward_terminal::text::{harmless, one_line};
use tokio::process::Command;
use tokio::sync::Mutex;
use tower_layer::Layer;
use tower_service::Service;

/// The time of a credentials plugin: it may ask a person.
const PATIENCE: Duration = Duration::from_mins(2);

/// The most of a plugin's own words that an error repeats, in characters.
const WORDS: usize = 400;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The reason why a plugin gives no credentials, for people.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct PluginError(String);

/// The answer of a plugin.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ExecCredential {
    api_version: Option<String>,
    status: Option<Credentials>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Credentials {
    token: Option<String>,
    client_certificate_data: Option<String>,
    client_key_data: Option<String>,
    expiration_timestamp: Option<Timestamp>,
}

/// Gives every request the token of a plugin.
#[derive(Debug, Clone)]
pub(super) struct Tokens(Arc<Source>);

#[derive(Debug)]
struct Source {
    plugin: ExecConfig,
    credentials: Mutex<Credentials>,
}

/// Runs the plugin of a user and puts its certificate, if it answers one, in the place of a certificate of the kubeconfig. Returns
/// what gives requests the plugin's token, if it answers one; None for a user without a plugin.
///
/// # Errors
/// The plugin gives no credentials.
pub(super) async fn credentials(user: &mut AuthInfo) -> Result<Option<Tokens>, PluginError> {
    // As in kube: what stands in the kubeconfig itself goes before a plugin.
    let has_own = user.token.is_some() || user.token_file.is_some() || user.password.is_some();
    let Some(plugin) = user.exec.take_if(|_| !has_own) else { return Ok(None) };
    let credentials = run(&plugin).await?;
    if let (Some(certificate), Some(key)) =
        (&credentials.client_certificate_data, &credentials.client_key_data)
    {
        user.client_certificate_data = Some(base64(certificate));
        user.client_key_data = Some(base64(key).into());
    }
    let source = Source { plugin, credentials: Mutex::new(credentials) };
    Ok(Some(Tokens(Arc::new(source))))
}

/// PEM as a kubeconfig has it.
fn base64(pem: &str) -> String {
    let bytes = k8s_openapi::ByteString(pem.as_bytes().to_owned());
    serde_json::to_value(bytes)
        .ok()
        .and_then(|text| text.as_str().map(str::to_owned))
        .unwrap_or_default()
}

impl Source {
    /// The header of a request; none where the plugin answers a certificate alone.
    async fn header(&self) -> Result<Option<HeaderValue>, PluginError> {
        let mut credentials = self.credentials.lock().await;
        let has_ended = |end: Timestamp| Timestamp::now() >= end;
        if credentials.expiration_timestamp.is_some_and(has_ended) {
            *credentials = run(&self.plugin).await?;
        }
        let Some(token) = &credentials.token else { return Ok(None) };
        let unfit = |_| format!("{} answers a token that no header can hold", name(&self.plugin));
        let header = HeaderValue::try_from(format!("Bearer {token}"));
        let mut header = header.map_err(unfit).map_err(PluginError)?;
        header.set_sensitive(true);
        Ok(Some(header))
    }
}

fn name(plugin: &ExecConfig) -> String {
    let command = plugin.command.as_deref().unwrap_or_default();
    format!("the credentials plugin `{}`", harmless(command))
}

/// Runs a plugin and reads its answer.
async fn run(plugin: &ExecConfig) -> Result<Credentials, PluginError> {
    answer(plugin).await.map_err(PluginError)
}

async fn answer(plugin: &ExecConfig) -> Result<Credentials, String> {
    let name = name(plugin);
    let command = plugin.command.as_deref().unwrap_or_default();
    let terminal = std::io::stdin().is_terminal();
    let interactive = terminal && plugin.interactive_mode != Some(ExecInteractiveMode::Never);
    let stream = |is_shown: bool| if is_shown { Stdio::inherit() } else { Stdio::piped() };
    let spec = if plugin.provide_cluster_info {
        json!({ "interactive": interactive, "cluster": plugin.cluster })
    } else {
        json!({ "interactive": interactive })
    };
    let info = json!({ "apiVersion": plugin.api_version, "kind": "ExecCredential", "spec": spec });
    let variables = plugin.env.iter().flatten().filter_map(|variable| {
        Some((variable.get("name")?.as_str(), variable.get("value")?.as_str()))
    });
    let child = Command::new(command)
        .args(plugin.args.iter().flatten())
        .envs(variables)
        .env("KUBERNETES_EXEC_INFO", info.to_string())
        .stdin(if interactive { Stdio::inherit() } else { Stdio::null() })
        .stdout(Stdio::piped())
        // A person who is asked must see the question.
        .stderr(stream(interactive))
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| not_started(plugin, &name, &error))?;
    let output = tokio::time::timeout(PATIENCE, child.wait_with_output()).await;
    let late = |_| format!("{name} has not answered for {} s", PATIENCE.as_secs());
    let output =
        output.map_err(late)?.map_err(|error| format!("{name} cannot be read: {error}"))?;
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr);
        let words: String = one_line(words.trim()).chars().take(WORDS).collect();
        let colon = if words.is_empty() { "" } else { ": " };
        return Err(format!("{name} failed with {}{colon}{words}", output.status));
    }
    let answer: ExecCredential = serde_json::from_slice(&output.stdout).map_err(|error| {
        format!("{name} answers something else than an ExecCredential: {error}")
    })?;
    if answer.api_version != plugin.api_version {
        let version = |version: &Option<String>| harmless(version.as_deref().unwrap_or("none"));
        let (asked, got) = (version(&plugin.api_version), version(&answer.api_version));
        return Err(format!(
            "{name} answers in the version {got}, and the kubeconfig says {asked}"
        ));
    }
    let credentials = answer.status.unwrap_or_default();
    if credentials.token.is_none() && credentials.client_key_data.is_none() {
        return Err(format!("{name} answers neither a token nor a certificate with its key"));
    }
    Ok(credentials)
}

fn not_started(plugin: &ExecConfig, name: &str, error: &std::io::Error) -> String {
    let why = if error.kind() == std::io::ErrorKind::NotFound {
        format!("{name} is not installed, or not in PATH")
    } else {
        format!("{name} cannot be started: {error}")
    };
    match plugin.install_hint.as_deref().map(str::trim).filter(|hint| !hint.is_empty()) {
        Some(hint) => format!("{why}; the kubeconfig says how to install it: {}", one_line(hint)),
        None => why,
    }
}

type Header = Result<Option<HeaderValue>, PluginError>;

impl<S> Layer<S> for Tokens {
    type Service = WithToken<S>;

    fn layer(&self, inner: S) -> Self::Service {
        WithToken { inner, source: Arc::clone(&self.0), asked: None, header: Ok(None) }
    }
}

/// Sends requests with the plugin's token, which it has before it is ready for one.
pub(super) struct WithToken<S> {
    inner: S,
    source: Arc<Source>,
    asked: Option<BoxFuture<'static, Header>>,
    header: Header,
}

impl<S, B> Service<Request<B>> for WithToken<S>
where
    S: Service<Request<B>, Error: Into<BoxError> + 'static, Future: Send + 'static>,
    S::Response: Send + 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<S::Response, BoxError>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        ready!(self.inner.poll_ready(context)).map_err(Into::into)?;
        let source = &self.source;
        let asked = self.asked.get_or_insert_with(|| {
            let source = Arc::clone(source);
            Box::pin(async move { source.header().await })
        });
        // A plugin that fails is the failure of one request: it may succeed for the next.
        self.header = ready!(asked.as_mut().poll(context));
        self.asked = None;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        match std::mem::replace(&mut self.header, Ok(None)) {
            Err(error) => Box::pin(async move { Err(error.into()) }),
            Ok(header) => {
                if let Some(header) = header {
                    request.headers_mut().insert(AUTHORIZATION, header);
                }
                Box::pin(self.inner.call(request).map_err(Into::into))
            }
        }
    }
}
