//! Other programs: found in `PATH`, run for a bounded time, ended with all that they started.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::event::Monitor;

/// The output that is kept of a program, in bytes: more than any program here has to say.
const MOST_OUTPUT: u64 = 1 << 20;
/// The time between two looks at a program and at the request to stop.
pub(crate) const TICK: Duration = Duration::from_millis(5);

/// The end of a program.
pub(crate) struct Finished {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
}

/// The reason why a program did nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProcessError {
    #[error("it cannot be run: {0}")]
    Run(io::Error),
    #[error("it gave no answer within {0} s")]
    Timeout(u64),
    #[error("interrupted")]
    Cancelled,
}

/// Returns the file that `program` names in `path`, the value of `PATH`.
pub(crate) fn locate(program: &str, path: Option<&OsStr>) -> Option<PathBuf> {
    std::env::split_paths(path?).map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// A program that is ended, with all that it started, when this is dropped.
pub(crate) struct Running(pub(crate) Child);

impl Drop for Running {
    fn drop(&mut self) {
        if matches!(self.0.try_wait(), Ok(None)) {
            // Stopped first, so that it starts nothing more while its children are looked up.
            let _ = kill_process(Pid::from_child(&self.0), Signal::STOP);
            for process in descendants(self.0.id()) {
                let _ = kill_process(process, Signal::KILL);
            }
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }
}

/// The processes that `pid` started, and those that they started (proc(5), `task/TID/children`).
fn descendants(pid: u32) -> Vec<Pid> {
    let (mut found, mut pending) = (Vec::new(), vec![pid]);
    while let Some(pid) = pending.pop() {
        for task in fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten() {
            let children = fs::read_to_string(task.path().join("children")).unwrap_or_default();
            let children = children.split_whitespace().filter_map(|child| child.parse().ok());
            for child in children.filter_map(Pid::from_raw) {
                found.push(child);
                pending.push(child.as_raw_nonzero().get().unsigned_abs());
            }
        }
    }
    found
}

/// Runs `command` with `input` on its standard input, and ends it after `timeout` or when `monitor` is cancelled.
pub(crate) fn run(
    command: &mut Command,
    input: &[u8],
    timeout: Duration,
    monitor: &Monitor,
) -> Result<Finished, ProcessError> {
    let child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(ProcessError::Run)?;
    let mut running = Running(child);
    let child = &mut running.0;
    if let Some(mut stdin) = child.stdin.take() {
        // A program that ends without reading is judged by its status.
        let _ = stdin.write_all(input);
    }
    let stdout = collect(child.stdout.take());
    let stderr = collect(child.stderr.take());
    let deadline = Instant::now() + timeout;
    let status = loop {
        if let Some(status) = child.try_wait().map_err(ProcessError::Run)? {
            break status;
        }
        if monitor.is_cancelled() {
            return Err(ProcessError::Cancelled);
        }
        if Instant::now() >= deadline {
            return Err(ProcessError::Timeout(timeout.as_secs()));
        }
        thread::sleep(TICK);
    };
    // A grandchild may hold a pipe open: what came in time is what counts.
    let rest = || deadline.saturating_duration_since(Instant::now());
    let stdout = stdout.recv_timeout(rest()).unwrap_or_default();
    let stderr = stderr.recv_timeout(rest()).unwrap_or_default();
    Ok(Finished { status, stdout, stderr })
}

fn collect(pipe: Option<impl Read + Send + 'static>) -> Receiver<Vec<u8>> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            // What was read before a broken pipe still counts, and what is too much is drained:
            // a full pipe would stop the program.
            let _ = pipe.by_ref().take(MOST_OUTPUT).read_to_end(&mut bytes);
            let _ = io::copy(&mut pipe, &mut io::sink());
        }
        let _ = sender.send(bytes);
    });
    receiver
}
