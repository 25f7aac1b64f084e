//! The running service: its checks become rows, signals reach it, its end is ours.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitCode, Stdio};

use anyhow::{Context, Error, Result, anyhow, bail};
use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use skyward_terminal::{output, program};

use super::Next;
use super::events::{self, Check, Event, Own};
use super::report::{Report, Row};

/// The exit codes of a program that a signal ends, because it does not handle it.
const SIGTERM_EXIT: i32 = 128 + SIGTERM;
const SIGINT_EXIT: i32 = 128 + SIGINT;

/// Starts `run`, prints the table when its checks are through, and returns when it has ended.
///
/// What else `up` does once the service has passed them (deploying it) may fail: the service serves on, and the end tells.
pub(super) fn follow(mut run: Command, next: &Next<'_>, report: &mut Report) -> Result<ExitCode> {
    // A group of its own: Ctrl-C reaches the service once, through us, and a second one counts as one.
    let mut child = run
        .process_group(0)
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("starting `{}`", program::words(&run)))?;
    forward_signals(&child)?;
    let events = child.stdout.take().context("the child's standard output is a pipe")?;
    let mut shown = Shown { report, next, address: String::new(), passed: false, failure: None };
    for line in BufReader::new(events).lines() {
        let line = line?;
        shown.report.line(&line);
        shown.event(events::read(&line)?)?;
    }
    let status = child.wait()?;
    if !shown.passed {
        bail!("the service did not pass its checks; its own lines above say why");
    }
    if matches!(status.code(), Some(SIGTERM_EXIT | SIGINT_EXIT)) {
        output::say(
            "The signal ended the program at once. Next step: let it end in order on SIGTERM, or each rollout cuts the requests \
             that are under way.",
        );
    } else if !status.success() {
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

/// The running service as the events of `image run --check --output json` have told it so far.
struct Shown<'a> {
    report: &'a mut Report,
    next: &'a Next<'a>,
    address: String,
    passed: bool,
    failure: Option<Error>,
}

impl Shown<'_> {
    fn event(&mut self, event: Event) -> Result<()> {
        match event {
            Event::Own(Own::Unpacked { bytes, seconds }) => self.report.add(Row {
                size: Some(bytes),
                ..Row::new("unpack", "into a folder, digests verified", Some(seconds))
            }),
            Event::Own(Own::Serving { address, isolation }) => {
                self.address = address;
                self.report.add(Row::new("run", isolation, None));
            }
            Event::Own(Own::Check(check)) => self.report.add(check_row(&check)),
            Event::Own(Own::Checked { ok }) => self.checked(ok)?,
            Event::Own(Own::Stopped {}) => output::say("Stopped; nothing is left running."),
            _ => {}
        }
        Ok(())
    }

    fn checked(&mut self, ok: bool) -> Result<()> {
        self.passed = ok;
        let (mut deployed, mut provisioned) = (Ok(None), Ok(()));
        if ok {
            deployed = self.next.deploy(self.report);
            provisioned = self.next.provision(self.report);
        } else {
            for step in ["deploy", "provision"] {
                let result = "skipped: the service did not pass its checks";
                self.report.add(Row::new(step, result, None));
            }
        }
        if ok {
            self.report.below("address", &self.address);
        }
        if let Ok(Some(address)) = &deployed {
            self.report.below("cluster", address);
        }
        let unchecked = (!ok).then(|| anyhow!("the service did not pass its checks"));
        let failures = [deployed.as_ref().err(), provisioned.as_ref().err(), unchecked.as_ref()];
        self.report.end_once(failures.into_iter().flatten().next())?;
        if ok {
            self.next.run.up.open_page(&self.address);
        }
        if let Err(error) = deployed {
            output::say("\nThe service runs on this machine; it was not deployed.");
            self.failure = Some(error);
        }
        if let Err(error) = provisioned {
            output::say(
                "\nThe service runs on this machine; the simulated account was not provisioned.",
            );
            self.failure.get_or_insert(error);
        }
        if ok && !self.next.run.up.once {
            output::say("\nServing until Ctrl-C, which drains and stops.");
        }
        Ok(())
    }
}

/// One answer of the service: what was asked, the status and what came.
fn check_row(check: &Check) -> Row {
    let status = check.status.map(|status| format!("{status} ")).unwrap_or_default();
    let verdict = if check.ok { "" } else { "FAILED: " };
    let result = format!("{verdict}{status}{}", check.detail);
    Row::new(check.name.as_str(), result, Some(check.seconds).filter(|seconds| *seconds > 0.0))
}
