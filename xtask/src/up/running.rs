//! The running service: its checks become rows, signals reach it, its end is ours.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitCode, Stdio};

use anyhow::{Context, Error, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::Up;
use super::report::{Report, Row};

/// Starts `run`, prints the table when its checks are through, and returns when it has ended.
///
/// What else `up` does once the service has passed them (deploying it) may fail: the service serves on, and the end tells.
pub(super) fn follow(mut run: Command, up: &Up, report: &mut Report) -> Result<ExitCode> {
    // A group of its own: Ctrl-C reaches the service once, through us, and a second one counts as one.
    let mut child = run
        .process_group(0)
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("starting `{}`", crate::external::words(&run)))?;
    forward_signals(&child)?;
    let events = child.stdout.take().context("the child's standard output is a pipe")?;
    let mut shown = Shown { report, up, address: String::new(), passed: false, failure: None };
    for line in BufReader::new(events).lines() {
        let line = line?;
        let event =
            serde_json::from_str(&line).with_context(|| format!("reading the event {line}"))?;
        shown.event(&event);
    }
    let status = child.wait()?;
    if !shown.passed {
        bail!("the service did not pass its checks; its own lines above say why");
    }
    if !status.success() {
        bail!("the service passed its checks, but did not end as it should ({status})");
    }
    shown.failure.map_or(Ok(ExitCode::SUCCESS), Err)
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

/// What the events of `image run --check --output json` have told so far.
struct Shown<'a> {
    report: &'a mut Report,
    up: &'a Up,
    address: String,
    passed: bool,
    failure: Option<Error>,
}

impl Shown<'_> {
    fn event(&mut self, event: &Value) {
        let text = |key: &str| event.get(key).and_then(Value::as_str).unwrap_or_default();
        let seconds = event.get("seconds").and_then(Value::as_f64);
        let ok = event.get("ok").and_then(Value::as_bool) == Some(true);
        match text("event") {
            "unpacked" => self.report.add(Row {
                size: event.get("bytes").and_then(Value::as_u64),
                ..Row::new("unpack", "into a folder, digests verified", seconds)
            }),
            "running" => {
                text("address").clone_into(&mut self.address);
                self.report.add(Row::new("run", text("isolation"), None));
            }
            "check" => self.report.add(check_row(event, ok, seconds)),
            "checked" => self.checked(ok),
            "stopped" => eprintln!("Stopped; nothing is left running."),
            _ => {}
        }
    }

    fn checked(&mut self, ok: bool) {
        self.passed = ok;
        let (mut deployed, mut provisioned) = (Ok(None), Ok(()));
        if ok {
            deployed = self.up.deploy(self.report);
            provisioned = self.up.provision(self.report);
        } else {
            for step in ["deploy", "provision"] {
                let result = "skipped: the service did not pass its checks";
                self.report.add(Row::new(step, result, None));
            }
        }
        self.report.print_once();
        if !ok {
            return;
        }
        println!("address  {}", self.address);
        match deployed {
            Ok(address) => address.iter().for_each(|address| println!("cluster  {address}")),
            Err(error) => {
                eprintln!("\nThe service runs on this machine; it was not deployed.");
                self.failure = Some(error);
            }
        }
        if let Err(error) = provisioned {
            eprintln!(
                "\nThe service runs on this machine; the simulated account was not provisioned."
            );
            self.failure.get_or_insert(error);
        }
        if !self.up.once {
            eprintln!("\nServing until Ctrl-C, which drains and stops.");
        }
    }
}

/// One answer of the service: what was asked, the status and what came.
fn check_row(event: &Value, ok: bool, seconds: Option<f64>) -> Row {
    let text = |key: &str| event.get(key).and_then(Value::as_str).unwrap_or_default();
    let status = event.get("status").and_then(Value::as_u64).map(|status| format!("{status} "));
    let verdict = if ok { "" } else { "FAILED: " };
    let result = format!("{verdict}{}{}", status.unwrap_or_default(), text("detail"));
    Row::new(text("name"), result, seconds.filter(|seconds| *seconds > 0.0))
}
