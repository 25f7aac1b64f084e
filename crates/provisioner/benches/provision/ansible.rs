//! Ansible with `amazon.aws`: the same topology, as far as its modules can say it, made by the playbook beside this file.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::contender::Contender;
use crate::server::{Program, Server};
use skyward_testkit::bench::measure::Run;

/// How many of its tasks say each time that there is something to change; see their comments in the playbook.
const ALWAYS: usize = 2;

const PLAYBOOK: &str = include_str!("playbook.yml");

/// Ansible, where it is installed with its modules.
pub(crate) struct Ansible {
    /// The program's and the modules' own.
    version: String,
    /// How many tasks its check mode carries out, and how many it leaves out because their modules have none.
    tasks: (usize, usize),
    program: Program,
}

impl Ansible {
    /// Makes the stack by the playbook; or says why it is not measured.
    pub(crate) fn prepare(server: &Server, folder: &Path) -> Result<Result<Self, String>> {
        let version = match version() {
            Ok(version) => version,
            Err(reason) => return Ok(Err(reason)),
        };
        eprintln!("making a stack by {version}");
        let playbook = folder.join("playbook.yml");
        std::fs::write(&playbook, PLAYBOOK)?;
        let playbook = playbook.display().to_string();
        let variables = ["ANSIBLE_NOCOLOR=1", "ANSIBLE_LOCALHOST_WARNING=False"];
        let program = [&variables[..], &["ansible-playbook", &playbook]].concat();
        let program = server.program(&program);
        let mut ansible = Self { version, tasks: (0, 0), program };
        // Twice: moto forgets the description of a launch template's first version, and the second run makes another.
        for _ in 0..2 {
            ansible.program.run(&[])?.succeeded().context("ansible-playbook")?;
        }
        let checked = ansible.check()?.printed;
        let count = |word: &str| checked.lines().filter(|line| line.starts_with(word)).count();
        ansible.tasks = (count("ok: [localhost]") + ALWAYS, count("skipping: [localhost]"));
        Ok(Ok(ansible))
    }
}

impl Contender for Ansible {
    /// The playbook in check mode, which finds nothing to do but what its modules say of every auto scaling group and of every
    /// cluster.
    fn check(&self) -> Result<Run> {
        let run = self.program.run(&["--check"])?.succeeded()?;
        ensure!(
            run.printed.contains(&format!("changed={ALWAYS} ")),
            "Ansible finds something to do: {}",
            run.printed
        );
        Ok(run)
    }

    fn said(&self) -> String {
        let (checked, left_out) = self.tasks;
        let version = &self.version;
        format!(
            "{version} checks {checked} tasks, and leaves out {left_out} more that have no check mode"
        )
    }
}

/// Of the program and of the collection of modules.
fn version() -> Result<String, String> {
    let said = |program: &str, arguments: &[&str]| -> Result<String, String> {
        let output = Command::new(program).args(arguments).output();
        let output = output.map_err(|error| format!("{program}: {error}"))?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let program = said("ansible-playbook", &["--version"])?;
    let program =
        program.lines().next().unwrap_or_default().trim_start_matches("ansible-playbook ");
    let modules = said("ansible-galaxy", &["collection", "list", "amazon.aws"])?;
    let modules = modules.lines().find(|line| line.starts_with("amazon.aws"));
    let modules = modules.and_then(|line| line.split_whitespace().nth(1));
    let modules = modules.ok_or("ansible-playbook is in PATH, and has no amazon.aws")?;
    Ok(format!("Ansible {} with amazon.aws {modules}", program.trim_matches(['[', ']'])))
}
