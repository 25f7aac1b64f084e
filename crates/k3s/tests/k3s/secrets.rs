//! Looks for the tokens wherever others could see them: command lines, logs, files that are not their owner's alone.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use skyward_testkit::machines::World;

/// A command line is read in so many rounds, as a process that has just begun still has that of another; then it rests.
const READ: usize = 5;
/// After so many rounds all are read again: a program may begin another in its place.
const ALL_AT: usize = 50;

/// Collects every command line of the system, again and again, and looks at files and secrets whenever it is told to.
pub struct Watch {
    stop: Arc<AtomicBool>,
    seen: JoinHandle<(usize, BTreeSet<Vec<u8>>)>,
    secrets: RefCell<BTreeSet<String>>,
    looks: Cell<usize>,
    files: Cell<usize>,
}

impl Watch {
    pub fn start() -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let ended = Arc::clone(&stop);
        let seen = std::thread::spawn(move || {
            let (mut rounds, mut lines, mut reads) = (0, BTreeSet::new(), BTreeMap::new());
            while !ended.load(Ordering::Relaxed) {
                if rounds % ALL_AT == 0 {
                    reads.clear();
                }
                rounds += 1;
                lines.extend(command_lines(&mut reads));
                std::thread::sleep(Duration::from_millis(10));
            }
            (rounds, lines)
        });
        let (secrets, looks, files) = (RefCell::default(), Cell::new(0), Cell::new(0));
        Self { stop, seen, secrets, looks, files }
    }

    /// Learns the secrets that there are now, and looks for all that it knows in the files that others may read.
    pub fn look(&self, world: &World) {
        let mut secrets = self.secrets.borrow_mut();
        secrets.extend(secrets_of(world));
        let mut files = 0;
        for machine in &world.machines {
            let (count, content) = machine.readable_by_others();
            let name = &machine.name;
            assert!(!holds(&secrets, &content), "in a file of {name} that others may read");
            files += count;
        }
        for path in of_the_operator(&world.path("")) {
            let content = fs::read(&path).unwrap_or_default();
            assert!(!holds(&secrets, &content), "in {}", path.display());
            files += 1;
        }
        self.files.set(files.max(self.files.get()));
        self.looks.set(self.looks.get() + 1);
    }

    /// Ends, and looks for every secret in all that was seen, said and written.
    pub fn found_nothing(self, world: &World) {
        self.look(world);
        self.stop.store(true, Ordering::Relaxed);
        let (rounds, lines) = self.seen.join().expect("the watch");
        let secrets = self.secrets.into_inner();
        assert!(secrets.len() >= 3, "there are some: {}", secrets.len());
        // The search finds what is there.
        let known = fs::read(world.path("cluster/server.pw")).expect("a secret");
        assert!(holds(&secrets, &known));
        for line in &lines {
            let text = String::from_utf8_lossy(line);
            assert!(!holds(&secrets, line), "in the command line {text}");
        }
        let mut logs = vec![world.path("ssh.log"), world.path("cluster/calls")];
        for machine in &world.machines {
            logs.extend([machine.own("shell.log"), machine.own("journal")]);
        }
        let mut bytes = 0;
        for log in &logs {
            let text = fs::read(log).unwrap_or_else(|error| panic!("{}: {error}", log.display()));
            bytes += text.len();
            assert!(!holds(&secrets, &text), "in {}", log.display());
        }
        let said = world.said();
        assert!(!said.is_empty() && !holds(&secrets, &said), "in what the operator said");
        let (looks, files) = (self.looks.get(), self.files.get());
        assert!(lines.len() > 50 && files > 5, "{} lines, {files} files", lines.len());
        println!(
            "searched for {} secrets: {} command lines (all processes, {rounds} times), {} logs and what the operator said, {} bytes, {looks} times up to {files} files that others may read: none",
            secrets.len(),
            lines.len(),
            logs.len(),
            bytes + said.len()
        );
    }
}

fn holds(secrets: &BTreeSet<String>, bytes: &[u8]) -> bool {
    secrets.iter().any(|secret| memchr::memmem::find(bytes, secret.as_bytes()).is_some())
}

/// What the cluster keeps, and what is on machines on which it has not been started yet.
fn secrets_of(world: &World) -> impl Iterator<Item = String> {
    let kept = ["server.pw", "agent.pw", "client.key"]
        .map(|name| fs::read_to_string(world.path("cluster").join(name)).unwrap_or_default());
    let written = world.machines.iter().map(|machine| {
        machine.run("cat /etc/rancher/k3s/token /etc/rancher/k3s/agent-token 2>/dev/null || true")
    });
    let texts: Vec<String> = kept.into_iter().chain(written).collect();
    // A token is its authority, the user and the password; the password is the secret. A shorter one is half written.
    let password = |line: &str| line.rsplit(':').next().unwrap_or(line).trim().to_owned();
    let all = texts.iter().flat_map(|text| text.lines().map(password)).collect::<Vec<_>>();
    all.into_iter().filter(|secret| secret.len() >= 40)
}

/// The files in the operator's place that others may read: what it wrote, and what it left when it was killed.
fn of_the_operator(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let Ok(data) = entry.metadata() else { continue };
        let name = entry.file_name().to_string_lossy().into_owned();
        // What the stand-ins and the machines keep; their files are looked at from within.
        let is_anothers = name == "cluster" || name.strip_prefix('m').is_some_and(is_number);
        if data.is_dir() && !is_anothers {
            found.extend(of_the_operator(&entry.path()));
        } else if data.is_file() && data.permissions().mode() & 0o044 != 0 {
            found.push(entry.path());
        }
    }
    found
}

fn is_number(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The command lines of all processes but those that were read often enough; `reads` counts that.
fn command_lines(reads: &mut BTreeMap<OsString, usize>) -> Vec<Vec<u8>> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name());
    let before = std::mem::take(reads);
    for name in names.filter(|name| is_number(&name.to_string_lossy())) {
        let count = before.get(&name).copied().unwrap_or(0);
        reads.insert(name, count + 1);
    }
    let due = reads.iter().filter(|(_, count)| **count <= READ);
    due.filter_map(|(name, _)| fs::read(Path::new("/proc").join(name).join("cmdline")).ok())
        .filter(|line| !line.is_empty())
        .collect()
}
