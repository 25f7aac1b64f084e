//! The events that the crates' binaries print while they run, one JSON object a line.
//!
//! The shared variants are those of `skyward-terminal`; of a crate's own ones only what `up` shows is read.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;

use anyhow::{Context, Result};
use serde::Deserialize;
use skyward_terminal::{Page, Present, output};

/// An event of any of the binaries.
pub(super) type Event = skyward_terminal::Event<Own>;

/// An event of one crate, beside the shared ones.
#[derive(Debug, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub(super) enum Own {
    /// `image run`: the image's files are in a folder.
    Unpacked { bytes: u64, seconds: f64 },
    /// `image run`: the entry point runs.
    Serving { address: String, isolation: String },
    /// `image run`: the service was asked something.
    Check(Check),
    /// `image run`: all checks are done.
    Checked { ok: bool },
    /// `image run`: the process ended.
    Stopped {},
    /// `deploy-k3s`: the image is where the nodes find it.
    Image { reference: String },
    /// `deploy-k3s`: what the failing pod left behind.
    Evidence(Evidence),
    /// `deploy-k3s`: what a job said.
    Log { id: Id, lines: Vec<String> },
    /// `provision-aws`: all that is to be done.
    Plan {},
    /// `provision-aws`: how long it all took.
    Timeline { seconds: f64, critical_s: f64 },
    /// `provision-aws`: what the stack offers.
    Outputs { page: Option<String> },
    /// `provision-aws`: what the load balancer answers.
    Page { text: String },
    /// `deploy-k3s`: an object was applied or deleted.
    Object { id: Id, action: String },
    /// Anything else.
    #[serde(other)]
    Other,
}

/// A question to the service, and what came of it.
#[derive(Debug, Deserialize)]
pub(super) struct Check {
    pub(super) name: String,
    pub(super) status: Option<u16>,
    pub(super) ok: bool,
    pub(super) seconds: f64,
    pub(super) detail: String,
}

/// The traces that a failing pod left.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Evidence {
    pub(super) events: Vec<String>,
    pub(super) log: Vec<String>,
    pub(super) previous_log: Vec<String>,
}

/// An object of Kubernetes.
#[derive(Debug, Deserialize)]
pub(super) struct Id {
    pub(super) kind: String,
    pub(super) name: String,
}

/// Only the evidence and the logs of jobs are shown while they come; all else becomes rows of the table.
impl Present for Own {
    fn present(&self, page: &mut Page) {
        let mut show = |title: &str, lines: &[String]| {
            if !lines.is_empty() {
                page.sentence(&format!("{title}:\n  {}", lines.join("\n  ")));
            }
        };
        match self {
            Self::Evidence(evidence) => {
                show("events", &evidence.events);
                show("log", &evidence.log);
                show("log before the last restart", &evidence.previous_log);
            }
            Self::Log { id, lines } => show(&format!("log of {} {}", id.kind, id.name), lines),
            _ => {}
        }
    }
}

/// Reads a line.
pub(super) fn read(line: &str) -> Result<Event> {
    match serde_json::from_str(line) {
        Ok(event) => Ok(event),
        // Events that are not shown may have any form, and new ones may come at any time.
        Err(_) if line.starts_with("{\"event\":") => Ok(Event::Own(Own::Other)),
        Err(error) => Err(error).with_context(|| format!("reading the event {line}")),
    }
}

/// Runs `command`, hands on each line with its event, and returns why it failed, where it did, in the words of its last error.
pub(super) fn each(
    command: &mut Command,
    mut take: impl FnMut(&str, Event),
) -> Result<Option<String>> {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let error = last_error(&mut child)?;
    let events = child.stdout.take().context("the child's standard output is a pipe")?;
    for line in BufReader::new(events).lines() {
        let line = line?;
        take(&line, read(&line)?);
    }
    let status = child.wait()?;
    let said = error.join().ok().flatten();
    Ok((!status.success()).then(|| said.unwrap_or_else(|| format!("it ended with {status}"))))
}

/// Passes standard error on, and keeps what its last error says.
fn last_error(child: &mut Child) -> Result<JoinHandle<Option<String>>> {
    let stderr = child.stderr.take().context("the child's standard error is a pipe")?;
    Ok(std::thread::spawn(move || {
        let mut last = None;
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            // It is the binary's own text, in its own colours.
            output::say(&line);
            last = line.strip_prefix("error: ").map(str::to_owned).or(last);
        }
        last
    }))
}
