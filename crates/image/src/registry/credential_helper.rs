//! Credential helpers: programs that hand out a secret (docker/docker-credential-helpers).

use std::ffi::OsStr;
use std::io::{Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use serde::Deserialize;

use super::credentials::Secret;

/// Why a helper gave no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum HelperError {
    #[error("it is not in PATH; install it, or log in without it")]
    Absent,
    #[error("it cannot be run: {0}")]
    Run(String),
    #[error("it gave no answer within {0} s")]
    Timeout(u64),
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
    let program = format!("docker-credential-{name}");
    let located = locate(&program, path).ok_or(HelperError::Absent)?;
    let mut child = Command::new(located)
        .arg("get")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| HelperError::Run(error.to_string()))?;
    if let Some(mut stdin) = child.stdin.take() {
        // A helper that ends without reading is judged by its status.
        let _ = writeln!(stdin, "{server}");
    }
    let stdout = collect(child.stdout.take());
    let stderr = collect(child.stderr.take());
    let deadline = Instant::now() + timeout;
    let status = wait(&mut child, deadline).map_err(|error| HelperError::Run(error.to_string()))?;
    let Some(status) = status else {
        // Both may fail only because it has just ended.
        let _ = child.kill();
        let _ = child.wait();
        return Err(HelperError::Timeout(timeout.as_secs()));
    };
    // A grandchild may hold the pipe open: what came in time is what counts.
    let rest = || deadline.saturating_duration_since(Instant::now());
    let stdout = stdout.recv_timeout(rest()).unwrap_or_default();
    if status.success() {
        let answer: Answer = serde_json::from_slice(&stdout)
            .map_err(|error| HelperError::Answer(error.to_string()))?;
        return Ok(Some(secret(answer)));
    }
    let stderr = stderr.recv_timeout(rest()).unwrap_or_default();
    let said = [String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr)].concat();
    // The words of the protocol's own library (`credentials/error.go`).
    if said.contains("credentials not found") {
        return Ok(None);
    }
    let said = said.trim();
    let said = if said.is_empty() { String::new() } else { format!(": {said}") };
    Err(HelperError::Failed { status, said })
}

/// The user name `<token>` marks an identity token.
fn secret(answer: Answer) -> Secret {
    if answer.username == "<token>" {
        Secret::IdentityToken(answer.secret)
    } else {
        Secret::Basic { username: answer.username, password: answer.secret }
    }
}

fn locate(program: &str, path: Option<&OsStr>) -> Option<std::path::PathBuf> {
    std::env::split_paths(path?).map(|folder| folder.join(program)).find(|file| file.is_file())
}

fn collect(pipe: Option<impl Read + Send + 'static>) -> Receiver<Vec<u8>> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(pipe) = pipe {
            // What was read before a broken pipe is still the answer.
            let _ = pipe.take(1 << 20).read_to_end(&mut bytes);
        }
        let _ = sender.send(bytes);
    });
    receiver
}

fn wait(child: &mut Child, deadline: Instant) -> std::io::Result<Option<ExitStatus>> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= deadline {
            return Ok(None);
        }
        thread::sleep(Duration::from_millis(5));
    }
}
