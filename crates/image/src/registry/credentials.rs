//! Finds the credentials of a registry where Docker and podman keep them.
//!
//! Files, in this order; the first that knows the registry is used:
//! 1. `REGISTRY_AUTH_FILE`: where it is set, nothing else is read (containers-auth.json(5)).
//! 2. `DOCKER_AUTH_CONFIG`: the JSON itself, as CI systems hand it over.
//! 3. `$DOCKER_CONFIG/config.json`, where that is set.
//! 4. `$XDG_RUNTIME_DIR/containers/auth.json`, `$XDG_CONFIG_HOME/containers/auth.json`
//!    (default `~/.config`), `~/.docker/config.json`.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Duration;

use serde::Deserialize;

use super::auth_file::AuthFile;
use super::reference::{DOCKER_HUB, Reference};
use crate::event::Monitor;
use crate::process::{ProcessError, locate, run};

/// The time for a credential helper to answer. Some ask a person, most a keychain.
const HELPER_TIMEOUT: Duration = Duration::from_secs(30);

/// The proof that a registry is shown.
#[derive(Clone, PartialEq, Eq)]
pub enum Secret {
    /// Nothing: what is public can be read, and open registries written.
    Anonymous,
    /// User name and password.
    Basic {
        /// The user name.
        username: String,
        /// The password or access token.
        password: String,
    },
    /// An `OAuth2` refresh token, which the token service takes.
    IdentityToken(String),
}

/// Shows which kind it is, never the secret.
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anonymous => f.write_str("Anonymous"),
            Self::Basic { username, .. } => write!(f, "Basic {{ username: {username:?}, .. }}"),
            Self::IdentityToken(_) => f.write_str("IdentityToken(..)"),
        }
    }
}

/// Credentials and where they were found, which an error about them says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The proof that the registry is shown.
    pub secret: Secret,
    /// For messages: `user acme from /home/a/.docker/config.json`, `none: looked in …`.
    pub origin: String,
}

impl Credentials {
    /// No credentials at all.
    pub fn anonymous() -> Self {
        Self { secret: Secret::Anonymous, origin: "none".to_owned() }
    }

    /// A user name and password given by the caller.
    pub fn basic(username: &str, password: &str) -> Self {
        let secret = Secret::Basic { username: username.to_owned(), password: password.to_owned() };
        Self { secret, origin: format!("user {username} from the command line") }
    }
}

/// The reason why credentials could not be read. Their absence is not an error.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// A file that is there and cannot be read.
    #[error(
        "cannot read the credentials in {path}: {reason}; correct or remove it, or log in again"
    )]
    File {
        /// The file, or the variable that holds the text.
        path: String,
        /// The mistake, with the line where there is one.
        reason: String,
    },
    /// A helper named for this very registry failed.
    #[error(
        "the credential helper docker-credential-{helper} (named in {path}) failed for {server}: {reason}"
    )]
    Helper {
        /// The helper's name without its prefix.
        helper: String,
        /// The file that names it.
        path: String,
        /// The server that it was asked for.
        server: String,
        /// The failure.
        reason: String,
    },
}

/// The mistake in JSON that may hold a secret: serde's own words quote the value they stumble over.
pub(super) fn without_values(error: &serde_json::Error) -> String {
    let text = error.to_string();
    // `invalid type: string "VALUE", expected a map at line 1 column 2`
    match text.rsplit_once(", expected ") {
        Some((found, expected)) => {
            let kind = found.split(['"', '`']).next().unwrap_or_default().trim_end();
            format!("{kind}, expected {expected}")
        }
        None => text,
    }
}

/// The environment that decides which files are read.
pub struct Environment<'a> {
    /// Reads a variable.
    pub variable: &'a dyn Fn(&str) -> Option<OsString>,
}

impl Environment<'_> {
    fn path(&self, name: &str) -> Option<PathBuf> {
        (self.variable)(name).filter(|value| !value.is_empty()).map(PathBuf::from)
    }

    /// The files to read, in order. The second value says that the file must be there.
    fn files(&self) -> Vec<(PathBuf, bool)> {
        if let Some(only) = self.path("REGISTRY_AUTH_FILE") {
            return vec![(only, true)];
        }
        let home = self.path("HOME");
        let under_home = |path: &str| home.as_ref().map(|home| home.join(path));
        let docker = self.path("DOCKER_CONFIG").map(|folder| folder.join("config.json"));
        let runtime = self.path("XDG_RUNTIME_DIR");
        let config = self.path("XDG_CONFIG_HOME").or_else(|| under_home(".config"));
        [
            docker,
            runtime.map(|folder| folder.join("containers/auth.json")),
            config.map(|folder| folder.join("containers/auth.json")),
            under_home(".docker/config.json"),
        ]
        .into_iter()
        .flatten()
        .map(|path| (path, false))
        .collect()
    }
}

/// Finds the credentials for `reference` in this process's environment.
pub fn find(reference: &Reference) -> Result<Credentials, CredentialsError> {
    find_in(reference, &Environment { variable: &|name| std::env::var_os(name) })
}

/// Finds the credentials for `reference` in the given environment.
pub fn find_in(
    reference: &Reference,
    environment: &Environment<'_>,
) -> Result<Credentials, CredentialsError> {
    let mut looked = Vec::new();
    if environment.path("REGISTRY_AUTH_FILE").is_none()
        && let Some(text) = (environment.variable)("DOCKER_AUTH_CONFIG")
    {
        let path = "DOCKER_AUTH_CONFIG".to_owned();
        let file = AuthFile::parse(&text.to_string_lossy(), &path)?;
        match in_file(reference, &file, environment)? {
            Looked::Found(found) => return Ok(found),
            Looked::Nothing(note) => looked.push(note),
        }
    }
    for (path, required) in environment.files() {
        let Some(file) = read(&path, required)? else {
            looked.push(format!("{} (absent)", path.display()));
            continue;
        };
        match in_file(reference, &file, environment)? {
            Looked::Found(found) => return Ok(found),
            Looked::Nothing(note) => looked.push(note),
        }
    }
    let origin = format!("none for {}: looked in {}", reference.registry(), looked.join(", "));
    Ok(Credentials { secret: Secret::Anonymous, origin })
}

fn read(path: &Path, required: bool) -> Result<Option<AuthFile>, CredentialsError> {
    match std::fs::read_to_string(path) {
        Ok(text) => AuthFile::parse(&text, &path.display().to_string()).map(Some),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && !required => Ok(None),
        Err(error) => Err(CredentialsError::File {
            path: path.display().to_string(),
            reason: error.to_string(),
        }),
    }
}

enum Looked {
    Found(Credentials),
    /// The place, and the reason why it has nothing.
    Nothing(String),
}

/// One file's answer: the helper for this registry, then the store of all, then the file itself.
fn in_file(
    reference: &Reference,
    file: &AuthFile,
    environment: &Environment<'_>,
) -> Result<Looked, CredentialsError> {
    let server = server_name(reference.registry());
    let path_variable = (environment.variable)("PATH");
    let ask = |name: &str| ask_helper(name, &server, path_variable.as_deref(), HELPER_TIMEOUT);
    if let Some(name) = file.helper_for(reference) {
        return match ask(name) {
            Ok(Some(secret)) => Ok(Looked::Found(found(secret, name, &file.path))),
            Ok(None) => {
                Ok(Looked::Nothing(format!("docker-credential-{name} (knows no {server})")))
            }
            Err(error) => Err(CredentialsError::Helper {
                helper: name.to_owned(),
                path: file.path.clone(),
                server,
                reason: error.to_string(),
            }),
        };
    }
    let mut note = file.path.clone();
    if let Some(name) = file.store() {
        match ask(name) {
            Ok(Some(secret)) => return Ok(Looked::Found(found(secret, name, &file.path))),
            Ok(None) => {}
            // A store that was removed (Docker Desktop's, often) must not stop what needs no
            // credentials: the note is shown where the registry asks for them.
            Err(error) => note = format!("{note} (its credsStore {name}: {error})"),
        }
    }
    Ok(match file.secret_for(reference)? {
        Some(secret) => Looked::Found(Credentials {
            origin: format!("{} from {}", who(&secret), file.path),
            secret,
        }),
        None => Looked::Nothing(note),
    })
}

fn found(secret: Secret, helper: &str, path: &str) -> Credentials {
    let origin = format!("{} from docker-credential-{helper} (named in {path})", who(&secret));
    Credentials { secret, origin }
}

fn who(secret: &Secret) -> String {
    match secret {
        Secret::Anonymous => "nobody".to_owned(),
        Secret::Basic { username, .. } => format!("user {username}"),
        Secret::IdentityToken(_) => "an identity token".to_owned(),
    }
}

/// The name helpers know a registry by: Docker Hub's is an address of its own
/// (docker/cli, `registry.IndexServer`).
fn server_name(registry: &str) -> String {
    if registry == DOCKER_HUB {
        "https://index.docker.io/v1/".to_owned()
    } else {
        registry.to_owned()
    }
}

/// The reason why a helper gave no answer.
#[derive(Debug, thiserror::Error)]
enum HelperError {
    #[error("it is not in PATH; install it, or log in without it")]
    Absent,
    #[error(transparent)]
    Process(#[from] ProcessError),
    #[error("{status}{said}")]
    Failed { status: ExitStatus, said: String },
    #[error("its answer is not the JSON of the protocol: {0}")]
    Answer(String),
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct HelperAnswer {
    username: String,
    secret: String,
}

/// Asks `docker-credential-NAME get` for `server`. `None`: it knows no such server.
///
/// `path` is the `PATH` to look it up in; the helper is ended after `timeout`.
fn ask_helper(
    name: &str,
    server: &str,
    path: Option<&OsStr>,
    timeout: Duration,
) -> Result<Option<Secret>, HelperError> {
    let program = locate(&format!("docker-credential-{name}"), path).ok_or(HelperError::Absent)?;
    let input = format!("{server}\n");
    let mut command = Command::new(program);
    let finished = run(command.arg("get"), input.as_bytes(), timeout, &Monitor::default())?;
    if finished.status.success() {
        let answer = serde_json::from_slice(&finished.stdout)
            .map_err(|error| HelperError::Answer(without_values(&error)))?;
        return Ok(Some(secret(answer)));
    }
    let said = [finished.stdout, finished.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    // The words of the protocol's own library (`credentials/error.go`).
    if said.contains("credentials not found") {
        return Ok(None);
    }
    let said = said.trim();
    let said = if said.is_empty() { String::new() } else { format!(": {said}") };
    Err(HelperError::Failed { status: finished.status, said })
}

/// The user name `<token>` marks an identity token.
fn secret(answer: HelperAnswer) -> Secret {
    if answer.username == "<token>" {
        Secret::IdentityToken(answer.secret)
    } else {
        Secret::Basic { username: answer.username, password: answer.secret }
    }
}
