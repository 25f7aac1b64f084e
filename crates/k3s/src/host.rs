//! A machine that is connected: scripts and files as root.

use std::path::Path;
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::cluster::Machine;
use super::connection::{Answer, Connection, ConnectionError, HostKeys, Input, Local, Script, Ssh};
use super::token::hex;

/// How long a small script may take.
pub const SHORT: Duration = Duration::from_mins(1);
/// How long a file of some hundred megabytes may take over a slow link.
pub const LONG: Duration = Duration::from_mins(30);

/// A connected machine.
pub struct Host {
    /// As it is configured.
    pub machine: Machine,
    connection: Box<dyn Connection>,
    sudo: bool,
}

/// Why a step on a machine has failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{doing} on {machine}: {reason}")]
pub struct HostError {
    /// The machine.
    pub machine: String,
    /// What was done, such as `writing /etc/rancher/k3s/config.yaml`.
    pub doing: String,
    /// Why it failed.
    pub reason: HostReason,
}

/// Why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HostReason {
    /// There is no answer.
    #[error(transparent)]
    Connection(#[from] ConnectionError),
    /// The machine says no.
    #[error("{0}")]
    Refused(String),
    /// Its user is not root, and sudo asks for a password.
    #[error(
        "user {0} is not root and has no sudo without a password; let `sudo -n true` succeed there (a line `{0} ALL=(ALL) NOPASSWD: ALL` \
         in /etc/sudoers.d), or name root as its user"
    )]
    NoSudo(String),
}

/// Written beside its place, compared with what was sent, put in its place at once: a connection that breaks off leaves the old
/// content. `$1` path, `$2` mode, `$3` SHA-256.
const WRITE: &str = r#"set -e
umask 077
new="$1.skyward-new"
trap 'rm -f "$new"' EXIT
cat > "$new"
got=$(sha256sum "$new")
[ "${got%% *}" = "$3" ] || { echo "what arrived is not what was sent" >&2; exit 3; }
chown 0:0 "$new"
chmod "$2" "$new"
sync "$new" 2>/dev/null || sync
mv -f "$new" "$1"
"#;

const WHO: &str = r#"id -un; id -u
[ "$(id -u)" = 0 ] && exit
sudo -n true 2>/dev/null && echo sudo || echo none
"#;

impl Host {
    /// Connects, and sees that it may do what root may.
    ///
    /// # Errors
    /// There is no connection, or no way to be root.
    pub async fn connect(machine: &Machine, keys: HostKeys) -> Result<Self, HostError> {
        let connection: Result<Box<dyn Connection>, ConnectionError> = match &machine.address {
            None => Ok(Box::new(Local)),
            Some(address) => match Ssh::connect(machine, address, keys).await {
                Ok(ssh) => Ok(Box::new(ssh)),
                Err(error) => Err(error),
            },
        };
        let connection = connection.map_err(|error| HostError {
            machine: machine.label(),
            doing: "connecting".to_owned(),
            reason: error.into(),
        })?;
        Self::over(machine, connection).await
    }

    /// Over a connection that is there.
    ///
    /// # Errors
    /// There is no way to be root.
    pub async fn over(
        machine: &Machine,
        connection: Box<dyn Connection>,
    ) -> Result<Self, HostError> {
        let mut host = Self { machine: machine.clone(), connection, sudo: false };
        let who = host.text("asking who we are", WHO, &[]).await?;
        let words: Vec<&str> = who.lines().collect();
        match words[..] {
            [_, "0", ..] => {}
            [_, _, "sudo"] => host.sudo = true,
            _ => {
                let user = words.first().copied().unwrap_or("?").to_owned();
                return Err(host.failed("asking for sudo", HostReason::NoSudo(user)));
            }
        }
        Ok(host)
    }

    /// What people call it.
    pub fn label(&self) -> String {
        self.machine.label()
    }

    /// Ends the connection.
    pub async fn close(self) {
        self.connection.close().await;
    }

    /// Runs a script as root, whatever it says.
    ///
    /// # Errors
    /// There is no answer.
    pub async fn ask(
        &self,
        doing: &str,
        text: &str,
        arguments: &[&str],
        input: Input,
        limit: Duration,
    ) -> Result<Answer, HostError> {
        let arguments = arguments.iter().map(|word| (*word).to_owned()).collect();
        let script = Script { text, arguments, input, limit, sudo: self.sudo };
        self.connection.run(&script).await.map_err(|error| self.failed(doing, error.into()))
    }

    /// Runs a script as root that must succeed.
    ///
    /// # Errors
    /// There is no answer, or the script has failed: its last words.
    pub async fn run(
        &self,
        doing: &str,
        text: &str,
        arguments: &[&str],
        input: Input,
        limit: Duration,
    ) -> Result<Vec<u8>, HostError> {
        let answer = self.ask(doing, text, arguments, input, limit).await?;
        if answer.code == Some(0) {
            return Ok(answer.stdout);
        }
        Err(self.failed(doing, HostReason::Refused(last_words(&answer))))
    }

    /// As [`Host::run`], short, without input, and its standard output as text.
    ///
    /// # Errors
    /// As [`Host::run`].
    pub async fn text(
        &self,
        doing: &str,
        text: &str,
        arguments: &[&str],
    ) -> Result<String, HostError> {
        let stdout = self.run(doing, text, arguments, Input::None, SHORT).await?;
        Ok(String::from_utf8_lossy(&stdout).into_owned())
    }

    /// Writes a file whole: what was there stays until the new content is complete. Its folder is there.
    ///
    /// # Errors
    /// As [`Host::run`]; the file is the old one then.
    pub async fn write(&self, path: &str, mode: u32, content: &[u8]) -> Result<(), HostError> {
        let sum = hex(&Sha256::digest(content));
        let input = Input::Bytes(content.to_vec());
        self.put(path, mode, &sum, input, SHORT).await
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
    pub fn failed(&self, doing: &str, reason: HostReason) -> HostError {
        HostError { machine: self.label(), doing: doing.to_owned(), reason }
    }

    /// An error of this machine in words.
    pub fn refused(&self, doing: &str, reason: impl Into<String>) -> HostError {
        self.failed(doing, HostReason::Refused(reason.into()))
    }
}

/// The last lines of standard error: what a program says before it ends.
fn last_words(answer: &Answer) -> String {
    let lines: Vec<&str> =
        answer.stderr.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    if lines.is_empty() {
        return match answer.code {
            Some(code) => format!("it ended with code {code} and said nothing"),
            None => "a signal has ended it".to_owned(),
        };
    }
    lines[lines.len().saturating_sub(3)..].join("; ")
}
