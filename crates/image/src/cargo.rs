//! Compiles a package into a static binary with cargo: the same bytes from every folder.

mod compile;
mod linker;
mod remedy;
mod target;

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow, bail};
use serde::Deserialize;

pub use compile::{Compiled, Unit};
pub use linker::Linker;
pub use target::{Target, triples};

/// cargo, started in a folder of the workspace.
#[derive(Clone, Debug)]
pub struct Cargo {
    /// The program.
    pub program: OsString,
    /// A folder in the workspace.
    pub folder: PathBuf,
}

impl Cargo {
    /// The cargo that started this program, or the one in `PATH`.
    pub fn new(folder: &Path) -> Self {
        let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        Self { program, folder: folder.to_owned() }
    }

    /// Describes the workspace, for one target.
    pub fn metadata(&self, triple: &str) -> Result<Metadata> {
        let args = ["metadata", "--format-version", "1", "--filter-platform", triple];
        let output =
            output(self.command().args(args)).map_err(|error| {
                match remedy::after_metadata(&format!("{error:#}")) {
                    Some(next) => anyhow!("{error:#}. Next step: {next}"),
                    None => error,
                }
            })?;
        serde_json::from_slice(&output).context("cannot understand what cargo metadata printed")
    }

    /// A command without the variables that an outer cargo set for this program's own package. Build scripts that watch
    /// them would run again at each change between inner and outer calls.
    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.current_dir(&self.folder);
        for (name, _) in std::env::vars_os() {
            if is_package_variable(&name) {
                command.env_remove(name);
            }
        }
        command
    }
}

/// The workspace and all packages that a target's build may use.
#[derive(Clone, Debug, Deserialize)]
pub struct Metadata {
    /// All packages.
    pub packages: Vec<Package>,
    /// The ids of the workspace's own packages.
    pub workspace_members: Vec<String>,
    /// The folder of the workspace.
    pub workspace_root: PathBuf,
    /// The folder that cargo compiles in.
    #[serde(default)]
    pub target_directory: PathBuf,
    resolve: Resolve,
}

/// A package.
#[derive(Clone, Debug, Deserialize)]
pub struct Package {
    /// cargo's own id, which holds a path for packages that are not from a registry.
    pub id: String,
    /// The name.
    pub name: String,
    /// The version.
    pub version: String,
    /// An SPDX expression, in old packages with `/` for `OR`.
    pub license: Option<String>,
    /// The oldest Rust that compiles it.
    pub rust_version: Option<String>,
    /// A sentence.
    pub description: Option<String>,
    /// The address of its source.
    pub repository: Option<String>,
    /// The registry or repository that it was taken from; `None` for a folder.
    pub source: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Clone, Debug, Deserialize)]
struct Node {
    id: String,
    dependencies: Vec<String>,
}

impl Metadata {
    /// Returns the workspace's package `name`.
    pub fn member(&self, name: &str) -> Result<&Package> {
        let members =
            || self.packages.iter().filter(|package| self.workspace_members.contains(&package.id));
        members().find(|package| package.name == name).with_context(|| {
            let mut names: Vec<_> = members().map(|package| package.name.as_str()).collect();
            names.sort_unstable();
            let root = self.workspace_root.display();
            format!("there is no package {name} in the workspace {root}; service.package may be one of {}", names.join(", "))
        })
    }

    /// Returns the direct dependencies of each package, by id.
    pub fn dependencies(&self) -> HashMap<&str, &[String]> {
        self.resolve
            .nodes
            .iter()
            .map(|node| (node.id.as_str(), node.dependencies.as_slice()))
            .collect()
    }
}

/// Returns true for the variables that cargo sets for the package it runs (cargo, "Environment Variables").
fn is_package_variable(name: &OsStr) -> bool {
    name.to_str().is_some_and(|name| {
        name.starts_with("CARGO_PKG_")
            || name.starts_with("CARGO_MANIFEST_")
            || name == "CARGO_BIN_NAME"
    })
}

/// rustc, as cargo would start it in this folder.
fn rustc(folder: &Path) -> Command {
    let mut rustc = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    rustc.current_dir(folder);
    rustc
}

/// Runs `command` and returns its standard output; its standard error is in the error.
fn output(command: &mut Command) -> Result<Vec<u8>> {
    let shown = format!(
        "{} {}",
        Path::new(command.get_program()).display(),
        command.get_args().map(|arg| arg.to_string_lossy()).collect::<Vec<_>>().join(" ")
    );
    let output = command.output().with_context(|| format!("cannot run {shown}"))?;
    if !output.status.success() {
        bail!(
            "{shown} failed ({}): {}",
            output.status,
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Ok(output.stdout)
}
