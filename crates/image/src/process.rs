//! Other programs: found in `PATH`, run for a bounded time, their output kept.

use std::ffi::OsStr;
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

/// More than any program here has to say, in bytes.
const MOST_OUTPUT: u64 = 1 << 20;

/// What a program did.
pub(crate) struct Finished {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
}

/// Why a program did nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProcessError {
    #[error("it cannot be run: {0}")]
    Run(io::Error),
    #[error("it gave no answer within {0} s")]
    Timeout(u64),
}

/// The file that `program` names in `path`, the value of `PATH`.
pub(crate) fn locate(program: &str, path: Option<&OsStr>) -> Option<PathBuf> {
    std::env::split_paths(path?).map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// Runs `command` with `input` on its standard input, and ends it after `timeout`.
pub(crate) fn run(
    command: &mut Command,
    input: &[u8],
    timeout: Duration,
) -> Result<Finished, ProcessError> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(ProcessError::Run)?;
    if let Some(mut stdin) = child.stdin.take() {
        // A program that ends without reading is judged by its status.
        let _ = stdin.write_all(input);
    }
    let stdout = collect(child.stdout.take());
    let stderr = collect(child.stderr.take());
    let deadline = Instant::now() + timeout;
    let Some(status) = wait(&mut child, deadline).map_err(ProcessError::Run)? else {
        // Both may fail only because it has just ended.
        let _ = child.kill();
        let _ = child.wait();
        return Err(ProcessError::Timeout(timeout.as_secs()));
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

fn wait(child: &mut Child, deadline: Instant) -> io::Result<Option<ExitStatus>> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= deadline {
            return Ok(None);
        }
        thread::sleep(Duration::from_millis(5));
    }
}
