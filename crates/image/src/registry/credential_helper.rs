//! Credential helpers: programs that hand out a secret (docker/docker-credential-helpers).

use std::ffi::OsStr;
use std::process::{Command, ExitStatus};
use std::time::Duration;

use serde::Deserialize;

use crate::process::{ProcessError, locate, run};

use super::credentials::{Secret, without_values};

/// Why a helper gave no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum HelperError {
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
struct Answer {
    username: String,
    secret: String,
}

/// Asks `docker-credential-NAME get` for `server`. `None`: it knows no such server.
///
/// `path` is the `PATH` to look it up in; the helper is ended after `timeout`.
pub(super) fn get(
    name: &str,
    server: &str,
    path: Option<&OsStr>,
    timeout: Duration,
) -> Result<Option<Secret>, HelperError> {
    let program = locate(&format!("docker-credential-{name}"), path).ok_or(HelperError::Absent)?;
    let input = format!("{server}\n");
    let finished = run(Command::new(program).arg("get"), input.as_bytes(), timeout)?;
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
fn secret(answer: Answer) -> Secret {
    if answer.username == "<token>" {
        Secret::IdentityToken(answer.secret)
    } else {
        Secret::Basic { username: answer.username, password: answer.secret }
    }
}
