//! The way to a machine: a shell script with arguments and standard input, and its answer.
//!
//! Arguments are seen by everyone on the machine, as those of any process are: secrets go by standard input alone.

mod host_key;
mod local;
mod ssh;

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};

pub use host_key::{HostKey, explain};
pub use local::Local;
pub use ssh::{HostKeys, Ssh};

/// What is run.
#[derive(Debug, Clone)]
pub struct Script<'a> {
    /// What the shell (POSIX `sh`) runs.
    pub text: &'a str,
    /// Its arguments, `$1` and on. Not secret.
    pub arguments: Vec<String>,
    /// Its standard input.
    pub input: Input,
    /// How long it may take.
    pub limit: Duration,
    /// Whether it runs as root by way of sudo.
    pub sudo: bool,
}

/// Standard input.
#[derive(Clone)]
pub enum Input {
    /// Nothing.
    None,
    /// These bytes; they may be secret.
    Bytes(Vec<u8>),
    /// The content of a file of this machine.
    File(PathBuf),
}

impl std::fmt::Debug for Input {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::None => f.write_str("None"),
            Self::Bytes(bytes) => write!(f, "{} bytes", bytes.len()),
            Self::File(path) => path.fmt(f),
        }
    }
}

/// What a script has said.
#[derive(Clone)]
pub struct Answer {
    /// Its exit code; none where a signal has ended it.
    pub code: Option<i32>,
    /// Its standard output; it may be secret.
    pub stdout: Vec<u8>,
    /// Its standard error.
    pub stderr: String,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConnectionError {
    /// There is no connection.
    #[error("{0}")]
    Connect(String),
    /// The machine's key is unknown, or not the one that is known.
    #[error("{0}")]
    HostKey(HostKey),
    /// The connection is lost: what was under way may have been done or not.
    #[error("the connection is lost ({0})")]
    Lost(String),
    /// It took too long.
    #[error("no answer for {} s", .0.as_secs())]
    Late(Duration),
    /// This machine cannot do its part.
    #[error("{0}")]
    Here(String),
}

/// A machine that scripts run on.
pub trait Connection: Send + Sync {
    /// Runs a script to its end.
    fn run<'a>(&'a self, script: &'a Script<'a>) -> BoxFuture<'a, Result<Answer, ConnectionError>>;

    /// Ends the connection.
    fn close(self: Box<Self>) -> BoxFuture<'static, ()>;
}

/// The words that run a script.
fn words<'a>(script: &'a Script<'a>) -> Vec<&'a str> {
    let mut words: Vec<&str> = Vec::new();
    if script.sudo {
        words.extend(["sudo", "-n", "--"]);
    }
    words.extend(["sh", "-c", script.text, "skyward"]);
    words.extend(script.arguments.iter().map(String::as_str));
    words
}

/// Standard input is closed at once where there is none.
fn stdin(input: &Input) -> Stdio {
    match input {
        Input::None => Stdio::null(),
        _ => Stdio::piped(),
    }
}

/// Sends the input; a reader that has gone is told by its exit code, not here.
async fn feed(input: &Input, to: Option<impl AsyncWrite + Unpin>) -> Result<(), ConnectionError> {
    let Some(mut to) = to else { return Ok(()) };
    match input {
        Input::None => {}
        Input::Bytes(bytes) => {
            let _ = to.write_all(bytes).await;
        }
        Input::File(path) => {
            let here = |error: std::io::Error| {
                ConnectionError::Here(format!("reading {}: {error}", path.display()))
            };
            let mut file = tokio::fs::File::open(path).await.map_err(here)?;
            let mut chunk = vec![0; 1 << 18];
            loop {
                let count = file.read(&mut chunk).await.map_err(here)?;
                if count == 0 || to.write_all(&chunk[..count]).await.is_err() {
                    break;
                }
            }
        }
    }
    let _ = to.shutdown().await;
    Ok(())
}

/// All of a stream.
async fn all(from: Option<impl tokio::io::AsyncRead + Unpin>) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(mut from) = from {
        // What came before it broke off is what there is; the exit code tells the rest.
        let _ = from.read_to_end(&mut bytes).await;
    }
    bytes
}
