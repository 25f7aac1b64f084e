//! Generated files that are committed must be what their command prints today.

use anyhow::{Context, Result};

use super::Outcome;
use crate::external;

/// Each file, the package whose binary prints it, and the arguments.
const FILES: &[(&str, &str, &str)] = &[
    ("crates/config/reference.md", "skyward-config", "docs"),
    ("crates/config/schema.json", "skyward-config", "schema"),
];

/// The packages whose change may make a file stale.
pub(super) fn packages() -> Vec<String> {
    FILES.iter().map(|(_, package, _)| (*package).to_owned()).collect()
}

/// Compares each file with what its command prints.
pub(super) fn check() -> Result<Outcome> {
    let mut stale = Vec::new();
    for (path, package, arguments) in FILES {
        let mut command = external::binary(package)?;
        let output = command.arg(arguments).stderr(std::process::Stdio::inherit()).output()?;
        let on_disk = std::fs::read(external::workspace().join(path)).unwrap_or_default();
        if !output.status.success() {
            return Ok(Outcome::Failed(format!("`{}` failed", external::words(&command))));
        }
        if output.stdout != on_disk {
            let task = package.strip_prefix("skyward-").context("every package is a skyward-…")?;
            stale.push(format!(
                "{path} is not current: `cargo xtask {task} {arguments} > {path}` renews it"
            ));
        }
    }
    Ok(if stale.is_empty() {
        Outcome::Passed(format!("{} files", FILES.len()))
    } else {
        Outcome::Failed(stale.join("; "))
    })
}
