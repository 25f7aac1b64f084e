//! The service itself, built and started for a moment: the port that it listens on, and the health paths that it answers.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use skyward_image::run::listening;
use skyward_terminal::output;
use ureq::Agent;

use super::source::{Found, Hint, PATHS};
use super::workspace::{Binary, Workspace, cargo};

/// The time for the service to listen.
const START: Duration = Duration::from_secs(20);
/// The time for an answer.
const ANSWER: Duration = Duration::from_secs(2);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(20);
/// The words that say where a value is from.
const SEEN: &str = "seen when it ran";

/// A running service. Killed when dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Builds the binary, starts it, looks and asks. What it shows comes before what the text tells.
pub(super) fn run(workspace: &Workspace, binary: &Binary, mut found: Found) -> Result<Found> {
    let program = build(workspace, binary)?;
    let mut command = Command::new(&program);
    command.current_dir(&workspace.root).stdin(Stdio::null()).stdout(std::io::stderr());
    if let (Some(variable), Some(port)) = (&found.variable, found.ports.first()) {
        command.env(&variable.value, port.value.to_string());
    }
    output::say(&format!("Starting {} to see where it listens", program.display()));
    let child = command.spawn().with_context(|| format!("starting {}", program.display()))?;
    let mut running = Running(child);
    let addresses = wait(&mut running)?;
    let ports = addresses.iter().map(|address| Hint { value: address.port(), from: SEEN.into() });
    found.ports.splice(0..0, ports);
    if let Some((port, path)) = addresses.iter().find_map(healthy) {
        found.paths.insert(0, Hint { value: path.to_owned(), from: SEEN.into() });
        found.ports.insert(0, Hint { value: port, from: SEEN.into() });
    }
    Ok(found)
}

#[derive(Deserialize)]
struct Message {
    executable: Option<PathBuf>,
}

fn build(workspace: &Workspace, binary: &Binary) -> Result<PathBuf> {
    let mut build = cargo();
    build.current_dir(&workspace.root).stderr(Stdio::inherit()).args([
        "build",
        "--package",
        &binary.package,
        "--bin",
        &binary.name,
        "--message-format",
        "json-render-diagnostics",
    ]);
    let output = build.output().context("init: starting cargo")?;
    if !output.status.success() {
        bail!(
            "init: {} does not compile; cargo's message is above. Next step: mend it, or leave --run out",
            binary.name
        );
    }
    let messages = String::from_utf8_lossy(&output.stdout);
    let executable = |line: &str| serde_json::from_str::<Message>(line).ok()?.executable;
    messages.lines().filter_map(executable).next_back().context("init: cargo named no program")
}

/// Waits until the program listens.
fn wait(running: &mut Running) -> Result<Vec<SocketAddr>> {
    let started = Instant::now();
    loop {
        let addresses = listening(running.0.id());
        if !addresses.is_empty() {
            return Ok(addresses);
        }
        if let Some(status) = running.0.try_wait()? {
            bail!(
                "init: the service ended before it listened ({status}); its output is above. Next step: leave --run out"
            );
        }
        if started.elapsed() > START {
            bail!(
                "init: the service listens on no port after {} s. Next step: leave --run out",
                START.as_secs()
            );
        }
        std::thread::sleep(PAUSE);
    }
}

/// The first of the usual health paths that is answered by 200 at this address.
fn healthy(address: &SocketAddr) -> Option<(u16, &'static str)> {
    let agent: Agent = Agent::config_builder()
        .timeout_global(Some(ANSWER))
        .http_status_as_error(false)
        .max_redirects(0)
        .proxy(None)
        .build()
        .into();
    let host = match address.ip() {
        IpAddr::V4(host) if host.is_unspecified() => "127.0.0.1".to_owned(),
        IpAddr::V6(host) if host.is_unspecified() => "[::1]".to_owned(),
        IpAddr::V6(host) => format!("[{host}]"),
        IpAddr::V4(host) => host.to_string(),
    };
    let answers = |path: &str| {
        let url = format!("http://{host}:{}{path}", address.port());
        agent.get(url).call().is_ok_and(|answer| answer.status().as_u16() == 200)
    };
    // A service that answers everything by 200 has no health path that means anything.
    if answers("/skyward-init-asks-for-a-path-that-is-not-there") {
        return None;
    }
    PATHS.iter().find(|path| answers(path)).map(|path| (address.port(), *path))
}
