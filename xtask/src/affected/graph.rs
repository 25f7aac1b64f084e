//! The packages of the workspace, and which of them a change of one reaches.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::external;

/// Packages that run another's program without depending on it: the image holds the service, and the deployer delivers by the image's
/// program; xtask takes `up` from the installed program's folder. cargo knows nothing of these.
const RUNS: &[(&str, &str)] = &[
    ("skyward-image", "skyward-service"),
    ("skyward-deployer", "skyward-image"),
    ("xtask", "skyward"),
];

/// Packages with their folders, and what each needs of the others.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    packages: BTreeMap<String, Package>,
}

#[derive(Debug)]
struct Package {
    /// Relative to the workspace's folder, without a slash at its end.
    folder: String,
    /// The packages whose change is a change of this one.
    needs: BTreeSet<String>,
}

impl Graph {
    /// The graph of this workspace, as `cargo metadata` tells it.
    pub(crate) fn of_workspace() -> Result<Self> {
        let mut cargo = external::cargo();
        cargo.current_dir(external::workspace());
        cargo.args(["metadata", "--no-deps", "--offline", "--quiet", "--format-version", "1"]);
        let words = external::words(&cargo);
        let output = cargo.output().with_context(|| format!("starting `{words}`"))?;
        let error = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "`{words}` ended with {}: {error}", output.status);
        let metadata = serde_json::from_slice(&output.stdout)
            .with_context(|| format!("reading what `{words}` printed"))?;
        Self::read(&metadata)
    }

    /// Reads the output of `cargo metadata --no-deps`. Every dependency by path counts, those of tests and build scripts too.
    pub(crate) fn read(metadata: &Value) -> Result<Self> {
        let root = text(metadata, "workspace_root")?;
        let inside = |path: &str| {
            let path = path.strip_prefix(root)?.trim_start_matches('/');
            Some(path.trim_end_matches("Cargo.toml").trim_end_matches('/').to_owned())
        };
        let found = list(metadata, "packages")?;
        let mut folders = BTreeMap::new();
        for package in found {
            let (name, manifest) = (text(package, "name")?, text(package, "manifest_path")?);
            let folder = inside(manifest)
                .with_context(|| format!("the package {name} is outside of the workspace"))?;
            folders.insert(folder, name.to_owned());
        }
        let mut packages = BTreeMap::new();
        for package in found {
            let name = text(package, "name")?.to_owned();
            let folder = inside(text(package, "manifest_path")?).unwrap_or_default();
            let paths = list(package, "dependencies")?.iter().filter_map(|d| d["path"].as_str());
            let linked = paths.filter_map(inside).filter_map(|folder| folders.get(&folder));
            let run = RUNS.iter().filter(|(who, _)| *who == name).map(|(_, whose)| *whose);
            let needs = linked.cloned().chain(run.map(str::to_owned)).collect();
            packages.insert(name, Package { folder, needs });
        }
        Ok(Self { packages })
    }

    /// The names of all packages.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.packages.keys().map(String::as_str)
    }

    /// The package that the file is part of, and the file's path within it.
    pub(crate) fn owner<'a>(&self, path: &'a str) -> Option<(&str, &'a str)> {
        self.packages.iter().find_map(|(name, package)| {
            let rest = path.strip_prefix(&package.folder)?.strip_prefix('/')?;
            Some((name.as_str(), rest))
        })
    }

    /// The packages, and all that depend on them, near and far.
    pub(crate) fn with_dependents(&self, changed: &BTreeSet<String>) -> BTreeSet<String> {
        let mut reached = changed.clone();
        loop {
            let next = self.packages.iter().filter(|(name, package)| {
                !reached.contains(*name) && !package.needs.is_disjoint(&reached)
            });
            let next: Vec<_> = next.map(|(name, _)| name.clone()).collect();
            if next.is_empty() {
                return reached;
            }
            reached.extend(next);
        }
    }
}

fn text<'a>(value: &'a Value, key: &str) -> Result<&'a str> {
    value[key].as_str().with_context(|| format!("the answer of `cargo metadata` lacks {key}"))
}

fn list<'a>(value: &'a Value, key: &str) -> Result<&'a Vec<Value>> {
    value[key].as_array().with_context(|| format!("the answer of `cargo metadata` lacks {key}"))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A workspace like this one, so that what the tests expect does not change with it.
    pub(crate) fn example() -> Graph {
        let package = |folder: &str, name: &str, needs: &[&str]| {
            let needs: Vec<_> = needs.iter().map(|f| serde_json::json!({ "path": f })).collect();
            serde_json::json!({
                "name": name, "manifest_path": format!("/w/{folder}/Cargo.toml"), "dependencies": needs,
            })
        };
        let config = ["/w/crates/config"];
        Graph::read(&serde_json::json!({ "workspace_root": "/w", "packages": [
            package("crates/config", "skyward-config", &[]),
            package("crates/deployer", "skyward-deployer", &config),
            package("crates/image", "skyward-image", &config),
            package("crates/provisioner", "skyward-provisioner", &config),
            package("crates/server", "skyward-server", &config),
            package("crates/service", "skyward-service", &["/w/crates/server"]),
            package("xtask", "xtask", &[]),
        ]}))
        .unwrap()
    }

    #[test]
    fn a_file_has_one_owner() {
        let graph = example();
        for (path, owner) in [
            ("crates/image/src/main.rs", Some(("skyward-image", "src/main.rs"))),
            ("xtask/Cargo.toml", Some(("xtask", "Cargo.toml"))),
            ("crates/imagery/src/main.rs", None),
            ("README.md", None),
        ] {
            assert_eq!(graph.owner(path), owner, "{path}");
        }
    }

    #[test]
    fn dependents_are_found_near_and_far() {
        let reached = |name: &str| {
            let reached = example().with_dependents(&BTreeSet::from([name.to_owned()]));
            reached.into_iter().map(|name| name.replace("skyward-", "")).collect::<Vec<_>>()
        };
        let all = ["config", "deployer", "image", "provisioner", "server", "service"];
        assert_eq!(reached("skyward-config"), all);
        assert_eq!(reached("skyward-server"), ["deployer", "image", "server", "service"]);
        assert_eq!(reached("skyward-service"), ["deployer", "image", "service"]);
        assert_eq!(reached("skyward-deployer"), ["deployer"]);
    }

    #[test]
    fn the_programs_that_are_run_are_packages_of_the_workspace() {
        let graph = Graph::of_workspace().unwrap();
        let names: BTreeSet<_> = graph.names().collect();
        for (who, whose) in RUNS {
            assert!(names.contains(who) && names.contains(whose), "{who} runs {whose}");
        }
    }
}
