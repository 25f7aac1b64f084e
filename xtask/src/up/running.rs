//! The running service: its checks become rows, signals reach it, its end is ours.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitCode, Stdio};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::report::{Report, Row};

/// Starts `run`, prints the table when its checks are through, and returns when it has ended.
pub(super) fn follow(mut run: Command, report: &mut Report) -> Result<ExitCode> {
    // A group of its own: Ctrl-C reaches the service once, through us, and a second one counts as one.
    let mut child = run
        .process_group(0)
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("starting `{}`", crate::external::words(&run)))?;
    forward_signals(&child)?;
    let events = child.stdout.take().context("the child's standard output is a pipe")?;
    let mut failed = false;
    for line in BufReader::new(events).lines() {
        let line = line?;
        let event: Value =
            serde_json::from_str(&line).with_context(|| format!("reading the event {line}"))?;
        failed |= !show(&event, report);
    }
    let status = child.wait()?;
    report.print_once();
    if failed || !status.success() {
        bail!("up: the service did not pass its checks or did not end as it should ({status})");
    }
    Ok(ExitCode::SUCCESS)
}

/// Passes SIGINT, SIGTERM and SIGHUP on to the child, each as often as it comes.
fn forward_signals(child: &Child) -> Result<()> {
    let pid = i32::try_from(child.id())
        .ok()
        .and_then(Pid::from_raw)
        .context("a process id is positive")?;
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP]).context("listening for signals")?;
    std::thread::spawn(move || {
        for signal in &mut signals {
            let signal = if signal == SIGINT { Signal::INT } else { Signal::TERM };
            // Fails only when the child has ended; then we end as well.
            let _ = kill_process(pid, signal);
        }
    });
    Ok(())
}

/// Turns an event into a row, or prints the table; false when it tells of a failure.
fn show(event: &Value, report: &mut Report) -> bool {
    let text = |key: &str| event.get(key).and_then(Value::as_str).unwrap_or_default();
    let seconds = event.get("seconds").and_then(Value::as_f64);
    match text("event") {
        "check" => {
            let ok = event.get("ok").and_then(Value::as_bool) == Some(true);
            let result = format!("{}{}", if ok { "" } else { "FAILED: " }, text("detail"));
            report.add(Row::new(text("name"), result, seconds));
            ok
        }
        "started" => {
            report.add(Row::new("start", text("isolation"), seconds));
            true
        }
        "serving" => {
            report.not_built_yet();
            report.print_once();
            eprintln!("Serving {}; Ctrl-C drains and stops.", text("address"));
            true
        }
        _ => true,
    }
}
