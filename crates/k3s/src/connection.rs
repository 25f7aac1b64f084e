//! Connections to machines: a shell script with arguments and standard input goes in, its output comes back.
//!
//! The arguments of a process are visible to everyone on its machine, so secrets go by standard input alone. There are two kinds of
//! connection, the system's own ssh ([`Ssh`]) and a shell on this machine ([`Local`]); everything above them sees the trait.

mod host_key;
mod local;
mod ssh;

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};

pub use host_key::{HostKey, explain};
pub use local::Local;
pub use ssh::{HostKeys, Ssh};

/// Bytes of a file that are sent at a time.
const CHUNK: usize = 1 << 18;

/// A script to run.
#[derive(Debug, Clone)]
pub struct Script<'a> {
    /// The text, for a POSIX shell.
    pub text: &'a str,
    /// The arguments, from `$1`. Never secret.
    pub arguments: Vec<String>,
    /// The standard input.
    pub input: Input,
    /// The longest time that it may take.
    pub limit: Duration,
    /// Runs it as root through sudo.
    pub sudo: bool,
}

/// Standard input.
#[derive(Clone)]
pub enum Input {
    /// Nothing.
    None,
    /// These bytes, which may be secret.
    Bytes(Vec<u8>),
    /// The content of a file on this machine.
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

/// The result of a script that ended.
#[derive(Clone)]
pub struct ScriptOutput {
    /// Its exit code; none where a signal ended it.
    pub code: Option<i32>,
    /// Its standard output, which may be secret.
    pub stdout: Vec<u8>,
    /// Its standard error.
    pub stderr: String,
}

/// A script that runs until its standard input is closed.
pub struct Holding {
    /// The first line that it said.
    pub said: String,
    /// Its standard input, which ends it when it is dropped.
    pub input: Box<dyn AsyncWrite + Send + Unpin>,
    /// Is complete when it has ended.
    pub ended: BoxFuture<'static, ()>,
}

/// The reason that a script has no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConnectionError {
    /// The connection was not made.
    #[error("{0}")]
    Connect(String),
    /// The machine answered, and does not let us in.
    #[error("{0}")]
    Denied(String),
    /// The host key of the machine is unknown, or it is not the known one.
    #[error("{0}")]
    HostKey(Box<HostKey>),
    /// The connection was lost: the script may have done its work or not.
    #[error("the connection was lost ({0})")]
    Lost(String),
    /// The time limit passed.
    #[error("no answer within {} s", .0.as_secs())]
    TimedOut(Duration),
    /// This machine cannot do its part.
    #[error("{0}")]
    Here(String),
}

impl ConnectionError {
    /// The class of the error, in a word.
    pub fn class(&self) -> &'static str {
        match self {
            Self::Connect(_) => "not connected",
            Self::Denied(_) => "denied",
            Self::HostKey(_) => "host key refused",
            Self::Lost(_) => "connection lost",
            Self::TimedOut(_) => "timed out",
            Self::Here(_) => "failed here",
        }
    }
}

/// A machine that runs scripts.
pub trait Connection: Send + Sync {
    /// Runs a script to its end.
    fn run<'a>(
        &'a self,
        script: &'a Script<'a>,
    ) -> BoxFuture<'a, Result<ScriptOutput, ConnectionError>>;

    /// Starts a script that goes on after its first line, and waits for that line.
    fn hold<'a>(
        &'a self,
        script: &'a Script<'a>,
    ) -> BoxFuture<'a, Result<Holding, ConnectionError>>;

    /// Ends the connection.
    fn close(self: Box<Self>) -> BoxFuture<'static, ()>;
}

/// The command line that runs a script.
fn command_line<'a>(script: &'a Script<'a>) -> Vec<&'a str> {
    let mut words: Vec<&str> = Vec::new();
    if script.sudo {
        words.extend(["sudo", "-n", "--"]);
    }
    words.extend(["sh", "-c", script.text, "skyward"]);
    words.extend(script.arguments.iter().map(String::as_str));
    words
}

/// The standard input of the process; without input it is closed at once.
fn stdin(input: &Input) -> Stdio {
    match input {
        Input::None => Stdio::null(),
        _ => Stdio::piped(),
    }
}

/// Ends what takes longer than it may.
async fn within<T>(
    limit: Duration,
    step: impl Future<Output = Result<T, ConnectionError>>,
) -> Result<T, ConnectionError> {
    tokio::time::timeout(limit, step).await.unwrap_or(Err(ConnectionError::TimedOut(limit)))
}

/// Sends the input to a script that goes on, and reads its first line.
async fn begin(
    input: &Input,
    to: Option<impl AsyncWrite + Send + Unpin + 'static>,
    from: Option<impl AsyncRead + Unpin>,
    errors: Option<impl AsyncRead + Unpin>,
    ended: BoxFuture<'static, ()>,
) -> Result<Holding, ConnectionError> {
    let (Some(mut to), Some(from)) = (to, from) else {
        return Err(ConnectionError::Here("a process has no pipes".to_owned()));
    };
    if let Input::Bytes(bytes) = input {
        let _ = to.write_all(bytes).await;
        let _ = to.flush().await;
    }
    let mut said = String::new();
    let _ = BufReader::new(from).read_line(&mut said).await;
    if said.is_empty() {
        drop(to);
        let errors = String::from_utf8_lossy(&read_all(errors).await).into_owned();
        let last = errors.lines().map(str::trim).rfind(|line| !line.is_empty());
        let last = last.unwrap_or("the machine no longer answers");
        return Err(ConnectionError::Lost(last.to_owned()));
    }
    Ok(Holding { said: said.trim_end().to_owned(), input: Box::new(to), ended })
}

/// Sends the input. A reader that has gone shows in its exit code, not here.
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
            let mut chunk = vec![0; CHUNK];
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

/// Reads a stream to its end.
async fn read_all(from: Option<impl tokio::io::AsyncRead + Unpin>) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(mut from) = from {
        // A stream that breaks off keeps what came before; the exit code tells the rest.
        let _ = from.read_to_end(&mut bytes).await;
    }
    bytes
}
