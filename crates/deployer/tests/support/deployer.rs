//! The program under test, run as its users run it.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde::Deserialize;

use super::control_plane::CONTEXT;

/// A release's configuration file and kubeconfig, and the commands on them.
#[derive(Debug)]
pub struct Deployer {
    folder: tempfile::TempDir,
    kubeconfig: PathBuf,
    namespace: String,
    environment: Option<&'static str>,
}

/// A revision, as `history --output json` tells it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Revision {
    pub revision: u32,
    pub status: String,
    pub image: String,
    #[serde(default)]
    pub rollback_of: Option<u32>,
    #[serde(default)]
    pub reason: Option<String>,
}

/// A service that is ready at once and has no way in from outside: no test waits for a second that it does not need.
const CONFIGURATION: &str = r#"
[service]
name = "web"

[k3s]
context = "CONTEXT"
namespace = "NAMESPACE"
replicas = 2
ingress = "none"
min_ready_s = 0
pre_stop_s = 0
timeout_s = 60
progress_deadline_s = 50

[environment.scaled.k3s]
max_replicas = 3
"#;

impl Deployer {
    /// For the release `web` in this namespace.
    pub fn new(kubeconfig: &Path, namespace: &str) -> Self {
        Self::with(kubeconfig, namespace, CONFIGURATION)
    }

    /// With a configuration of its own, in which `NAMESPACE` and `CONTEXT` are replaced.
    pub fn with(kubeconfig: &Path, namespace: &str, configuration: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let configuration =
            configuration.replace("NAMESPACE", namespace).replace("CONTEXT", CONTEXT);
        std::fs::write(folder.path().join("skyward.toml"), configuration)
            .expect("the configuration");
        let (kubeconfig, namespace) = (kubeconfig.to_owned(), namespace.to_owned());
        Self { folder, kubeconfig, namespace, environment: None }
    }

    /// The same with the values of an environment of the configuration: `scaled` has an autoscaler.
    #[must_use]
    pub fn environment(mut self, name: &'static str) -> Self {
        self.environment = Some(name);
        self
    }

    /// The release's namespace.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// A command, with its words apart by spaces, that is not yet started.
    pub fn command(&self, words: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_skyward-deployer"));
        command
            .args(words.split_whitespace())
            .arg("--config")
            .arg(self.folder.path().join("skyward.toml"))
            .arg("--kubeconfig")
            .arg(&self.kubeconfig)
            .current_dir(self.folder.path())
            .env_remove("KUBECONFIG")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if let Some(environment) = self.environment {
            command.args(["--environment", environment]);
        }
        command
    }

    /// Starts a command.
    pub fn start(&self, words: &str) -> Child {
        self.command(words).spawn().expect("the deployer starts")
    }

    /// Runs a command to its end.
    pub fn run(&self, words: &str) -> Output {
        self.command(words).output().expect("the deployer starts")
    }

    /// Runs a command that must succeed. Returns what it says on standard output.
    pub fn succeed(&self, words: &str) -> String {
        let output = self.run(words);
        assert!(output.status.success(), "{words} in {}: {}", self.namespace, said(&output));
        String::from_utf8(output.stdout).expect("text")
    }

    /// The revisions.
    pub fn history(&self) -> Vec<Revision> {
        serde_json::from_str(&self.succeed("history --output json")).expect("a list of revisions")
    }
}

/// How a command ended and what it said on standard error.
pub fn said(output: &Output) -> String {
    format!("{}\n{}", output.status, String::from_utf8_lossy(&output.stderr))
}
