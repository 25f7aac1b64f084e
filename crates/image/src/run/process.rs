//! The process of the entry point: started, signalled, waited for; and the stage before it that makes the image's folder
//! its root.
//!
//! That stage is a process of its own because a folder can be made the root of a whole process only, and because what
//! runs between fork and exec would be unsafe code.
//!
//! The folder of a run is private, removed at its end, and by the next run where it was killed.

use std::convert::Infallible;
use std::fs::{self, DirBuilder};
use std::os::unix::fs::{DirBuilderExt, chroot};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Instant;

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use rustix::thread::{CapabilitySet, remove_capability_from_bounding_set, set_no_new_privs};

use super::{Invocation, Isolation};
use crate::permissions;
use crate::unpack::Rooted;

/// A running entry point. Killed when dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    started: Instant,
}

/// The end of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Its exit code; 128 and the signal's number where a signal ended it.
    pub code: u8,
}

impl Process {
    /// Starts `invocation` from the folder `root`. `stage` is the command line of this program's second stage, which `enter`
    /// implements. `output` is where the program's standard output goes.
    pub fn start(
        invocation: &Invocation,
        root: &Path,
        isolation: Isolation,
        stage: &[String],
        output: Stdio,
    ) -> Result<Self> {
        let mut command = match isolation {
            Isolation::Chroot => {
                let this = std::env::current_exe().context("cannot tell where this program is")?;
                let mut command = Command::new(this);
                let (user, group) = invocation.user;
                command.args(stage).arg("--root").arg(root).arg("--folder").arg(&invocation.folder);
                command.args([
                    "--user",
                    &user.to_string(),
                    "--group",
                    &group.to_string(),
                    "--",
                    &invocation.program,
                ]);
                command
            }
            Isolation::None => {
                let rooted = Rooted::new(root)?;
                let mut command = Command::new(rooted.resolve(invocation.program.as_bytes())?);
                command.current_dir(rooted.resolve(invocation.folder.as_bytes())?);
                command
            }
        };
        // A group of its own: Ctrl-C reaches this program alone, which passes it on once.
        command
            .args(&invocation.args)
            .env_clear()
            .envs(&invocation.env)
            .stdin(Stdio::null())
            .stdout(output)
            .process_group(0);
        let started = Instant::now();
        let child = command
            .spawn()
            .with_context(|| format!("cannot run the image's program {}", invocation.program))?;
        Ok(Self { child, started })
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The moment at which it was started.
    pub fn started(&self) -> Instant {
        self.started
    }

    /// Sends `signal`, which a process that has ended does not mind.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        match kill_process(Pid::from_child(&self.child), signal) {
            Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
            Err(error) => Err(error).context("cannot signal the image's program"),
        }
    }

    /// Returns the end of the process, once it has ended.
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

/// The root to enter, and the program to become.
#[derive(Clone, Debug)]
pub struct Entered {
    /// The folder that becomes the root.
    pub root: PathBuf,
    /// The working folder within it.
    pub folder: PathBuf,
    /// The user id.
    pub user: u32,
    /// The group id.
    pub group: u32,
    /// The program within the root, and its arguments.
    pub command: Vec<String>,
}

/// Replaces this process by the program, called as root. It returns only when that fails.
///
/// The program gains no rights by what the image holds, such as a set-user-ID program, as with `allowPrivilegeEscalation: false` on
/// Kubernetes.
pub fn enter(entered: &Entered) -> Result<Infallible> {
    let (program, args) = entered.command.split_first().context("there is no program to run")?;
    set_no_new_privs(true).context("cannot keep the program from gaining rights")?;
    for capability in CapabilitySet::all().iter() {
        // A container's root may lack the right to give them up, and some are newer than this kernel; without new rights they cannot be
        // had anyway.
        let _ = remove_capability_from_bounding_set(capability);
    }
    chroot(&entered.root).with_context(|| {
        format!("cannot make {} the root; try --isolation none", entered.root.display())
    })?;
    std::env::set_current_dir(&entered.folder)
        .with_context(|| format!("cannot enter the image's folder {}", entered.folder.display()))?;
    // Setting the user as root drops all other groups as well (std, `CommandExt::uid`).
    let error = Command::new(program).args(args).gid(entered.group).uid(entered.user).exec();
    Err(error).with_context(|| format!("cannot run the image's program {program}"))
}

const PREFIX: &str = ".run-";

/// A folder for one run. Removed when dropped.
#[derive(Debug)]
pub struct Scratch {
    path: PathBuf,
}

impl Scratch {
    /// Makes `parent/.run-PID`, and removes those of runs that are over.
    pub fn new(parent: &Path) -> Result<Self> {
        fs::create_dir_all(parent).map_err(|error| {
            let reason = permissions::explain_write(parent, &error);
            anyhow::anyhow!("cannot make folder {}: {reason}", parent.display())
        })?;
        for entry in fs::read_dir(parent)?.flatten() {
            if is_left_over(&entry.file_name().to_string_lossy()) {
                // Another run may be removing it as well.
                let _ = fs::remove_dir_all(entry.path());
            }
        }
        let path = parent.join(format!("{PREFIX}{}", std::process::id()));
        DirBuilder::new()
            .mode(0o755)
            .create(&path)
            .with_context(|| format!("cannot make folder {}", path.display()))?;
        Ok(Self { path })
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed now is removed by the next run.
        let _ = fs::remove_dir_all(&self.path);
    }
}

fn is_left_over(name: &str) -> bool {
    let Some(pid) =
        name.strip_prefix(PREFIX).and_then(|pid| pid.parse().ok()).and_then(Pid::from_raw)
    else {
        return false;
    };
    let ours = u32::try_from(pid.as_raw_nonzero().get()).is_ok_and(|pid| pid == std::process::id());
    ours || test_kill_process(pid) == Err(rustix::io::Errno::SRCH)
}
