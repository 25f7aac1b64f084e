//! The program under test, run in the operator's place, with a configuration that lists machines.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use skyward_testkit::machines::{OLD, World, write};

/// A configuration, and the commands on it.
pub struct Operator<'w> {
    pub world: &'w World,
    file: PathBuf,
    /// The number by which the stand-in for ssh counts the calls of another operator.
    number: Option<usize>,
}

/// A machine in the configuration: its index and its role.
pub type Listed = (usize, &'static str);

impl<'w> Operator<'w> {
    /// With these machines, and the files of the first release.
    pub fn new(world: &'w World, machines: &[Listed]) -> Self {
        Self::with(world, machines, OLD, "files", "")
    }

    /// With a release, the folder of its files, and further keys of `[k3s]`.
    pub fn with(
        world: &'w World,
        machines: &[Listed],
        version: &str,
        files: &str,
        keys: &str,
    ) -> Self {
        Self::raw(world, &text(world, machines, version, files, keys))
    }

    /// Another operator of the same machines, with a configuration and a kubeconfig of its own.
    pub fn another(
        world: &'w World,
        machines: &[Listed],
        version: &str,
        files: &str,
        keys: &str,
    ) -> Self {
        let files = world.path(files).display().to_string();
        let file = world.path("another/skyward.toml");
        fs::create_dir_all(world.path("another")).expect("a folder");
        write(&file, 0o644, &text(world, machines, version, &files, keys));
        Self { world, file, number: Some(2) }
    }

    /// With this configuration.
    pub fn raw(world: &'w World, text: &str) -> Self {
        let file = world.path("skyward.toml");
        write(&file, 0o644, text);
        Self { world, file, number: None }
    }

    /// A command, with further variables.
    pub fn command(&self, words: &str, variables: &[(&str, usize)]) -> Command {
        let number = self.number.map(|number| ("OPERATOR", number));
        let mut command = self.world.operator();
        let variables = variables.iter().copied().chain(number);
        command.args(variables.map(|(name, value)| format!("{name}={value}")));
        command.arg(self.world.path("bin/deployer")).args(words.split_whitespace());
        command.arg("--config").arg(&self.file).stdin(std::process::Stdio::null());
        command
    }

    /// Runs a command to its end, with further variables.
    pub fn run_with(&self, words: &str, variables: &[(&str, usize)]) -> Output {
        let number = self.number.map(|number| number.to_string()).unwrap_or_default();
        let _ = fs::remove_file(self.world.path(&format!("count{number}")));
        let output = self.command(words, variables).output().expect("the operator's command");
        self.world.hear(&output.stdout);
        self.world.hear(&output.stderr);
        output
    }

    pub fn run(&self, words: &str) -> Output {
        self.run_with(words, &[])
    }

    /// Runs a command that must succeed; what it says on standard error.
    pub fn succeed(&self, words: &str) -> String {
        let output = self.run(words);
        assert!(output.status.success(), "{words}: {}\n{}", output.status, said(&output));
        said(&output)
    }

    /// Runs a command that must fail; what it says on standard error.
    pub fn fail(&self, words: &str) -> String {
        let output = self.run(words);
        assert_eq!(output.status.code(), Some(1), "{words}: {}", said(&output));
        said(&output)
    }

    /// How often the last command called ssh.
    pub fn calls(&self) -> usize {
        let count = fs::read_to_string(self.world.path("count")).unwrap_or_default();
        count.trim().parse().unwrap_or(0)
    }

    /// The nodes that the cluster has: role and version, by name.
    pub fn nodes(&self) -> Vec<String> {
        let folder = self.world.path("cluster/nodes");
        let mut nodes: Vec<String> = fs::read_dir(folder)
            .map(|entries| entries.flatten().map(|entry| entry.path()).collect::<Vec<_>>())
            .unwrap_or_default()
            .into_iter()
            .filter_map(|path| {
                let name = path.file_name()?.to_str()?.to_owned();
                let state = fs::read_to_string(&path).ok()?;
                let cordoned = path.with_extension("cordoned").exists();
                let state = if cordoned {
                    format!("{} cordoned", state.trim())
                } else {
                    state.trim().to_owned()
                };
                (!name.contains('.')).then(|| format!("{name} {state}"))
            })
            .collect();
        nodes.sort();
        nodes
    }

    /// How the stand-ins were called since the last time this was asked.
    pub fn take_calls(&self) -> String {
        let path = self.world.path("cluster/calls");
        let calls = fs::read_to_string(&path).unwrap_or_default();
        let _ = fs::write(&path, "");
        self.world.hear(calls.as_bytes());
        calls
    }
}

/// The text of a configuration. Of a key that is given the default goes.
fn text(world: &World, machines: &[Listed], version: &str, files: &str, keys: &str) -> String {
    let limit = if keys.contains("node_timeout_s") { "" } else { "node_timeout_s = 20\n" };
    let mut text = format!(
        "[k3s]\nkubeconfig = \"kubeconfig\"\nversion = \"{version}\"\nairgap = \"{files}\"\n{limit}{keys}\n"
    );
    for (index, role) in machines {
        let address = &world.machines[*index].address;
        let _ = writeln!(text, "[[k3s.machine]]\naddress = \"{address}\"\nrole = \"{role}\"");
    }
    text
}

pub fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
