//! Running cargo and the crates' binaries.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

/// The folder of the workspace.
pub(crate) fn workspace() -> PathBuf {
    // cargo sets it for `cargo run`; at compile time it is the same folder.
    let xtask = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    xtask.parent().map_or_else(|| xtask.clone(), PathBuf::from)
}

/// The cargo that runs us, without the variables it set for this package alone.
///
/// Left in place they would reach the binary that the inner cargo runs, and build scripts that
/// watch them would run again at each change between inner and outer calls.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
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

/// `cargo run` of the only binary of `package`, in the current folder.
pub(crate) fn binary(package: &str) -> Command {
    run(package, &[])
}

/// The provisioner without the AWS SDK, which takes minutes to compile and which no simulation calls.
pub(crate) fn simulation() -> Command {
    run("skyward-provisioner", &["--no-default-features"])
}

fn run(package: &str, features: &[&str]) -> Command {
    let mut command = cargo();
    command.args(["run", "--quiet", "--manifest-path"]).arg(workspace().join("Cargo.toml"));
    command.args(["--package", package]).args(features).arg("--");
    command
}

/// Becomes the provisioner, with the AWS SDK only where its command needs an account.
pub(crate) fn provision(arguments: Vec<OsString>) -> Result<ExitCode> {
    /// What looks at the configuration alone.
    const OFFLINE: [&str; 6] = ["--simulate", "graph", "cost", "export", "docs", "policies"];
    let is_offline = arguments.iter().any(|argument| OFFLINE.iter().any(|word| argument == word));
    let mut command = if is_offline { simulation() } else { binary("skyward-provisioner") };
    replace(command.args(arguments))
}

/// Becomes the binary of `package`: its output, signals and exit code are the command's own.
pub(crate) fn hand_over<I>(package: &str, arguments: I) -> Result<ExitCode>
where
    I: IntoIterator,
    I::Item: AsRef<OsStr>,
{
    replace(binary(package).args(arguments))
}

/// Replaces this process by `command`; returns only when it cannot be started.
pub(crate) fn replace(command: &mut Command) -> Result<ExitCode> {
    use std::os::unix::process::CommandExt;
    Err(command.exec()).with_context(|| format!("starting {}", words(command)))
}

/// The command as one would type it.
pub(crate) fn words(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let words: Vec<_> = std::iter::once(program.file_name().unwrap_or(program.as_os_str()))
        .chain(command.get_args())
        .map(OsStr::to_string_lossy)
        .collect();
    // What `binary` makes has a shorter name: the crate's own command.
    match words.iter().position(|word| word == "--") {
        Some(end) if words[1] == "run" => {
            let package = words[..end].iter().find_map(|word| word.strip_prefix("skyward-"));
            let task = match package.unwrap_or_default() {
                "deployer" => "deploy-k3s",
                "provisioner" => "provision-aws",
                task => task,
            };
            format!("cargo xtask {task} {}", words[end + 1..].join(" "))
        }
        _ => words.join(" "),
    }
}

/// Where in PATH the program `name` is, if anywhere.
pub(crate) fn find_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|candidate| is_program(candidate))
}

/// Whether `path` is a file that may be run.
pub(crate) fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_named_as_they_are_typed() {
        let mut build = binary("skyward-image");
        assert_eq!(words(build.args(["build", "--output"])), "cargo xtask image build --output");
        let mut apply = binary("skyward-deployer");
        assert_eq!(words(apply.arg("apply")), "cargo xtask deploy-k3s apply");
        let mut clippy = Command::new("/opt/rust/bin/cargo");
        assert_eq!(words(clippy.args(["clippy", "--", "-D"])), "cargo clippy -- -D");
    }
}
