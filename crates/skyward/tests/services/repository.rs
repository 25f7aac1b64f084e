//! A service's repository, and the commands that its owner types there.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use skyward_testkit::kubernetes::census;
use skyward_testkit::kubernetes::control_plane::CONTEXT;
use skyward_testkit::kubernetes::pods::{self, Running};
use skyward_testkit::kubernetes::{block_on, until};

use crate::node;
use crate::scratch::{self, Scratch};

/// A copy of a service, which listens on a port of its own.
pub(crate) struct Repository {
    pub(crate) scratch: Scratch,
    pub(crate) port: u16,
}

impl Repository {
    /// Copies the folder of this name.
    pub(crate) fn copy(folder: &str) -> Self {
        let scratch = Scratch::new();
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/services").join(folder);
        let mut copy = Command::new("cp");
        copy.arg("-r").arg(source.join(".")).arg(scratch.path("."));
        assert!(copy.status().expect("cp runs").success(), "{}", source.display());
        let port = scratch::free_port();
        let repository = Self { scratch, port };
        repository.change("src/main.rs", "3000", &port.to_string());
        repository
    }

    /// Replaces a text that is there.
    #[track_caller]
    pub(crate) fn change(&self, file: &str, from: &str, to: &str) {
        let text = self.scratch.read(file);
        assert!(text.contains(from), "{from:?} is not in {file}: {text}");
        self.scratch.write(file, &text.replace(from, to));
    }

    /// A command, with its words apart by spaces, that is not yet started. A screen is not wide.
    fn command(&self, words: &str) -> Command {
        let words: Vec<_> = words.split_whitespace().collect();
        let mut command = self.scratch.command(&words);
        command.env("KUBECONFIG", node().control_plane().kubeconfig()).env("COLUMNS", "80");
        command
    }

    pub(crate) fn run(&self, words: &str) -> Output {
        self.command(words).stdin(Stdio::null()).output().expect("skyward starts")
    }

    /// Runs a command that must succeed. Returns all that it says.
    #[track_caller]
    pub(crate) fn succeed(&self, words: &str) -> String {
        let output = self.run(words);
        assert!(output.status.success(), "{words}: {}", said(&output));
        said(&output)
    }

    /// Runs a command that must fail with this exit code, and say each of these.
    #[track_caller]
    pub(crate) fn fail(&self, words: &str, code: i32, reasons: &[&str]) {
        let output = self.run(words);
        let text = said(&output);
        assert_eq!(output.status.code(), Some(code), "{words}: {text}");
        for reason in reasons {
            assert!(text.contains(reason), "{reason:?} is not in: {text}");
        }
    }

    /// Gives a Secret a value by standard input.
    #[track_caller]
    pub(crate) fn set_secret(&self, name: &str, key: &str, value: &str) -> String {
        let mut set = self.command(&format!("deploy-k3s secret set {name} {key}"));
        set.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = set.spawn().expect("skyward starts");
        child.stdin.take().expect("its input").write_all(value.as_bytes()).expect("written");
        let output = child.wait_with_output().expect("an end");
        assert!(output.status.success(), "{}", said(&output));
        said(&output)
    }
}

/// The context of the cluster and the repository of an image in its registry, as keys of the configuration.
pub(crate) fn cluster_keys(namespace: &str, image: &str) -> [(&'static str, String); 2] {
    let image = node().reference(&format!("acme/{image}"));
    [
        ("[image]\n", format!("[image]\nrepository = \"{image}\"\n")),
        (
            "[k3s]\n",
            format!(
                "[k3s]\ncontext = \"{CONTEXT}\"\nnamespace = \"{namespace}\"\ningress = \"none\"\n"
            ),
        ),
    ]
}

/// All that a command said.
pub(crate) fn said(output: &Output) -> String {
    let text = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    format!("{}\n{}", output.status, String::from_utf8_lossy(&text))
}

/// The pods of a namespace that are ready.
pub(crate) fn ready(namespace: &str) -> Vec<Running> {
    let pods = block_on(pods::running(node().control_plane(), namespace));
    pods.into_iter().filter(|pod| pod.ready).collect()
}

/// Asks every pod of a namespace that is ready for its page, which is the same of both.
#[track_caller]
pub(crate) fn page(namespace: &str) -> String {
    let pods = ready(namespace);
    assert_eq!(pods.len(), 2, "{pods:?}");
    let pages: BTreeSet<_> =
        pods.iter().map(|pod| pods::page(pod.address).expect("an answer")).collect();
    let [(status, body)] = pages.iter().collect::<Vec<_>>()[..] else { panic!("{pages:?}") };
    assert_eq!(status, "HTTP/1.1 200 OK");
    body.trim_end().to_owned()
}

/// The names of all objects, of whatever kind and namespace, once nothing of this namespace is there but what had been before.
pub(crate) fn is_gone(namespace: &str) {
    block_on(until("the namespace's end", 60, async || {
        let client = node().control_plane().client().await;
        let left = census::of(&client, namespace).await;
        left.is_empty().then_some(())
    }));
}
