//! The steps of a plan, done.

use std::time::Duration;

use skyward_config::Role;

use super::connection::Input;
use super::event::{MachineState, Reporter};
use super::facts::Init;
use super::host::{Host, HostError, SHORT};
use super::plan::{MachinePlan, MachineStep};
use super::record::{self, Record};
use super::token::Token;

/// What joins a cluster: pinned to its authority.
#[derive(Debug, Clone)]
pub struct Tokens {
    /// For servers.
    pub server: Token,
    /// For agents, and as every server must know it.
    pub agent: Token,
}

/// Copies what our files would replace, makes the folders, then writes the record: from then on `down` knows what was there.
/// `$1`: the record; `$2`: its SHA-256; then files to keep, `--`, folders to make. The record comes on standard input.
const RECORD: &str = r#"set -e
umask 077
record=$1 sum=$2; shift 2
[ -e "$record" ] && exit 0
d=${record%/*}
mkdir -p "$d/before"
while [ "$1" != -- ]; do
  cp -a "$1" "$d/before/$(echo "$1" | tr / %)"
  shift
done
shift
cat > "$record.skyward-new"
got=$(sha256sum "$record.skyward-new")
[ "${got%% *}" = "$sum" ] || { echo "what arrived is not what was sent" >&2; exit 3; }
sync
mv "$record.skyward-new" "$record"
umask 022
mkdir -p "$@"
"#;

/// `$@`: folders. They are there after a record that was written before a crash, too.
const FOLDERS: &str = r#"umask 022; mkdir -p "$@""#;

/// Starts the service now and with the machine, then writes down with what. `$1` service, `$2` init system, `$3` what it is started
/// with, `$4` where that is written. Not waited for: a node that cannot join would hold us up for ever.
const START: &str = r#"set -e
case $2 in
  openrc)
    rc-update -q add "$1" default
    rc-service -q "$1" stop >/dev/null 2>&1 || true
    rc-service "$1" start >&2;;
  *)
    systemctl daemon-reload
    systemctl enable -q "$1"
    systemctl reset-failed "$1" 2>/dev/null || true
    systemctl restart --no-block "$1";;
esac
umask 077
printf '%s\n' "$3" > "$4.new"
mv "$4.new" "$4"
"#;

/// The tokens of the first server, one a line, and the authority's once it has run.
const READ_TOKENS: &str =
    "cat /etc/rancher/k3s/token /etc/rancher/k3s/agent-token /var/lib/rancher/k3s/server/token";

fn init_word(init: Init) -> &'static str {
    if init == Init::OpenRc { "openrc" } else { "systemd" }
}

/// Everything of a plan that needs no other machine.
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
            MachineStep::Images(name, file) => {
                host.text("making its folder", FOLDERS, &[record::IMAGES]).await?;
                let path = format!("{}/{name}", record::IMAGES);
                host.send(&path, 0o644, &file.sum, &file.path).await?;
            }
            MachineStep::File(file) => host.write(&file.path, file.mode, &file.content).await?,
            MachineStep::Remove(path) => {
                host.text(&format!("removing {path}"), r#"rm -f "$1""#, &[path]).await?;
            }
            MachineStep::Token | MachineStep::Start => continue,
        }
        report.machine(&host.label(), MachineState::Done, step.to_string());
    }
    Ok(())
}

async fn write_record(host: &Host, wanted: &Record) -> Result<(), HostError> {
    let content = wanted.content();
    let sum = super::token::hex(&<sha2::Sha256 as sha2::Digest>::digest(&content));
    let mut words = vec![record::RECORD, &sum];
    words.extend(record::FILES.into_iter().filter(|path| wanted.before.contains(*path)));
    words.push("--");
    words.extend(["/etc/rancher/k3s", "/usr/local/bin"]);
    let input = Input::Bytes(content);
    host.run("writing down what is there", RECORD, &words, input, SHORT).await?;
    Ok(())
}

/// Puts the tokens of a first server in their place, where it has none yet.
///
/// # Errors
/// They cannot be made or written.
pub async fn write_first_tokens(host: &Host, planned: &MachinePlan) -> Result<(), HostError> {
    if !planned.steps.contains(&MachineStep::Token) {
        return Ok(());
    }
    for path in [record::TOKEN, record::AGENT_TOKEN] {
        // One that is there may be in use already: it stays, and only gets its mode.
        let keep = format!("[ -s {path} ] || exit 9; chown 0:0 {path}; chmod 600 {path}");
        let kept = host.ask("looking for a token", &keep, &[], Input::None, SHORT).await?;
        if kept.code == Some(9) {
            let token = Token::random()
                .map_err(|error| host.refused("making a token", error.to_string()))?;
            host.write(path, 0o600, &token.file()).await?;
        }
    }
    Ok(())
}

/// The tokens that others join with.
///
/// # Errors
/// The first server has not run yet, or cannot be asked.
pub async fn read_tokens(first: &Host) -> Result<Tokens, HostError> {
    let doing = "reading its tokens";
    let stdout = first.run(doing, READ_TOKENS, &[], Input::None, SHORT).await?;
    let text = String::from_utf8_lossy(&stdout);
    let mut lines = text.lines().map(Token::new);
    let (Some(server), Some(agent), Some(full)) = (lines.next(), lines.next(), lines.next()) else {
        return Err(first.refused(doing, "some are empty"));
    };
    let authority = full
        .authority()
        .ok_or_else(|| first.refused(doing, "k3s's own does not pin its authority"))?;
    Ok(Tokens {
        server: server.pinned(authority, "server"),
        agent: agent.pinned(authority, "node"),
    })
}

/// Puts the tokens of a machine that joins in their place.
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

/// Starts k3s with the machine and now; anew where it runs.
///
/// # Errors
/// The service cannot be started.
pub async fn start(host: &Host, unit: &str, init: Init, stamp: &str) -> Result<(), HostError> {
    let words = [unit, init_word(init), stamp, record::STARTED];
    let limit = Duration::from_mins(3);
    host.run("starting k3s", START, &words, Input::None, limit).await?;
    Ok(())
}
