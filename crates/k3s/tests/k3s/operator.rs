//! The program under test, run in the operator's place, with a configuration that lists machines.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::process::Output;

use skyward_testkit::machines::{OLD, World, write};

/// A configuration, and the commands on it.
pub struct Operator<'w> {
    pub world: &'w World,
    file: PathBuf,
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
        let mut text = format!(
            "[k3s]\nkubeconfig = \"kubeconfig\"\nversion = \"{version}\"\nairgap = \"{files}\"\nnode_timeout_s = 20\n{keys}\n"
        );
        for (index, role) in machines {
            let address = &world.machines[*index].address;
            let _ = writeln!(text, "[[k3s.machine]]\naddress = \"{address}\"\nrole = \"{role}\"");
        }
        Self::raw(world, &text)
    }

    /// With this configuration.
    pub fn raw(world: &'w World, text: &str) -> Self {
        let file = world.path("skyward.toml");
        write(&file, 0o644, text);
        Self { world, file }
    }

    /// Runs a command to its end, with further variables.
    pub fn run_with(&self, words: &str, variables: &[(&str, usize)]) -> Output {
        let _ = fs::remove_file(self.world.path("count"));
        let mut command = self.world.operator();
        command.args(variables.iter().map(|(name, value)| format!("{name}={value}")));
        command.arg(self.world.path("bin/deployer")).args(words.split_whitespace());
        command.arg("--config").arg(&self.file).stdin(std::process::Stdio::null());
        let output = command.output().expect("the operator's command");
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

pub fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
