//! Running cargo and the crates' binaries.
//!
//! A binary is built first and started by its path, because `cargo run --quiet` would compile for minutes without a word,
//! and without `--quiet` it says two lines too many each time.

mod compile;
mod described;
mod provision;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};
pub(crate) use skyward_terminal::program::words;

use crate::up::Program;

pub(crate) use provision::provision;

/// The folder of the workspace.
pub(crate) fn workspace() -> PathBuf {
    // cargo sets it for `cargo run`; at compile time it is the same folder.
    let xtask = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    xtask.parent().map_or_else(|| xtask.clone(), PathBuf::from)
}

/// The folder for the files of a run of `cargo xtask ci`, which is made where it is not there.
pub(crate) fn ci_folder() -> Result<PathBuf> {
    let folder = workspace().join("target/ci");
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("making the folder {}", folder.display()))?;
    Ok(folder)
}

/// The cargo that runs us, without the variables it set for this package alone.
///
/// Left in place they would reach the binary that is run, and build scripts that watch them would run again at each change
/// between inner and outer calls.
pub(crate) fn cargo() -> Command {
    without_package(Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())))
}

fn without_package(mut command: Command) -> Command {
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(is_package_variable) {
            command.env_remove(name);
        }
    }
    command
}

fn is_package_variable(name: &str) -> bool {
    name.starts_with("CARGO_PKG_")
        || name.starts_with("CARGO_MANIFEST_")
        || name == "CARGO_BIN_NAME"
}

/// Builds the only binary of `package`, and returns the command that starts it in the current folder.
pub(crate) fn binary(package: &str) -> Result<Command> {
    Ok(without_package(Command::new(compile::binary(package, &[])?)))
}

/// Builds the provisioner without the AWS SDK, which takes minutes to compile and which no simulation calls.
pub(crate) fn simulation() -> Result<Command> {
    let path = compile::binary("skyward-provisioner", &["--no-default-features"])?;
    Ok(without_package(Command::new(path)))
}

/// The programs of this workspace, each built before it is started.
pub(crate) fn built(program: Program) -> Result<Command> {
    match program {
        Program::Provisioner => simulation(),
        other => binary(package(other)),
    }
}

/// The same programs as the step `tests` of `cargo xtask ci` compiled them.
pub(crate) fn tested(program: Program) -> Result<Command> {
    Ok(without_package(Command::new(compile::tested(package(program))?)))
}

fn package(program: Program) -> &'static str {
    match program {
        Program::Config => "skyward-config",
        Program::Image => "skyward-image",
        Program::Deployer => "skyward-deployer",
        Program::Provisioner => "skyward-provisioner",
        Program::Dashboard => "skyward-dashboard",
    }
}

/// Becomes the binary of `package`, which has the commands of `task`: its output, signals and exit code are the command's own.
pub(crate) fn hand_over(task: &str, package: &str, arguments: &[OsString]) -> Result<ExitCode> {
    answer_before_compiling(task, package, arguments)?;
    replace(binary(package)?.args(arguments))
}

/// Answers for a program that was not built yet, where that needs no more than the description of its command line.
fn answer_before_compiling(task: &str, package: &str, arguments: &[OsString]) -> Result<()> {
    if !compile::is_built(package)
        && let Some(answer) = described::answer(task, arguments)
    {
        return Err(answer.into());
    }
    Ok(())
}

/// Replaces this process by `command`; returns only when it cannot be started.
fn replace(command: &mut Command) -> Result<ExitCode> {
    use std::os::unix::process::CommandExt;
    Err(command.exec()).with_context(|| format!("starting {}", words(command)))
}

/// Looks the program `name` up in PATH.
pub(crate) fn find_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|candidate| is_program(candidate))
}

/// Returns true for a file that may be run.
pub(crate) fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}
