//! A program that is being measured, and what the kernel says of it.

use crate::cores::{self, Side};
use anyhow::{Context as _, Result, bail};
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a program may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// The request of all measurements.
pub(crate) const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// A running program; killed when dropped.
pub(crate) struct Running {
    child: Child,
    pub(crate) address: SocketAddr,
    /// From the start of the process to the last byte of its first answer.
    pub(crate) first_answer: Duration,
}

impl Running {
    /// Starts `command`, which listens on `address`, and waits for its first answer. What it prints goes to
    /// `log`, as with a container.
    pub(crate) fn start(mut command: Command, address: SocketAddr, log: &Path) -> Result<Self> {
        let output =
            fs::File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
        let start = Instant::now();
        cores::enter(Side::Server);
        let child = command.spawn();
        cores::enter(Side::Load);
        let child =
            child.with_context(|| format!("cannot start {}", command.get_program().display()))?;
        let mut running = Self { child, address, first_answer: Duration::ZERO };
        loop {
            if ask(address).is_ok() {
                running.first_answer = start.elapsed();
                return Ok(running);
            }
            if let Some(status) = running.child.try_wait()? {
                bail!(
                    "it ended ({status}): {}",
                    fs::read_to_string(log).unwrap_or_default().trim()
                );
            }
            if start.elapsed() > PATIENCE {
                bail!("no answer after {} s", PATIENCE.as_secs());
            }
            std::thread::sleep(Duration::from_micros(50));
        }
    }

    /// Processor time of the program and its children so far, all threads.
    pub(crate) fn processor_time(&self) -> Result<Duration> {
        let mut nanoseconds = 0;
        for process in self.processes() {
            for task in
                fs::read_dir(format!("/proc/{process}/task")).context("the program has ended")?
            {
                // A thread may end meanwhile.
                let Ok(text) = fs::read_to_string(task?.path().join("schedstat")) else { continue };
                nanoseconds += text
                    .split(' ')
                    .next()
                    .and_then(|number| number.parse::<u64>().ok())
                    .unwrap_or(0);
            }
        }
        Ok(Duration::from_nanos(nanoseconds))
    }

    /// Resident memory of the program and its children in bytes.
    pub(crate) fn resident(&self) -> Result<u64> {
        let mut kibibytes = 0;
        for process in self.processes() {
            let text = fs::read_to_string(format!("/proc/{process}/status"))
                .context("the program has ended")?;
            let line = text
                .lines()
                .find_map(|line| line.strip_prefix("VmRSS:"))
                .context("the kernel says no VmRSS")?;
            kibibytes += line.trim().trim_end_matches(" kB").parse::<u64>()?;
        }
        Ok(kibibytes * 1024)
    }

    fn processes(&self) -> Vec<u32> {
        let parent = self.child.id();
        let children = fs::read_to_string(format!("/proc/{parent}/task/{parent}/children"))
            .unwrap_or_default();
        children.split_whitespace().filter_map(|child| child.parse().ok()).chain([parent]).collect()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // nginx's workers end with their master only if it is asked.
        if let Ok(pid) = i32::try_from(self.child.id())
            && let Some(pid) = rustix::process::Pid::from_raw(pid)
        {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
        let start = Instant::now();
        while start.elapsed() < Duration::from_millis(300) {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn ask(address: SocketAddr) -> Result<()> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(REQUEST)?;
    let mut buffer = [0; 1024];
    let read = stream.read(&mut buffer)?;
    if buffer[..read].starts_with(b"HTTP/1.1 200") { Ok(()) } else { bail!("another answer") }
}
