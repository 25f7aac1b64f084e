//! The time and the peak memory of a command.

use std::ffi::OsString;
use std::io::Read as _;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use wait4::Wait4 as _;

/// Makes this program the one that runs the command.
pub const FLAG: &str = "--measure";

/// One run of a command.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Run {
    /// From its start to its end.
    pub seconds: f64,
    /// The most bytes that were resident at one time.
    pub resident: u64,
    /// True where it succeeded.
    pub ok: bool,
    /// Its standard output and standard error.
    pub printed: String,
}

impl Run {
    /// A command that failed is an error with its own words.
    pub fn succeeded(self) -> Result<Self> {
        ensure!(self.ok, "it failed: {}", self.printed.trim());
        Ok(self)
    }
}

/// Runs `program` from a small process: the kernel counts the memory of the process that starts a program as that
/// program's own, until it is loaded.
pub fn run(program: &str, arguments: &[&str]) -> Result<Run> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(FLAG).arg(program).args(arguments).stdin(Stdio::null());
    let output = command.stderr(Stdio::inherit()).output().context("starting this program")?;
    ensure!(output.status.success(), "measuring {program}: {}", output.status);
    serde_json::from_slice(&output.stdout).with_context(|| format!("measuring {program}"))
}

/// Runs the command that the arguments are, and prints the [`Run`].
pub fn print(mut arguments: impl Iterator<Item = OsString>) -> Result<()> {
    let program = arguments.next().context("a program to measure")?;
    let (mut reader, writer) = std::io::pipe()?;
    let mut command = Command::new(&program);
    command.args(arguments).stdout(writer.try_clone()?).stderr(writer).stdin(Stdio::null());
    let started = Instant::now();
    let child = command.spawn().with_context(|| format!("starting {}", program.display()))?;
    drop(command);
    let mut printed = Vec::new();
    reader.read_to_end(&mut printed)?;
    let used = child.wait4()?;
    let run = Run {
        seconds: started.elapsed().as_secs_f64(),
        resident: used.rusage.maxrss,
        ok: used.status.success(),
        printed: String::from_utf8_lossy(&printed).into_owned(),
    };
    println!("{}", serde_json::to_string(&run)?);
    Ok(())
}

/// The middle one of figures.
pub fn median(figures: impl IntoIterator<Item = f64>) -> f64 {
    let mut figures: Vec<f64> = figures.into_iter().collect();
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}
