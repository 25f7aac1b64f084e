//! The program under test, run as its users run it.

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde::Deserialize;

use super::control_plane::CONTEXT;

/// A release's configuration and kubeconfig, and the commands on them.
#[derive(Debug)]
pub struct Deployer {
    folder: tempfile::TempDir,
    flags: Vec<String>,
    namespace: String,
}

/// A revision, as `history --output json` tells it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[expect(clippy::struct_field_names, reason = "as the command spells them")]
pub struct Revision {
    pub revision: u32,
    pub status: String,
    pub image: String,
    #[serde(default)]
    pub rollback_of: Option<u32>,
    #[serde(default)]
    pub reason: Option<String>,
}

/// A service that is ready at once and has no way in from outside: no test waits for a second that it does not need. The deadlines are
/// those of a machine that is busy with all tests at once; who means to meet one sets it.
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
timeout_s = 180
progress_deadline_s = 150

[environment.scaled.k3s]
max_replicas = 3

[environment.full.k3s]
files = { "/etc/app/config.toml" = "app.toml" }
manifests = ["extra*.yaml"]
job = [
    { name = "migrate", args = ["done"], timeout_s = 150 },
    { name = "announce", args = ["done"], when = "after", timeout_s = 150 },
    { name = "clean", when = "schedule", schedule = "0 0 1 1 *" },
]
worker = [{ name = "mailer", args = ["mail"] }]

[environment.broken.k3s]
job = [{ name = "migrate", args = ["fail"], timeout_s = 150 }]
"#;

/// The files that the environment `full` names.
const FILES: [(&str, &str); 2] = [
    ("app.toml", "greeting = \"hello\"\n"),
    (
        "extra.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: extra }\ndata: { a: b }\n---\n\
         apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: { name: extra }\n\
         spec: { maxUnavailable: 1, selector: { matchLabels: { app: nobody } } }\n",
    ),
];

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
        let file = folder.path().join("skyward.toml");
        std::fs::write(&file, configuration).expect("the configuration");
        for (name, text) in FILES {
            std::fs::write(folder.path().join(name), text).expect("a file");
        }
        Self::by_file(folder, &file, kubeconfig, namespace)
    }

    /// For the service of this workspace, with the workspace's own configuration. Its image goes to this repository.
    pub fn of_workspace(kubeconfig: &Path, namespace: &str, repository: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../skyward.toml");
        let output = folder.path().join("image").display().to_string();
        Self::by_file(folder, &file, kubeconfig, namespace)
            .set(&format!("k3s.context={CONTEXT}"))
            .set(&format!("k3s.namespace={namespace}"))
            .set("k3s.delivery=push")
            .set("k3s.ingress=none")
            .set(&format!("image.repository={repository}"))
            .set(&format!("image.output={output}"))
    }

    fn by_file(folder: tempfile::TempDir, file: &Path, kubeconfig: &Path, namespace: &str) -> Self {
        let paths = [("--config", file), ("--kubeconfig", kubeconfig)];
        let flags =
            paths.iter().flat_map(|(flag, path)| [(*flag).to_owned(), path.display().to_string()]);
        Self { flags: flags.collect(), folder, namespace: namespace.to_owned() }
    }

    /// With the values of an environment of the configuration: `scaled` has an autoscaler.
    #[must_use]
    pub fn environment(self, name: &str) -> Self {
        self.flag("--environment", name)
    }

    /// With another value, `key=value`.
    #[must_use]
    pub fn set(self, pair: &str) -> Self {
        self.flag("--set", pair)
    }

    fn flag(mut self, name: &str, value: &str) -> Self {
        self.flags.extend([name.to_owned(), value.to_owned()]);
        self
    }

    /// The folder of the configuration.
    pub fn folder(&self) -> &Path {
        self.folder.path()
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
            .args(&self.flags)
            .current_dir(self.folder.path())
            .env_remove("KUBECONFIG")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
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
