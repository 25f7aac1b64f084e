//! The holder of a lock, as people and other processes of the same machine read it.

use std::convert::Infallible;
use std::fmt;
use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::str::FromStr;

use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};
use skyward_k3s::lock::who;

/// The holder of a lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// `user@host`.
    pub who: String,
    /// Its process, where the machine can tell processes apart (Linux).
    pub process: Option<Process>,
    /// Tells two holders within one process apart.
    pub nonce: String,
}

/// A process, as no other is called: neither on another machine nor in another container, nor later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// The machine's `boot_id`: another after each start.
    pub boot: String,
    /// The PID namespace, a number.
    pub namespace: String,
    /// Its number.
    pub pid: u32,
    /// When it started, in clock ticks after the machine did: another where its number was given out again.
    pub started: u64,
}

impl Holder {
    /// This process, with another nonce at each call.
    pub fn this_process() -> Self {
        let nonce = RandomState::new().hash_one(std::process::id());
        Self { who: who(), process: Process::this(), nonce: format!("{nonce:016x}") }
    }

    /// Returns true for a process of this machine that has ended, and false where that cannot be known.
    pub fn has_ended_here(&self) -> bool {
        let (Some(process), Some(this)) = (&self.process, Process::this()) else { return false };
        process.boot == this.boot && process.namespace == this.namespace && process.has_ended()
    }
}

impl Process {
    fn this() -> Option<Self> {
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
        let namespace = fs::read_link("/proc/self/ns/pid").ok()?;
        let namespace: String = namespace.to_str()?.chars().filter(char::is_ascii_digit).collect();
        let pid = std::process::id();
        let (_, started) = stat(pid)?;
        Some(Self { boot: boot.trim().to_owned(), namespace, pid, started })
    }

    /// Asked within its own PID namespace.
    fn has_ended(&self) -> bool {
        let Some(pid) = i32::try_from(self.pid).ok().and_then(Pid::from_raw) else { return false };
        if test_kill_process(pid) == Err(Errno::SRCH) {
            return true;
        }
        // /proc may hide the processes of other users: what cannot be read runs.
        stat(self.pid)
            .is_some_and(|(state, started)| started != self.started || matches!(state, b'Z' | b'X'))
    }
}

/// A process's state and when it started (proc(5), fields 3 and 22 of `stat`).
fn stat(pid: u32) -> Option<(u8, u64)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the program's name in parentheses, and may hold spaces and parentheses.
    let (_, rest) = stat.rsplit_once(") ")?;
    let mut fields = rest.split(' ');
    let state = *fields.next()?.as_bytes().first()?;
    Some((state, fields.nth(18)?.parse().ok()?))
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.who)?;
        if let Some(Process { boot, namespace, pid, started }) = &self.process {
            write!(f, " boot={boot} pidns={namespace} pid={pid} started={started}")?;
        }
        write!(f, " nonce={}", self.nonce)
    }
}

impl FromStr for Holder {
    type Err = Infallible;

    /// Reads what `Display` writes; anything else is a holder without a process.
    fn from_str(text: &str) -> Result<Self, Infallible> {
        let field = |name: &str| {
            text.split(' ').find_map(|field| field.strip_prefix(name)?.strip_prefix('='))
        };
        let process = || {
            Some(Process {
                boot: field("boot")?.to_owned(),
                namespace: field("pidns")?.to_owned(),
                pid: field("pid")?.parse().ok()?,
                started: field("started")?.parse().ok()?,
            })
        };
        Ok(Self {
            who: text.split(' ').next().unwrap_or_default().to_owned(),
            process: process(),
            nonce: field("nonce").unwrap_or_default().to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    fn parsed(text: &str) -> Holder {
        let Ok(holder) = text.parse();
        holder
    }

    #[test]
    fn what_is_written_is_read() {
        let this = Holder::this_process();
        assert_eq!(parsed(&this.to_string()), this);
        let plain = Holder { process: None, ..this.clone() };
        assert_eq!(parsed(&plain.to_string()), plain);
        assert_ne!(Holder::this_process(), this, "each is its own");
        // Others' words for themselves are no process of ours.
        for text in ["", "host_1234", "a boot=x pid=7", "a boot=x pidns=1 pid=-1 started=2"] {
            assert_eq!(parsed(text).process, None, "{text}");
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn only_a_process_of_this_machine_is_known_to_have_ended() {
        let this = Holder::this_process();
        let mut child =
            Command::new("sleep").arg("60").stdin(Stdio::null()).spawn().expect("sleep");
        let (_, started) = stat(child.id()).expect("its stat");
        let process = Process { pid: child.id(), started, ..this.process.clone().expect("Linux") };
        let of = |process: Process| Holder { process: Some(process), ..this.clone() };
        assert!(!this.has_ended_here());
        assert!(!of(process.clone()).has_ended_here());
        let reused = Process { started: started - 1, ..process.clone() };
        assert!(of(reused.clone()).has_ended_here(), "its number was given out again");
        for elsewhere in [
            Process { boot: "another".to_owned(), ..reused.clone() },
            Process { namespace: "1".to_owned(), ..reused },
        ] {
            assert!(!of(elsewhere).has_ended_here());
        }
        child.kill().expect("a kill");
        // Ended, but not yet asked after by its parent.
        while stat(child.id()).is_some_and(|(state, _)| state != b'Z') {
            std::thread::yield_now();
        }
        assert!(of(process.clone()).has_ended_here());
        child.wait().expect("an end");
        assert!(of(process).has_ended_here());
    }
}
