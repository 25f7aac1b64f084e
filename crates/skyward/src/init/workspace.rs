//! The cargo workspace: its packages with binaries, as cargo itself lists them.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

/// A cargo workspace.
pub(crate) struct Workspace {
    /// Its folder, or that of the only package.
    pub(crate) root: PathBuf,
    /// The binaries of its packages.
    pub(crate) binaries: Vec<Binary>,
}

/// A binary of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Binary {
    pub(crate) package: String,
    pub(crate) name: String,
    /// The folder of the package.
    pub(super) folder: PathBuf,
    /// True for the one that `cargo run` starts, and without such a key for the one that is named after its package.
    pub(super) is_main: bool,
    /// True where the package serves by `skyward-server`, whose ports and health paths are known.
    pub(super) has_our_server: bool,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    workspace_root: PathBuf,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    manifest_path: PathBuf,
    targets: Vec<Target>,
    dependencies: Vec<Dependency>,
    default_run: Option<String>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
}

/// The cargo that started this program, or the one in `PATH`.
pub(super) fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

impl Workspace {
    /// Finds the workspace that `folder` is in.
    pub(crate) fn find(folder: &Path) -> Result<Self> {
        let here = folder
            .canonicalize()
            .with_context(|| format!("init: the folder {}", folder.display()))?;
        if !here.ancestors().any(|folder| folder.join("Cargo.toml").is_file()) {
            bail!(
                "init: there is no Cargo.toml in {} nor in a folder above it. Next step: run it in a cargo workspace, or \
                 make one with `cargo init`",
                here.display()
            );
        }
        let mut metadata = cargo();
        metadata.current_dir(&here).args(["metadata", "--no-deps", "--format-version", "1"]);
        let output = metadata
            .output()
            .context("init: starting cargo. Next step: install Rust, https://rustup.rs")?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            bail!(
                "init: cargo cannot read the workspace: {}",
                said.trim().trim_start_matches("error: ")
            );
        }
        let metadata: Metadata = serde_json::from_slice(&output.stdout)
            .context("init: understanding what cargo metadata printed")?;
        let mut binaries: Vec<_> = metadata.packages.iter().flat_map(binaries).collect();
        binaries
            .sort_by(|one, other| (&one.package, &one.name).cmp(&(&other.package, &other.name)));
        Ok(Self { root: metadata.workspace_root, binaries })
    }
}

fn binaries(package: &Package) -> Vec<Binary> {
    let is_binary = |target: &&Target| target.kind.iter().any(|kind| kind == "bin");
    let has_our_server = package.dependencies.iter().any(|one| one.name == "skyward-server");
    let binary = |target: &Target| Binary {
        package: package.name.clone(),
        name: target.name.clone(),
        folder: package.manifest_path.parent().unwrap_or(Path::new(".")).to_owned(),
        is_main: target.name == *package.default_run.as_ref().unwrap_or(&package.name),
        has_our_server,
    };
    package.targets.iter().filter(is_binary).map(binary).collect()
}
