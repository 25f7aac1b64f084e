//! What a crate's binary tells while it runs: one JSON event a line.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;

use anyhow::{Context, Result};
use serde_json::Value;

/// Runs `command`, hands on each event, and returns why it failed, where it did, in the words of its last error.
pub(super) fn each(command: &mut Command, mut take: impl FnMut(&Value)) -> Result<Option<String>> {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let error = last_error(&mut child)?;
    let events = child.stdout.take().context("the child's standard output is a pipe")?;
    for line in BufReader::new(events).lines() {
        let line = line?;
        take(&serde_json::from_str(&line).with_context(|| format!("reading the event {line}"))?);
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
            eprintln!("{line}");
            last = line.strip_prefix("error: ").map(str::to_owned).or(last);
        }
        last
    }))
}
