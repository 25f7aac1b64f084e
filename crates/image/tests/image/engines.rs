//! The image in the hands of others: podman, skopeo, umoci.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::fixture::skyward_image;

/// The sample service's image, built once for all tests of this file.
fn image() -> &'static Path {
    static FOLDER: OnceLock<TempDir> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let output = skyward_image()
            .current_dir(&workspace)
            .args(["build", "--set"])
            .arg(format!("image.output={}", folder.path().display()))
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        folder
    });
    folder.path()
}

fn archive() -> PathBuf {
    image().join("skyward-service.tar")
}

fn run(command: &mut Command) -> String {
    let output: Output = command.output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {error}");
    String::from_utf8(output.stdout).unwrap()
}

/// podman with a storage of its own, which is removed at the end with whatever still runs.
struct Podman(TempDir);

impl Podman {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn command(&self) -> Command {
        let mut command = Command::new("podman");
        let (root, run) = (self.0.path().join("root"), self.0.path().join("run"));
        command.arg("--root").arg(root).arg("--runroot").arg(run);
        command.args([
            "--storage-driver",
            "vfs",
            "--runtime",
            "runc",
            "--cgroup-manager",
            "cgroupfs",
            "--events-backend",
            "file",
        ]);
        command
    }
}

impl Drop for Podman {
    fn drop(&mut self) {
        let _ = self.command().args(["rm", "--all", "--force", "--time", "0"]).output();
        let _ = self.command().args(["rmi", "--all", "--force"]).output();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// The answer's body, tried until the service is there.
fn get(port: u16) -> String {
    let until = Instant::now() + Duration::from_secs(30);
    loop {
        if let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) {
            let mut answer = String::new();
            write!(stream, "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                .unwrap();
            stream.read_to_string(&mut answer).unwrap();
            return answer.split_once("\r\n\r\n").unwrap().1.to_owned();
        }
        assert!(Instant::now() < until, "nothing listens on port {port}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
#[ignore = "needs podman runc"]
fn podman_runs_it_with_a_port_and_it_drains() {
    let podman = Podman::new();
    let loaded = run(podman.command().args(["load", "--input"]).arg(archive()));
    assert!(loaded.contains("skyward-service:latest"), "{loaded}");
    let (port, admin) = (free_port().to_string(), free_port().to_string());
    let id = run(podman
        .command()
        .args(["run", "--detach", "--network", "host", "--read-only", "--cap-drop", "all"])
        .args(["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=4096:4096"])
        .args([
            "skyward-service:latest",
            "--host",
            "127.0.0.1",
            "--port",
            &port,
            "--admin-port",
            &admin,
        ]));
    assert_eq!(get(port.parse().unwrap()), "Hello, World!");
    run(podman.command().args(["stop", "--time", "20", id.trim()]));
    let code = run(podman.command().args(["wait", id.trim()]));
    let logs = podman.command().args(["logs", id.trim()]).output().unwrap();
    let logs = format!(
        "{}{}",
        String::from_utf8_lossy(&logs.stdout),
        String::from_utf8_lossy(&logs.stderr)
    );
    assert_eq!(code.trim(), "0", "{logs}");
    assert!(logs.contains("SIGTERM") && logs.contains("Drained"), "{logs}");
}

#[test]
#[ignore = "needs skopeo"]
fn skopeo_reads_it_every_way() {
    let digest = |source: String| -> String {
        let text = run(Command::new("skopeo").arg("inspect").arg(source));
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["Labels"]["org.opencontainers.image.title"], "skyward-service");
        value["Digest"].as_str().unwrap().to_owned()
    };
    let layout = image().join("skyward-service");
    let expected = digest(format!("oci:{}", layout.display()));
    assert_eq!(digest(format!("oci:{}:latest", layout.display())), expected);
    assert_eq!(digest(format!("oci-archive:{}", archive().display())), expected);
    // This one has Docker's own manifest, and so another digest.
    digest(format!("docker-archive:{}", archive().display()));
    let copy = tempfile::tempdir().unwrap();
    run(Command::new("skopeo")
        .args(["copy", "--preserve-digests"])
        .arg(format!("oci:{}", layout.display()))
        .arg(format!("dir:{}", copy.path().display())));
    let manifest = fs::read(copy.path().join("manifest.json")).unwrap();
    assert_eq!(skyward_image::digest::of(&manifest).to_string(), expected);
}

#[test]
#[ignore = "needs umoci"]
fn umoci_unpacks_what_unpack_unpacks() {
    let folder = tempfile::tempdir().unwrap();
    let (theirs, ours) = (folder.path().join("bundle"), folder.path().join("ours"));
    let layout = format!("{}:latest", image().join("skyward-service").display());
    run(Command::new("umoci").args(["unpack", "--rootless", "--image", &layout]).arg(&theirs));
    run(skyward_image().arg("unpack").arg(archive()).arg(&ours));
    let binary = |folder: &Path| fs::read(folder.join("skyward-service")).unwrap();
    assert!(binary(&theirs.join("rootfs")) == binary(&ours));
}

#[test]
#[ignore = "needs dive"]
fn dive_passes_it() {
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/.dive-ci");
    let text = run(Command::new("dive")
        .env("CI", "true")
        .arg("--ci-config")
        .arg(rules)
        .arg(format!("docker-archive://{}", archive().display())));
    assert!(
        text.contains("Result:PASS [Total:3] [Passed:3] [Failed:0] [Warn:0] [Skipped:0]"),
        "{text}"
    );
}
