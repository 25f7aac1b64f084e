//! The programs under measurement, compiled with the image's profile and flags.

use anyhow::{Context as _, Result, bail};
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Where they are.
pub(crate) struct Binaries {
    pub(crate) service: PathBuf,
    pub(crate) raw_hyper: PathBuf,
    pub(crate) axum_serve: PathBuf,
}

/// The flags of a static binary, as `image build` sets them.
const RUSTFLAGS: &str = "-C target-feature=+crt-static -C relocation-model=static";

/// A run of cargo for each: in one, an example's dependencies would switch on features in the service's.
pub(crate) fn build() -> Result<Binaries> {
    Ok(Binaries {
        service: compile("skyward-service", "--bin", "skyward-service")?,
        raw_hyper: compile("skyward-server", "--example", "raw_hyper")?,
        axum_serve: compile("skyward-server", "--example", "axum_serve")?,
    })
}

fn compile(package: &str, kind: &str, name: &str) -> Result<PathBuf> {
    let target = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["build", "--quiet", "--profile", "image", "--target", &target, "--package", package])
        .args([kind, name, "--message-format", "json"])
        .env("RUSTFLAGS", RUSTFLAGS)
        .stderr(Stdio::inherit())
        .output()
        .context("cannot run cargo")?;
    if !output.status.success() {
        bail!("cargo build of {name} failed ({})", output.status);
    }
    output
        .stdout
        .split(|byte| *byte == b'\n')
        .filter_map(|line| serde_json::from_slice::<serde_json::Value>(line).ok())
        .find(|message| message["target"]["name"] == name && message["executable"].is_string())
        .and_then(|message| message["executable"].as_str().map(PathBuf::from))
        .with_context(|| format!("cargo built no program {name}"))
}
