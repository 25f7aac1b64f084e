//! What `cargo metadata` says of the packages (cargo, "External tools").

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Deserialize;

/// The workspace and all packages that a target's build may use.
#[derive(Clone, Debug, Deserialize)]
pub struct Metadata {
    /// All packages.
    pub packages: Vec<Package>,
    /// The ids of the workspace's own packages.
    pub workspace_members: Vec<String>,
    /// The folder of the workspace.
    pub workspace_root: PathBuf,
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
    /// A sentence.
    pub description: Option<String>,
    /// Where its source is.
    pub repository: Option<String>,
    /// Where it was taken from; `None` for a folder.
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
    /// Asks cargo about the workspace around `folder`, for one target.
    pub fn read(folder: &Path, triple: &str) -> Result<Self> {
        let args = ["metadata", "--format-version", "1", "--filter-platform", triple];
        let output = super::output(super::cargo(folder).args(args))?;
        serde_json::from_slice(&output).context("cannot understand what cargo metadata printed")
    }

    /// The workspace's package `name`.
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

    /// The direct dependencies of each package, by id.
    pub fn dependencies(&self) -> HashMap<&str, &[String]> {
        self.resolve
            .nodes
            .iter()
            .map(|node| (node.id.as_str(), node.dependencies.as_slice()))
            .collect()
    }
}
