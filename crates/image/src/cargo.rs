//! Compiling a package into a static binary with cargo, the same bytes from every folder.

mod compile;
mod messages;
mod metadata;
mod target;

pub use compile::{Compiled, Request, compile};
pub use messages::Unit;
pub use metadata::{Metadata, Package};
pub use target::Target;

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

/// The cargo that started this program, or the one in PATH.
fn program() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

fn cargo(folder: &Path) -> Command {
    let mut command = Command::new(program());
    command.current_dir(folder);
    command
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
