//! A connected machine, on which scripts run and files are written as root.

use std::path::Path;
use std::time::Duration;

use sha2::{Digest, Sha256};
use skyward_terminal::Calls;
use skyward_terminal::event::Failed;

use super::cluster::Machine;
use super::connection::{
    Connection, ConnectionError, HostKeys, Input, Local, Script, ScriptOutput, Ssh,
};
use super::lock::{Answer, Claim, Held, LOST, Rival};
use super::token::hex;

/// The time limit of a small script.
pub const SHORT: Duration = Duration::from_mins(1);
/// The time limit of a file of some hundred megabytes over a slow link.
pub const LONG: Duration = Duration::from_mins(30);
/// The lines of standard error that an error quotes.
const QUOTED_LINES: usize = 3;

/// A connected machine.
pub struct Host {
    /// The machine, as it is configured.
    pub machine: Machine,
    connection: Box<dyn Connection>,
    sudo: bool,
    calls: Calls,
    held: Option<Held>,
}

/// A step on a machine that failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{operation} on {machine}: {reason}")]
pub struct HostError {
    /// The machine.
    pub machine: String,
    /// The step, such as `writing /etc/rancher/k3s/config.yaml`.
    pub operation: String,
    /// The reason.
    pub reason: HostReason,
}

/// The reason that a step failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HostReason {
    /// The script has no result.
    #[error(transparent)]
    Connection(#[from] ConnectionError),
    /// The machine refused, in its own words.
    #[error("{0}")]
    Refused(String),
    /// The machine's lock is not ours any more.
    #[error(
        "its lock is another operator's by now, or it was restarted; nothing further is changed"
    )]
    LockLost,
    /// The user is not root, and sudo asks for a password.
    #[error("user {0} is not root and has no sudo without a password")]
    NoSudo(String),
}

impl HostError {
    /// Returns true where the machine gave no answer, rather than one that refuses us.
    pub fn is_silence(&self) -> bool {
        matches!(
            &self.reason,
            HostReason::Connection(
                ConnectionError::Connect(_)
                    | ConnectionError::Lost(_)
                    | ConnectionError::TimedOut(_)
            )
        )
    }

    /// The advice, where there is one.
    pub fn next(&self) -> Option<String> {
        match &self.reason {
            HostReason::Connection(ConnectionError::HostKey(key)) => Some(key.next()),
            HostReason::NoSudo(user) => Some(format!(
                "let `sudo -n true` succeed there (a line `{user} ALL=(ALL) NOPASSWD: ALL` in /etc/sudoers.d), or connect as root"
            )),
            HostReason::LockLost => {
                Some("run the command again: it continues from whatever is there".to_owned())
            }
            _ => None,
        }
    }

    /// The failure as an event.
    pub fn failed(&self) -> Failed {
        Failed {
            object: self.machine.clone(),
            action: self.operation.clone(),
            reason: self.reason.to_string(),
            next: self.next(),
        }
    }
}

/// Writes a file beside its place, compares it with what was sent and moves it into place, so that a lost connection leaves the old
/// content. `$1` path, `$2` mode, `$3` SHA-256.
const WRITE: &str = include_str!("scripts/write.sh");

const WHO: &str = r#"id -un; id -u
[ "$(id -u)" = 0 ] && exit
sudo -n true 2>/dev/null && echo sudo || echo none
"#;

impl Host {
    /// Connects, and makes sure that scripts can run as root.
    ///
    /// # Errors
    /// The machine cannot be reached, or its user cannot become root.
    pub async fn connect(
        machine: &Machine,
        keys: HostKeys,
        calls: &Calls,
    ) -> Result<Self, HostError> {
        let connection: Box<dyn Connection> = match &machine.address {
            None => Box::new(Local),
            Some(address) => {
                let call = calls.begin(&peer(machine), "connect");
                let connected = Ssh::connect(machine, address, keys).await;
                call.end(connected.as_ref().err().map_or("ok", ConnectionError::class));
                Box::new(connected.map_err(|error| HostError {
                    machine: machine.label(),
                    operation: "connecting".to_owned(),
                    reason: error.into(),
                })?)
            }
        };
        let machine = machine.clone();
        let calls = calls.clone();
        let mut host = Self { machine, connection, sudo: false, calls, held: None };
        let who = host.text("finding out the user", WHO, &[]).await?;
        let words: Vec<&str> = who.lines().collect();
        match words[..] {
            [_, "0", ..] => {}
            [_, _, "sudo"] => host.sudo = true,
            _ => {
                let user = words.first().copied().unwrap_or("?").to_owned();
                return Err(host.failed("becoming root", HostReason::NoSudo(user)));
            }
        }
        Ok(host)
    }

    /// The name of the machine for people.
    pub fn label(&self) -> String {
        self.machine.label()
    }

    /// Takes the machine's lock; or returns who has it. Until it is released, scripts run under it.
    ///
    /// # Errors
    /// The machine does not answer, or it cannot lock.
    pub async fn lock(&mut self, claim: &Claim) -> Result<Option<Rival>, HostError> {
        let operation = "locking it";
        let script = claim.script(self.sudo);
        let call = self.calls.begin(&peer(&self.machine), operation);
        let holding = self.connection.hold(&script).await;
        call.end(holding.as_ref().err().map_or("ok", ConnectionError::class));
        let holding = holding.map_err(|error| self.failed(operation, error.into()))?;
        match claim.answer(holding) {
            Answer::Ours(held) => self.held = Some(held),
            Answer::Rival(rival) => return Ok(Some(rival)),
            Answer::Refused(reason) => return Err(self.refused(operation, reason)),
        }
        Ok(None)
    }

    /// Gives the lock back.
    pub async fn unlock(&mut self) {
        if let Some(held) = self.held.take() {
            held.release().await;
        }
    }

    /// Gives the lock back and ends the connection.
    pub async fn close(mut self) {
        self.unlock().await;
        self.connection.close().await;
    }

    /// Runs a script as root and returns its result, whether it succeeded or not.
    ///
    /// # Errors
    /// There is no result.
    pub async fn ask(
        &self,
        operation: &str,
        text: &str,
        arguments: &[&str],
        input: Input,
        limit: Duration,
    ) -> Result<ScriptOutput, HostError> {
        let arguments = arguments.iter().map(|word| (*word).to_owned()).collect();
        let guarded = self.held.as_ref().map(|held| held.guarded(text));
        let text = guarded.as_deref().unwrap_or(text);
        let script = Script { text, arguments, input, limit, sudo: self.sudo };
        // The operation alone is told: neither arguments nor input nor output, which may hold a token.
        let call = self.calls.begin(&peer(&self.machine), operation);
        let ended = self.connection.run(&script).await;
        match &ended {
            Ok(ScriptOutput { code: Some(0), .. }) => call.end("ok"),
            Ok(ScriptOutput { code: Some(code), .. }) => call.end(&format!("exit code {code}")),
            Ok(ScriptOutput { code: None, .. }) => call.end("ended by a signal"),
            Err(error) => call.end(error.class()),
        }
        match ended {
            Ok(ScriptOutput { code: Some(LOST), .. }) if self.held.is_some() => {
                Err(self.failed(operation, HostReason::LockLost))
            }
            ended => ended.map_err(|error| self.failed(operation, error.into())),
        }
    }

    /// Runs a script as root that must succeed, and returns its standard output.
    ///
    /// # Errors
    /// There is no result, or the script failed; the error quotes its last words.
    pub async fn run(
        &self,
        operation: &str,
        text: &str,
        arguments: &[&str],
        input: Input,
        limit: Duration,
    ) -> Result<Vec<u8>, HostError> {
        let output = self.ask(operation, text, arguments, input, limit).await?;
        if output.code == Some(0) {
            return Ok(output.stdout);
        }
        Err(self.refused(operation, last_words(&output)))
    }

    /// Runs a small script without input as [`Host::run`] does, and returns its standard output as text.
    ///
    /// # Errors
    /// As [`Host::run`].
    pub async fn text(
        &self,
        operation: &str,
        text: &str,
        arguments: &[&str],
    ) -> Result<String, HostError> {
        let stdout = self.run(operation, text, arguments, Input::None, SHORT).await?;
        Ok(String::from_utf8_lossy(&stdout).into_owned())
    }

    /// Writes a file whole: the old content stays until the new one is complete. Its folder has to exist.
    ///
    /// # Errors
    /// As [`Host::run`]; the file is then the old one.
    pub async fn write(&self, path: &str, mode: u32, content: &[u8]) -> Result<(), HostError> {
        let sum = hex(&Sha256::digest(content));
        self.put(path, mode, &sum, Input::Bytes(content.to_vec()), SHORT).await
    }

    /// Sends a file of this machine, whose SHA-256 is known.
    ///
    /// # Errors
    /// As [`Host::write`].
    pub async fn send(
        &self,
        path: &str,
        mode: u32,
        sum: &str,
        file: &Path,
    ) -> Result<(), HostError> {
        self.put(path, mode, sum, Input::File(file.to_owned()), LONG).await
    }

    async fn put(
        &self,
        path: &str,
        mode: u32,
        sum: &str,
        input: Input,
        limit: Duration,
    ) -> Result<(), HostError> {
        let mode = format!("{mode:o}");
        self.run(&format!("writing {path}"), WRITE, &[path, &mode, sum], input, limit).await?;
        Ok(())
    }

    /// An error of this machine.
    pub fn failed(&self, operation: &str, reason: HostReason) -> HostError {
        HostError { machine: self.label(), operation: operation.to_owned(), reason }
    }

    /// An error of this machine in words.
    pub fn refused(&self, operation: &str, reason: impl Into<String>) -> HostError {
        self.failed(operation, HostReason::Refused(reason.into()))
    }
}

/// The machine as `-v` names it.
fn peer(machine: &Machine) -> String {
    match machine.address {
        Some(_) => format!("ssh {}", machine.label()),
        None => machine.label(),
    }
}

/// The last lines of standard error, in which a program says why it ends.
fn last_words(output: &ScriptOutput) -> String {
    let lines: Vec<&str> =
        output.stderr.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    if lines.is_empty() {
        return match output.code {
            Some(code) => format!("it ended with code {code} without a message"),
            None => "a signal ended it".to_owned(),
        };
    }
    lines[lines.len().saturating_sub(QUOTED_LINES)..].join("; ")
}
