//! A machine with a systemd of its own in namespaces, and a bucket that is served on this machine.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// The time in which systemd, or a server, is there.
const PATIENCE: Duration = Duration::from_secs(30);
/// The hierarchies of cgroups that a machine may have one of in.
const CGROUPS: [&str; 2] = ["/sys/fs/cgroup/unified", "/sys/fs/cgroup"];

/// A port that nothing listens on.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("it is bound").port()
}

/// The status and the body that a port of this machine answers.
pub(crate) fn get(port: u16, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("it listens");
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
    (status.expect("an answer of HTTP"), answer)
}

/// A bucket of an emulated account.
pub(crate) struct Bucket {
    pub(crate) name: String,
    url: String,
    server: Child,
}

impl Bucket {
    pub(crate) fn start(name: &str) -> Self {
        let port = free_port();
        let server = Command::new("moto_server")
            .args(["-H", "127.0.0.1", "-p", &port.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("moto_server starts");
        let url = format!("http://127.0.0.1:{port}");
        let bucket = Self { name: name.to_owned(), url, server };
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(begun.elapsed() < PATIENCE, "moto_server does not listen");
            std::thread::sleep(Duration::from_millis(100));
        }
        let place = "LocationConstraint=eu-central-1";
        bucket.aws(&[
            "s3api",
            "create-bucket",
            "--bucket",
            name,
            "--create-bucket-configuration",
            place,
        ]);
        bucket
    }

    fn environment(&self) -> [(&'static str, &str); 4] {
        [
            ("AWS_ENDPOINT_URL", &self.url),
            ("AWS_ACCESS_KEY_ID", "nobody"),
            ("AWS_SECRET_ACCESS_KEY", "nothing"),
            ("AWS_DEFAULT_REGION", "eu-central-1"),
        ]
    }

    /// Calls the account.
    pub(crate) fn aws(&self, arguments: &[&str]) {
        let called = Command::new("aws").args(arguments).envs(self.environment()).output();
        let called = called.expect("aws starts");
        assert!(called.status.success(), "{arguments:?}: {}", words(&called));
    }

    pub(crate) fn put(&self, key: &str, content: &[u8]) {
        let file = tempfile::NamedTempFile::new().expect("a file");
        fs::write(file.path(), content).expect("room");
        let path = file.path().to_string_lossy().into_owned();
        self.aws(&["s3api", "put-object", "--bucket", &self.name, "--key", key, "--body", &path]);
    }
}

impl Drop for Bucket {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// A machine, whose console is a file.
pub(crate) struct Machine {
    folder: TempDir,
    cgroup: PathBuf,
    outer: Child,
    systemd: String,
}

impl Machine {
    /// Boots it. Its `aws` calls the account of this bucket.
    pub(crate) fn boot(bucket: &Bucket) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let programs = folder.path().join("files/usr/local/bin");
        fs::create_dir_all(&programs).expect("a folder");
        fs::write(folder.path().join("console"), "").expect("a file");
        let path = std::env::var("PATH").expect("a PATH");
        let variables =
            bucket.environment().map(|(name, value)| format!("export {name}={value}\n"));
        // By its path: it has the name of what it calls.
        let aws = format!(
            "#!/bin/sh\n{}PATH={path}\nexport PATH\nexec {} \"$@\"\n",
            variables.concat(),
            found("aws")
        );
        let program = programs.join("aws");
        fs::write(&program, aws).expect("a file");
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("it is ours");

        let hierarchy = CGROUPS.iter().find(|one| PathBuf::from(one).join("cgroup.procs").exists());
        let name = format!("skyward-test-{}-{}", std::process::id(), free_port());
        let cgroup = PathBuf::from(hierarchy.expect("a hierarchy of cgroups")).join(name);
        fs::create_dir(&cgroup).expect("a cgroup");
        let boot = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/serving/boot.sh");
        let namespaces = "--mount --pid --fork --uts --ipc --cgroup --kill-child";
        // The paths are arguments: a folder may have a space in its name.
        let command =
            format!("echo $$ > \"$1\"/cgroup.procs; exec unshare {namespaces} sh \"$2\" \"$3\"");
        let outer = Command::new("sh")
            .args(["-c", &command, "sh"])
            .args([&*cgroup, Path::new(boot), folder.path()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .expect("sh starts");
        let mut machine = Self { folder, cgroup, outer, systemd: String::new() };
        machine.wait();
        machine
    }

    /// Waits until its systemd takes commands.
    fn wait(&mut self) {
        let begun = Instant::now();
        loop {
            let pid = self.outer.id();
            let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
            children.unwrap_or_default().trim().clone_into(&mut self.systemd);
            let is_up = !self.systemd.is_empty()
                && self.shell("systemctl is-active sysinit.target").is_ok();
            if is_up {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "systemd does not start");
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// Runs a command as root of the machine: what it prints, or why it failed.
    pub(crate) fn shell(&self, command: &str) -> Result<String, String> {
        let root = self.folder.path().join("root");
        let ran = Command::new("nsenter")
            .args(["-t", &self.systemd, "-m", "-p", "-u", "-C", "chroot"])
            .arg(root)
            .args(["/usr/bin/env", "-i", "PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"])
            .args(["bash", "-c", command])
            .output()
            .expect("nsenter starts");
        if ran.status.success() {
            Ok(String::from_utf8_lossy(&ran.stdout).into_owned())
        } else {
            Err(format!("{command}: {}", words(&ran)))
        }
    }

    /// Runs user data, as it runs at the first boot.
    pub(crate) fn run(&self, user_data: &str) -> Result<String, String> {
        // The root is on a tmpfs that only the machine has.
        let path = format!("/proc/{}/root/tmp/user-data", self.systemd);
        fs::write(&path, user_data).expect("the machine's own files");
        self.shell("bash /tmp/user-data")
    }

    pub(crate) fn console(&self) -> String {
        fs::read_to_string(self.folder.path().join("console")).expect("a file")
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = self.outer.kill();
        let _ = self.outer.wait();
        // Its processes are gone a moment after it.
        for _ in 0..50 {
            let _ = Command::new("find")
                .arg(&self.cgroup)
                .args(["-depth", "-type", "d", "-exec", "rmdir", "{}", ";"])
                .stderr(Stdio::null())
                .status();
            if !self.cgroup.exists() {
                break;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

/// The path of a program.
fn found(program: &str) -> String {
    let found = Command::new("sh").args(["-c", &format!("command -v {program}")]).output();
    String::from_utf8(found.expect("sh starts").stdout).expect("text").trim().to_owned()
}

fn words(output: &Output) -> String {
    String::from_utf8_lossy(&[&*output.stdout, &*output.stderr].concat()).into_owned()
}
