//! The page of `--dashboard`: the program that serves it is started here, and told every event.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, Stdio};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use skyward_terminal::{output, program};

/// The program that serves the page. It ends with its input, also where this process is killed.
pub(super) struct Dashboard {
    child: Child,
    /// Gone once the program has.
    input: Option<ChildStdin>,
    /// The address of the page.
    pub(super) address: String,
}

/// An event that only `up` knows; the programs' own are handed on as they come.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub(super) enum Told<'a> {
    /// A step of `up` begins.
    Begin { step: &'a str },
    /// A row of the table.
    Row { step: &'a str, result: &'a str, seconds: Option<f64>, size: Option<u64> },
    /// A value that is to be copied.
    Below { name: &'a str, value: &'a str },
    /// The answer of `image inspect`.
    Inspected(&'a serde_json::Value),
    /// The picture of the plan.
    Topology { svg: &'a str },
    /// Everything has been done; the reason why not, where something failed.
    Up { failure: Option<String> },
}

/// The first line of the program.
#[derive(Deserialize)]
struct Serving {
    address: String,
}

impl Dashboard {
    /// Starts the program, and waits for its address.
    pub(super) fn start(mut command: Command) -> Result<Self> {
        let words = program::words(&command);
        // A group of its own: the page stays while Ctrl-C drains the service.
        let mut child = command
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("starting `{words}`"))?;
        let input = child.stdin.take();
        let stdout = child.stdout.take().context("the child's standard output is a pipe")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).context("reading the dashboard's address")?;
        let Ok(Serving { address }) = serde_json::from_str(&line) else {
            let status = child.wait().context("waiting for the dashboard")?;
            bail!("`{words}` ended with {status}; its reason is above")
        };
        Ok(Self { child, input, address })
    }

    /// Tells an event of `up`.
    pub(super) fn tell(&mut self, told: &Told<'_>) {
        if let Ok(line) = serde_json::to_string(told) {
            self.line(&line);
        }
    }

    /// Hands a line on. A page that has gone is no reason to stop; it is said once.
    pub(super) fn line(&mut self, line: &str) {
        let Some(input) = &mut self.input else { return };
        if let Err(error) = writeln!(input, "{line}") {
            output::say(&format!("The dashboard has ended ({error}); `up` continues without it."));
            self.input = None;
        }
    }
}

impl Drop for Dashboard {
    fn drop(&mut self) {
        self.input = None;
        // It has a second for its browsers, and ends.
        let _ = self.child.wait();
    }
}
