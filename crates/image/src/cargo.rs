//! Compiles a package into a static binary with cargo: the same bytes from every folder.

mod compile;
mod target;
mod workspace;

pub use compile::{Compiled, Unit};
pub use target::Target;
pub use workspace::{Metadata, Package};

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

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

/// Returns true for the variables that cargo sets for the package it runs (cargo, "Environment Variables").
fn is_package_variable(name: &OsStr) -> bool {
    name.to_str().is_some_and(|name| {
        name.starts_with("CARGO_PKG_")
            || name.starts_with("CARGO_MANIFEST_")
            || name == "CARGO_BIN_NAME"
    })
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
