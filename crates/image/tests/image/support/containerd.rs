//! A real containerd, without Kubernetes.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use skyward_image::load::{Engine, Options, preflight};

/// A containerd of its own, ended when this is dropped.
pub struct Containerd {
    folder: tempfile::TempDir,
    process: Child,
}

impl Containerd {
    pub fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name).display().to_string();
        let configuration = format!(
            "version = 2\nroot = \"{}\"\nstate = \"{}\"\ndisabled_plugins = [\"io.containerd.grpc.v1.cri\"]\n[grpc]\naddress = \"{}\"\n",
            at("root"),
            at("state"),
            at("socket")
        );
        fs::write(folder.path().join("config.toml"), configuration).expect("the configuration");
        let process = Command::new("containerd")
            .args(["--config", &at("config.toml")])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("containerd starts");
        let containerd = Self { folder, process };
        let deadline = Instant::now() + Duration::from_secs(30);
        while preflight(Engine::Containerd, &containerd.options()).is_err() {
            assert!(Instant::now() < deadline, "containerd does not answer");
            std::thread::sleep(Duration::from_millis(50));
        }
        containerd
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("socket")
    }

    pub fn options(&self) -> Options {
        // overlayfs does not work on every file system that tests run on.
        let variables = vec![
            ("CONTAINERD_ADDRESS".into(), self.socket().into()),
            ("CONTAINERD_SNAPSHOTTER".into(), "native".into()),
        ];
        Options { variables, ..Options::default() }
    }

    /// What its own client prints of the images that Kubernetes sees.
    pub fn ctr(&self, arguments: &[&str]) -> String {
        let mut ctr = Command::new("ctr");
        ctr.arg("--address").arg(self.socket()).args(["--namespace", "k8s.io"]).args(arguments);
        let output = ctr.output().expect("ctr runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    }
}

impl Drop for Containerd {
    fn drop(&mut self) {
        // It may have ended before.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
