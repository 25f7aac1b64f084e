//! The image's program: cargo makes it, and it is run; the deployer links none of it.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde::de::DeserializeOwned;
use serde_json::Value;
use skyward_config::ConfigArgs;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};
use tokio::process::Command;

use super::ImageError;

/// The package, and the name of its program.
const PACKAGE: &str = "skyward-image";

/// The image's program as cargo made it, and what it is called with.
#[derive(Debug)]
pub(super) struct Program {
    executable: PathBuf,
    /// cargo, for the service's own build.
    cargo: OsString,
    /// The configuration's flags, as they were given to us.
    flags: Vec<OsString>,
}

impl Program {
    /// The program of the workspace that this one was built from, compiled where it is not current. `cargo run` for each
    /// step would look at all sources each time (0.1 s).
    pub(super) async fn compile(flags: &ConfigArgs) -> Result<Self, ImageError> {
        let root = root().ok_or(ImageError::NoWorkspace)?;
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        Self::compile_by(cargo, &root, flags).await
    }

    pub(super) async fn compile_by(
        cargo: OsString,
        root: &Path,
        flags: &ConfigArgs,
    ) -> Result<Self, ImageError> {
        let step = "compile";
        let mut build = Command::new(&cargo);
        build.args(["build", "--quiet", "--message-format=json-render-diagnostics"]);
        build.args(["--package", PACKAGE, "--manifest-path"]).arg(root.join("Cargo.toml"));
        let messages = output(step, &mut build).await?;
        let executable = executable(&messages).ok_or_else(|| ImageError::Answer {
            step,
            command: command_line(step),
            reason: format!("cargo names no program of {PACKAGE}"),
        })?;
        Ok(Self { executable, cargo, flags: words(flags) })
    }

    /// Runs `step` and reads its answer.
    pub(super) async fn ask<T: DeserializeOwned>(
        &self,
        step: &'static str,
        arguments: &[&str],
    ) -> Result<T, ImageError> {
        let mut command = Command::new(&self.executable);
        command.args([step, "--output", "json"]).args(&self.flags).args(arguments);
        let answer = output(step, command.env("CARGO", &self.cargo)).await?;
        serde_json::from_slice(&answer).map_err(|error| ImageError::Answer {
            step,
            command: command_line(step),
            reason: error.to_string(),
        })
    }
}

/// The first of an answer's list, which is never empty.
pub(super) fn first<T>(step: &'static str, list: Vec<T>) -> Result<T, ImageError> {
    list.into_iter().next().ok_or_else(|| ImageError::Answer {
        step,
        command: command_line(step),
        reason: "an empty list".to_owned(),
    })
}

/// Runs `command` to its end and returns its standard output. Its progress goes to standard error, its last error into
/// ours. It ends with us: when this is dropped, it is killed.
async fn output(step: &'static str, command: &mut Command) -> Result<Vec<u8>, ImageError> {
    let failed = |error: std::io::Error| ImageError::Start {
        step,
        command: command_line(step),
        reason: error.to_string(),
    };
    // What cargo set for our own package is none of the program's, nor of the build scripts that watch it.
    for (name, _) in std::env::vars_os() {
        if is_package_variable(&name) {
            command.env_remove(name);
        }
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().map_err(failed)?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let mut answer = Vec::new();
    let read = async {
        match stdout {
            Some(mut stdout) => stdout.read_to_end(&mut answer).await.map(drop),
            None => Ok(()),
        }
    };
    let (read, error) = tokio::join!(read, pass_on(stderr));
    read.map_err(failed)?;
    let status = child.wait().await.map_err(failed)?;
    if status.success() {
        if let Some(error) = error {
            eprintln!("error: {error}");
        }
        return Ok(answer);
    }
    let reason = error.unwrap_or_else(|| format!("`{}` ended with {status}", command_line(step)));
    Err(ImageError::Failed { step, reason, next: next(step) })
}

/// Passes lines on to standard error, but for the last error: that one is returned, to be said once.
async fn pass_on(stderr: Option<impl AsyncRead + Unpin>) -> Option<String> {
    let mut lines = BufReader::new(stderr?).lines();
    let mut error: Vec<String> = Vec::new();
    while let Ok(Some(line)) = lines.next_line().await {
        let begins = line.starts_with("error: ");
        if begins {
            error.drain(..).for_each(|line| eprintln!("{line}"));
        }
        if begins || !error.is_empty() {
            error.push(line);
        } else {
            eprintln!("{line}");
        }
    }
    let text = error.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ");
    text.strip_prefix("error: ").map(str::to_owned)
}

/// The program among cargo's messages, one JSON object a line.
fn executable(messages: &[u8]) -> Option<PathBuf> {
    messages
        .split(|byte| *byte == b'\n')
        .filter_map(|line| serde_json::from_slice::<Value>(line).ok())
        .filter(|message| message["target"]["name"] == PACKAGE)
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
}

/// What to do when `step` has failed.
fn next(step: &str) -> &'static str {
    match step {
        "load" => {
            "set image.repository to a registry that the nodes pull from, or k3s.delivery to \"none\" if they have it"
        }
        "push" => {
            "see that image.repository is a place that you may push to, or name an image with --image"
        }
        "resolve" => "the nodes get the tag",
        _ => "correct that, or name an image with --image",
    }
}

/// As one would type it.
fn command_line(step: &str) -> String {
    match step {
        "compile" => format!("cargo build --package {PACKAGE}"),
        step => format!("cargo xtask image {step}"),
    }
}

/// The flags as they are typed.
fn words(flags: &ConfigArgs) -> Vec<OsString> {
    let mut words: Vec<OsString> = Vec::new();
    let mut push = |flag: &str, value: OsString| words.extend([flag.into(), value]);
    flags.config.iter().for_each(|file| push("--config", file.into()));
    flags.environment.iter().for_each(|name| push("--environment", name.into()));
    flags.set.iter().for_each(|pair| push("--set", pair.into()));
    words
}

fn is_package_variable(name: &OsStr) -> bool {
    name.to_str().is_some_and(|name| {
        name.starts_with("CARGO_PKG_")
            || name.starts_with("CARGO_MANIFEST_")
            || name == "CARGO_BIN_NAME"
    })
}

/// The workspace: cargo names a package of it in a variable where it runs us, and it was there at compile time.
fn root() -> Option<PathBuf> {
    let running = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let compiled = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let packages = running.into_iter().chain([compiled]);
    packages.into_iter().find_map(|package| {
        package.ancestors().find(|folder| is_workspace(folder)).map(Path::to_owned)
    })
}

fn is_workspace(folder: &Path) -> bool {
    folder.join("crates/image/Cargo.toml").is_file() && folder.join("Cargo.toml").is_file()
}
