//! The processes of a test, and a folder for them. Nothing of them stays: not even when the test itself is killed.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};
use std::{env, thread};

/// A shell beside the test (`supervisor.sh`) that starts the processes, so that it can end them after the test.
pub struct Supervisor {
    folder: PathBuf,
    shell: Child,
    pipes: Mutex<Option<(ChildStdin, BufReader<ChildStdout>)>>,
}

impl Supervisor {
    /// One with an empty folder.
    pub fn start() -> Self {
        let mut shell = Command::new("sh")
            .args(["-c", include_str!("supervisor.sh"), "supervisor"])
            .env("PATH", search_path())
            // Kubernetes is written in Go: memory is there, and two cores are few.
            .env("GOGC", "400")
            // A group of its own: an interrupt at the terminal ends the test, and that ends the processes in their order.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("sh starts");
        let input = shell.stdin.take().expect("its input");
        let mut output = BufReader::new(shell.stdout.take().expect("its output"));
        let mut folder = String::new();
        output.read_line(&mut folder).expect("the folder's name");
        let folder = PathBuf::from(folder.trim_end());
        assert!(folder.is_dir(), "no folder for a test's processes: {}", folder.display());
        Self { folder, shell, pipes: Mutex::new(Some((input, output))) }
    }

    /// The folder that the processes run in.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A path in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Writes a file into the folder, and its folders.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("the file's folder");
        fs::write(&path, content).expect("a file");
        path
    }

    /// Starts a process under a name. `command` is one for the shell.
    pub fn run(&self, name: &str, command: &str) -> Process {
        let pid = self.ask(&format!("start {name} {}", command.replace('\n', " ")));
        Process {
            name: name.to_owned(),
            pid: pid.parse().expect("a pid"),
            log: self.path(&format!("log/{name}")),
        }
    }

    /// A program of Kubernetes, to be run to its end.
    pub fn command(&self, program: &str) -> Command {
        // Its own PATH is not where a command's program is looked for.
        let mut command = Command::new("env");
        command.arg(format!("PATH={}", search_path())).arg(program).current_dir(&self.folder);
        command
    }

    /// Sends a signal to a process that was started under this name.
    pub fn signal(&self, name: &str, signal: &str) {
        self.ask(&format!("signal {name} {signal}"));
    }

    /// Has a command run once all processes have ended.
    pub fn finally(&self, command: &str) {
        self.ask(&format!("finally {command}"));
    }

    fn ask(&self, line: &str) -> String {
        let mut pipes = self.pipes.lock().expect("no panic meanwhile");
        let (input, output) = pipes.as_mut().expect("it runs");
        writeln!(input, "{line}").expect("the supervisor reads");
        let mut answer = String::new();
        output.read_line(&mut answer).expect("the supervisor answers");
        answer.trim_end().to_owned()
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        *self.pipes.get_mut().expect("no panic meanwhile") = None;
        // It ends them all and itself.
        let _ = self.shell.wait();
    }
}

/// Kubernetes' programs are in `KUBEBUILDER_ASSETS`, as envtest has it, or in `PATH`.
fn search_path() -> String {
    let assets = env::var("KUBEBUILDER_ASSETS");
    let assets = assets.unwrap_or_else(|_| "/usr/local/kubebuilder/bin".to_owned());
    format!("{assets}:{}", env::var("PATH").unwrap_or_default())
}

/// A process that runs, or ran.
#[derive(Debug, Clone)]
pub struct Process {
    name: String,
    pid: u32,
    log: PathBuf,
}

impl Process {
    /// Returns true until it has ended.
    pub fn runs(&self) -> bool {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid)).unwrap_or_default();
        stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
    }

    /// Waits until it is ready.
    pub fn wait_until(&self, seconds: u64, ready: impl Fn() -> bool) {
        let deadline = Instant::now() + Duration::from_secs(seconds);
        while !ready() {
            assert!(self.runs() && Instant::now() < deadline, "{}", self.complaint());
            thread::sleep(Duration::from_millis(100));
        }
    }

    /// The end of its log, for the error of a test.
    pub fn complaint(&self) -> String {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<_> = log.lines().collect();
        let end = lines[lines.len().saturating_sub(15)..].join("\n");
        let state = if self.runs() { "runs" } else { "has ended" };
        format!("{} {state}; the end of its log:\n{end}", self.name)
    }
}
