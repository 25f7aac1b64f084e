//! `cargo build`, so that the binary is static and says nothing of the folders it was built in.

use std::collections::BTreeSet;
use std::fs;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, bail};

use super::messages::{self, Unit};
use super::{Metadata, Target};

/// What to compile.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// A folder in the workspace.
    pub folder: &'a Path,
    /// The package.
    pub package: &'a str,
    /// Its binary.
    pub binary: &'a str,
}

/// A compiled binary.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// The file.
    pub executable: PathBuf,
    /// The crates that are part of it.
    pub units: BTreeSet<Unit>,
}

/// The profile, as `Cargo.toml` names it. Workspaces without it get one.
const PROFILE: &str = "image";

/// Compiles the package for `target`. cargo's progress goes to standard error.
///
/// Flags of the environment (`RUSTFLAGS`) and of `target.TRIPLE.rustflags` in cargo's configuration are kept; those of
/// `build.rustflags` are not, since cargo takes one of the places only.
pub fn compile(request: &Request<'_>, metadata: &Metadata, target: &Target) -> Result<Compiled> {
    let package = metadata.member(request.package)?;
    let mut command = super::cargo(request.folder);
    command.args([
        "build",
        "--package",
        request.package,
        "--bin",
        request.binary,
        "--profile",
        PROFILE,
    ]);
    command.args(["--target", &target.triple, "--message-format", "json-render-diagnostics"]);
    if !has_profile(&metadata.workspace_root)? {
        for setting in [
            "inherits='release'",
            "lto='fat'",
            "codegen-units=1",
            "panic='abort'",
            "strip='symbols'",
        ] {
            command.args(["--config", &format!("profile.{PROFILE}.{setting}")]);
        }
    }
    let flags = flags(&metadata.workspace_root, &target.sysroot)?;
    if let Some(theirs) = environment_flags() {
        let all: Vec<String> = theirs.into_iter().chain(flags).collect();
        command.env("CARGO_ENCODED_RUSTFLAGS", all.join("\u{1f}"));
    } else {
        // A JSON list of strings is a TOML list of strings.
        let list = serde_json::to_string(&flags).context("cannot write rustc's flags")?;
        command.args(["--config", &format!("target.{}.rustflags={list}", target.triple)]);
    }
    let failed = || format!("cannot compile {} for {}", request.package, target.triple);
    let mut cargo = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot run cargo")
        .with_context(failed)?;
    let stdout = cargo.stdout.take().context("cargo has no standard output")?;
    let built =
        messages::read(BufReader::new(stdout), &package.id, request.binary, &target.triple)?;
    let status = cargo.wait().with_context(failed)?;
    if !status.success() {
        bail!("{}: cargo's message is above ({status})", failed());
    }
    let executable = built
        .executable
        .with_context(|| format!("{} has no binary {}", request.package, request.binary))?;
    Ok(Compiled { executable, units: built.units })
}

/// The flags that make the binary static, and the same from every folder.
fn flags(workspace: &Path, sysroot: &Path) -> Result<Vec<String>> {
    let cargo_home = std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(std::env::home_dir()?.join(".cargo")));
    let mut flags =
        vec!["-Ctarget-feature=+crt-static".to_owned(), "-Crelocation-model=static".to_owned()];
    // The last one that matches counts: the workspace may lie within the home folder.
    for (from, to) in
        [(Some(sysroot), "/rust"), (cargo_home.as_deref(), "/cargo"), (Some(workspace), "/source")]
    {
        let Some(from) = from else { continue };
        let from = from.to_str().with_context(|| format!("{} is not UTF-8", from.display()))?;
        flags.push(format!("--remap-path-prefix={from}={to}"));
    }
    Ok(flags)
}

/// rustc's flags in the environment, as cargo reads them.
fn environment_flags() -> Option<Vec<String>> {
    if let Ok(encoded) = std::env::var("CARGO_ENCODED_RUSTFLAGS") {
        return Some(
            encoded.split('\u{1f}').filter(|flag| !flag.is_empty()).map(str::to_owned).collect(),
        );
    }
    let flags = std::env::var("RUSTFLAGS").ok()?;
    Some(flags.split_ascii_whitespace().map(str::to_owned).collect())
}

fn has_profile(workspace: &Path) -> Result<bool> {
    let path = workspace.join("Cargo.toml");
    let text =
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let manifest: toml::Table =
        toml::from_str(&text).with_context(|| format!("cannot understand {}", path.display()))?;
    Ok(manifest.get("profile").is_some_and(|profiles| profiles.get(PROFILE).is_some()))
}
