//! Host keys that ssh refuses, explained: the fingerprint that the machine shows, and the place of the known one.

use std::fmt;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use super::ConnectionError;
use crate::cluster::Machine;

/// The time for asking a machine for its key.
const PROBE_TIMEOUT: Duration = Duration::from_secs(20);

/// A host key that is not accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostKey {
    /// The kind and fingerprint, such as `ED25519 SHA256:…`, where the machine showed one.
    pub fingerprint: Option<String>,
    /// The place of another known key of this machine, such as `/root/.ssh/known_hosts:3`.
    pub known_at: Option<String>,
    /// The words that ssh is given, such as `-p 2222 admin@10.0.0.11`.
    pub words: String,
    /// The name under which ssh keeps the key, such as `[10.0.0.11]:2222`.
    pub kept_as: String,
}

impl fmt::Display for HostKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fingerprint = self.fingerprint.as_deref().unwrap_or("a key that ssh does not show");
        match &self.known_at {
            None => write!(f, "its host key is not known: {fingerprint}"),
            Some(place) => write!(
                f,
                "its host key has changed: it shows {fingerprint}, and {place} has another; the machine was reinstalled, or somebody \
                 intercepts the connection"
            ),
        }
    }
}

impl HostKey {
    /// The advice.
    pub fn next(&self) -> String {
        let compare = "compare it on the machine's own console (`ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub`)";
        match &self.known_at {
            None => {
                format!("{compare}, then accept it with `ssh {}` or --accept-new", self.words)
            }
            Some(_) => {
                format!(
                    "{compare}, then remove the old one with `ssh-keygen -R '{}'`",
                    self.kept_as
                )
            }
        }
    }
}

/// Explains from the log of ssh why it does not connect.
pub async fn explain(machine: &Machine, address: &str, log: &str) -> ConnectionError {
    if !log.contains("Host key verification failed") {
        let reason = reason(log);
        return if reason.contains("Permission denied") {
            ConnectionError::Denied(reason)
        } else {
            ConnectionError::Connect(reason)
        };
    }
    let (mut fingerprint, known_at) = changed(log);
    if fingerprint.is_none() {
        fingerprint = shown(&probe(machine, address).await);
    }
    let kept_as = kept_as(log).unwrap_or_else(|| match machine.port {
        Some(port) => format!("[{address}]:{port}"),
        None => address.to_owned(),
    });
    let words = words(machine, address);
    let key = HostKey { fingerprint, known_at, words, kept_as };
    ConnectionError::HostKey(Box::new(key))
}

/// The words that ssh is given for a machine.
fn words(machine: &Machine, address: &str) -> String {
    let port = machine.port.map(|port| format!("-p {port} ")).unwrap_or_default();
    let user = machine.user.as_ref().map(|user| format!("{user}@")).unwrap_or_default();
    format!("{port}{user}{address}")
}

/// The name under which ssh looked for the key, as it says where the key has changed: aliases and ports are in it.
fn kept_as(log: &str) -> Option<String> {
    let name = log.lines().find_map(|line| line.trim().strip_prefix("Host key for "))?;
    Some(name.split_once(" has changed")?.0.to_owned())
}

/// The last line that says something; banners and warnings come before it.
fn reason(log: &str) -> String {
    let line = log.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or("ssh failed");
    let advice = if line.contains("Permission denied") {
        "; load the key into your agent (`ssh-add`), or name it in ~/.ssh/config"
    } else {
        ""
    };
    format!("{}{advice}", line.trim_start_matches("ssh: "))
}

/// The fingerprint and the place of the known key, where ssh warns of a change.
fn changed(log: &str) -> (Option<String>, Option<String>) {
    if !log.contains("REMOTE HOST IDENTIFICATION HAS CHANGED") {
        return (None, None);
    }
    let kind = log
        .lines()
        .find_map(|line| line.trim().strip_prefix("The fingerprint for the ")?.split(' ').next());
    let hash = log.split_whitespace().find(|word| word.starts_with("SHA256:"));
    let place = log.lines().find_map(|line| {
        let line = line.trim().strip_prefix("Offending ")?;
        line.split_once(" key in ").map(|(_, place)| place.to_owned())
    });
    let fingerprint =
        kind.zip(hash).map(|(kind, hash)| format!("{kind} {}", hash.trim_end_matches('.')));
    (fingerprint, Some(place.unwrap_or_else(|| "the file of known hosts".to_owned())))
}

/// The key in the log of ssh. Jumps and aliases apply, so the last key is that of the machine.
fn shown(log: &str) -> Option<String> {
    let line = log.lines().rfind(|line| line.contains("Server host key: "))?;
    let mut words = line.split("Server host key: ").nth(1)?.split_whitespace();
    let kind = words.next()?.trim_start_matches("ssh-").to_uppercase();
    Some(format!("{kind} {}", words.next()?))
}

async fn probe(machine: &Machine, address: &str) -> String {
    let mut command = Command::new("ssh");
    command.args(["-v", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes"]);
    command.args(["-o", "ConnectTimeout=10"]);
    if let Some(user) = &machine.user {
        command.args(["-l", user]);
    }
    if let Some(port) = machine.port {
        command.args(["-p", &port.to_string()]);
    }
    command.args(["--", address, "true"]).stdin(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(PROBE_TIMEOUT, command.output()).await;
    output
        .ok()
        .and_then(Result::ok)
        .map(|output| String::from_utf8_lossy(&output.stderr).into_owned())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHANGED: &str = "@@@@@@@@@@@\n@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\n@@@@@@@@@@@\n\
        IT IS POSSIBLE THAT SOMEONE IS DOING SOMETHING NASTY!\n\
        The fingerprint for the ED25519 key sent by the remote host is\nSHA256:abc.\n\
        Please contact your system administrator.\nOffending ED25519 key in /home/a/.ssh/known_hosts:3\n\
        Host key for h has changed and you have requested strict checking.\nHost key verification failed.";

    #[test]
    fn a_changed_key_is_named_with_the_place_of_the_old_one() {
        let (fingerprint, place) = changed(CHANGED);
        assert_eq!(fingerprint.as_deref(), Some("ED25519 SHA256:abc"));
        assert_eq!(place.as_deref(), Some("/home/a/.ssh/known_hosts:3"));
        assert_eq!(changed("Host key verification failed."), (None, None));
        assert_eq!(kept_as(CHANGED).as_deref(), Some("h"));
        let port = "Host key for [::1]:2222 has changed and you have requested strict checking.";
        assert_eq!(kept_as(port).as_deref(), Some("[::1]:2222"));
    }

    #[test]
    fn the_advice_is_a_whole_command() {
        let machine = Machine { user: Some("a".into()), port: Some(2222), ..Machine::this() };
        assert_eq!(words(&machine, "::1"), "-p 2222 a@::1");
        assert_eq!(words(&Machine::this(), "h"), "h");
    }

    #[test]
    fn behind_a_jump_the_last_key_is_the_machines() {
        let log = "debug1: Server host key: ssh-ed25519 SHA256:jump\nx\ndebug1: Server host key: ssh-ed25519 SHA256:target\ny";
        assert_eq!(shown(log).as_deref(), Some("ED25519 SHA256:target"));
    }

    #[test]
    fn the_last_line_is_the_reason() {
        assert_eq!(
            reason("Welcome!\nssh: connect to host h port 22: Connection refused\n"),
            "connect to host h port 22: Connection refused"
        );
        assert!(
            reason("a@h: Permission denied (publickey).").ends_with("name it in ~/.ssh/config")
        );
    }
}
