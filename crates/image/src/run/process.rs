//! The process of the entry point: started, signalled, waited for.

use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Instant;

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process};

use super::plan::{Isolation, Plan};
use crate::unpack::Rooted;

/// A running entry point. Killed when dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    started: Instant,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Its exit code; 128 and the signal's number where a signal ended it.
    pub code: u8,
}

impl Process {
    /// Starts `plan` from the folder `root`. `stage` is the command line of this program's second stage, which `enter`
    /// implements. `output` is where the program's standard output goes.
    pub fn start(
        plan: &Plan,
        root: &Path,
        isolation: Isolation,
        stage: &[String],
        output: Stdio,
    ) -> Result<Self> {
        let mut command = match isolation {
            Isolation::Chroot => {
                let this = std::env::current_exe().context("cannot tell where this program is")?;
                let mut command = Command::new(this);
                let (user, group) = plan.user;
                command.args(stage).arg("--root").arg(root).arg("--folder").arg(&plan.folder);
                command.args([
                    "--user",
                    &user.to_string(),
                    "--group",
                    &group.to_string(),
                    "--",
                    &plan.program,
                ]);
                command
            }
            Isolation::None => {
                let rooted = Rooted::new(root)?;
                let mut command = Command::new(rooted.resolve(plan.program.as_bytes())?);
                command.current_dir(rooted.resolve(plan.folder.as_bytes())?);
                command
            }
        };
        // A group of its own: Ctrl-C reaches this program alone, which passes it on once.
        command
            .args(&plan.args)
            .env_clear()
            .envs(&plan.env)
            .stdin(Stdio::null())
            .stdout(output)
            .process_group(0);
        let started = Instant::now();
        let child = command
            .spawn()
            .with_context(|| format!("cannot run the image's program {}", plan.program))?;
        Ok(Self { child, started })
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// When it was started.
    pub fn started(&self) -> Instant {
        self.started
    }

    /// Sends `signal`; a process that is over is none the worse for it.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        match kill_process(Pid::from_child(&self.child), signal) {
            Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
            Err(error) => Err(error).context("cannot signal the image's program"),
        }
    }

    /// Whether it has ended, and how.
    pub fn ended(&mut self) -> Result<Option<Ended>> {
        let status = self.child.try_wait().context("cannot wait for the image's program")?;
        Ok(status.map(|status| Ended { code: code(status) }))
    }

    /// Ends it at once.
    pub fn kill(&mut self) -> Result<()> {
        self.child.kill().context("cannot end the image's program")
    }

    /// Resident memory in bytes, as the kernel counts it (proc(5), `VmRSS`).
    pub fn memory(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
        Some(kibibytes * 1024)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

fn code(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(255);
    u8::try_from(code).unwrap_or(255)
}
