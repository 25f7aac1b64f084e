//! The steps of a plan, carried out on one machine.

use std::time::Duration;

use sha2::{Digest, Sha256};
use skyward_config::Role;

use super::connection::Input;
use super::facts::Init;
use super::host::{Host, HostError, SHORT};
use super::plan::{MachinePlan, MachineStep};
use super::record::{self, Record};
use super::release::Verified;
use super::report::Reporter;
use super::token::{Token, hex};

/// The time limit for starting or stopping k3s.
pub(crate) const SERVICE_LIMIT: Duration = Duration::from_mins(3);
/// The exit code of a script that found no token.
const NO_TOKEN: i32 = 9;

/// The tokens with which machines join. They pin the authority of the cluster.
#[derive(Debug, Clone)]
pub struct Tokens {
    /// The token of servers.
    pub server: Token,
    /// The token of agents, which every server must know.
    pub agent: Token,
}

/// Copies the files that ours would replace, then writes the record, from which `down` knows what existed, and makes folders. `$1` the
/// record, `$2` its SHA-256; then files to keep, `--`, folders to make. The record comes on standard input.
const RECORD: &str = include_str!("scripts/record.sh");

/// Makes the folders `$@`. After a crash they may be missing although the record exists.
const FOLDERS: &str = r#"umask 022; mkdir -p "$@""#;

/// Starts the service, now and with the machine, then writes the stamp. `$1` service, `$2` init system, `$3` stamp, `$4` its file. It
/// does not wait: a node that cannot join would block it for ever.
const START: &str = include_str!("scripts/start.sh");

/// Prints the tokens of the first server, one a line, and that of the authority once it has run.
const READ_TOKENS: &str =
    "cat /etc/rancher/k3s/token /etc/rancher/k3s/agent-token /var/lib/rancher/k3s/server/token";

/// The word for an init system in scripts.
pub(crate) fn init_word(init: Init) -> &'static str {
    if init == Init::OpenRc { "openrc" } else { "systemd" }
}

/// Does all steps that need no other machine.
///
/// # Errors
/// A step fails; those after it are not done.
pub async fn prepare(
    host: &Host,
    planned: &MachinePlan,
    report: &Reporter,
) -> Result<(), HostError> {
    for step in &planned.steps {
        match step {
            MachineStep::Record => write_record(host, &planned.record).await?,
            MachineStep::Binary(file) => {
                host.send(record::BINARY, 0o755, &file.sum, &file.path).await?;
            }
            MachineStep::Images(name, file) => send_images(host, name, file).await?,
            MachineStep::File(file) => host.write(&file.path, file.mode, &file.content).await?,
            MachineStep::Remove(path) => {
                host.text(&format!("removing {path}"), r#"rm -f "$1""#, &[path]).await?;
            }
            MachineStep::Token | MachineStep::Start => continue,
        }
        report.done(&host.label(), step.to_string());
    }
    Ok(())
}

/// Sends an archive of images to where k3s imports it from.
///
/// # Errors
/// It does not arrive.
pub async fn send_images(host: &Host, name: &str, file: &Verified) -> Result<(), HostError> {
    host.text("making the folder of images", FOLDERS, &[record::IMAGES]).await?;
    let path = format!("{}/{name}", record::IMAGES);
    host.send(&path, 0o644, &file.sum, &file.path).await
}

async fn write_record(host: &Host, record: &Record) -> Result<(), HostError> {
    let content = record.content();
    let sum = hex(&Sha256::digest(&content));
    let mut words = vec![record::RECORD, &sum];
    words.extend(record::FILES.into_iter().filter(|path| record.before.contains(*path)));
    words.push("--");
    words.extend(["/etc/rancher/k3s", "/usr/local/bin"]);
    let input = Input::Bytes(content);
    host.run("recording what exists", RECORD, &words, input, SHORT).await?;
    Ok(())
}

/// Writes the tokens of a first server that has none yet.
///
/// # Errors
/// They cannot be made or written.
pub async fn write_first_tokens(host: &Host, planned: &MachinePlan) -> Result<(), HostError> {
    if !planned.steps.contains(&MachineStep::Token) {
        return Ok(());
    }
    for path in [record::TOKEN, record::AGENT_TOKEN] {
        // A token that exists may be in use: it is kept, and only gets its mode.
        let keep = format!("[ -s {path} ] || exit {NO_TOKEN}; chown 0:0 {path}; chmod 600 {path}");
        let kept = host.ask("looking for a token", &keep, &[], Input::None, SHORT).await?;
        if kept.code == Some(NO_TOKEN) {
            let token = Token::random()
                .map_err(|error| host.refused("making a token", error.to_string()))?;
            host.write(path, 0o600, &token.file()).await?;
        }
    }
    Ok(())
}

/// Reads the tokens with which others join.
///
/// # Errors
/// The first server has not run yet, or does not answer.
pub async fn read_tokens(first: &Host) -> Result<Tokens, HostError> {
    let operation = "reading its tokens";
    let text = first.text(operation, READ_TOKENS, &[]).await?;
    let mut lines = text.lines().map(Token::new);
    let (Some(server), Some(agent), Some(full)) = (lines.next(), lines.next(), lines.next()) else {
        return Err(first.refused(operation, "some are empty"));
    };
    let authority = full
        .authority()
        .ok_or_else(|| first.refused(operation, "that of k3s does not pin its authority"))?;
    Ok(Tokens {
        server: server.pinned(authority, "server"),
        agent: agent.pinned(authority, "node"),
    })
}

/// Writes the tokens of a machine that joins.
///
/// # Errors
/// They cannot be written.
pub async fn write_tokens(host: &Host, tokens: &Tokens) -> Result<(), HostError> {
    match host.machine.role {
        Role::Agent => host.write(record::TOKEN, 0o600, &tokens.agent.file()).await,
        Role::Server => {
            host.write(record::TOKEN, 0o600, &tokens.server.file()).await?;
            host.write(record::AGENT_TOKEN, 0o600, &tokens.agent.file()).await
        }
    }
}

/// Starts or restarts k3s, and lets it start with the machine.
///
/// # Errors
/// The service cannot be started.
pub async fn start(host: &Host, unit: &str, init: Init, stamp: &str) -> Result<(), HostError> {
    let words = [unit, init_word(init), stamp, record::STARTED];
    host.run("starting k3s", START, &words, Input::None, SERVICE_LIMIT).await?;
    Ok(())
}
