//! The image's program, run by cargo: the deployer links none of it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde::de::DeserializeOwned;
use skyward_config::ConfigArgs;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};
use tokio::process::Command;

use super::ImageError;

/// How `skyward-image` is started.
#[derive(Debug, Clone)]
pub(super) struct Program {
    /// cargo.
    cargo: OsString,
    /// The folder of the workspace.
    root: PathBuf,
    /// The configuration's flags, as they were given to us.
    flags: Vec<OsString>,
}

impl Program {
    /// The program of the workspace that this one was built from.
    pub(super) fn find(flags: &ConfigArgs) -> Result<Self, ImageError> {
        let root = root().ok_or(ImageError::NoWorkspace)?;
        Ok(Self::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()), root, flags))
    }

    pub(super) fn new(cargo: OsString, root: PathBuf, flags: &ConfigArgs) -> Self {
        let mut words: Vec<OsString> = Vec::new();
        let mut push = |flag: &str, value: OsString| words.extend([flag.into(), value]);
        flags.config.iter().for_each(|file| push("--config", file.into()));
        flags.environment.iter().for_each(|name| push("--environment", name.into()));
        flags.set.iter().for_each(|pair| push("--set", pair.into()));
        Self { cargo, root, flags: words }
    }

    /// Runs `step` and reads its answer. Its progress goes to standard error, its last error into ours.
    pub(super) async fn ask<T: DeserializeOwned>(
        &self,
        step: &'static str,
        arguments: &[&str],
    ) -> Result<T, ImageError> {
        let command = command_line(step);
        let start = |error: std::io::Error| ImageError::Start {
            step,
            command: command.clone(),
            reason: error.to_string(),
        };
        let mut child = self.command(step, arguments).spawn().map_err(start)?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let mut answer = Vec::new();
        let read = async {
            match stdout {
                Some(mut stdout) => stdout.read_to_end(&mut answer).await.map(drop),
                None => Ok(()),
            }
        };
        let (read, error) = tokio::join!(read, pass_on(stderr));
        read.map_err(start)?;
        let status = child.wait().await.map_err(start)?;
        if !status.success() {
            let reason = error.unwrap_or_else(|| format!("`{command}` ended with {status}"));
            return Err(ImageError::Failed { step, reason, next: next(step) });
        }
        if let Some(error) = error {
            eprintln!("{error}");
        }
        serde_json::from_slice(&answer).map_err(|error| ImageError::Answer {
            step,
            command: command.clone(),
            reason: error.to_string(),
        })
    }

    fn command(&self, step: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.cargo);
        // What cargo set for our own package is none of the program's, nor of the build scripts that watch it.
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(is_package_variable) {
                command.env_remove(name);
            }
        }
        command
            .args(["run", "--quiet", "--manifest-path"])
            .arg(self.root.join("Cargo.toml"))
            .args(["--package", "skyward-image", "--", step, "--output", "json"])
            .args(&self.flags)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
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

/// What to do when `step` has failed.
fn next(step: &str) -> &'static str {
    match step {
        "load" => {
            "set image.repository to a registry that the nodes pull from, or k3s.delivery to \"none\" if they have it"
        }
        "push" => "see that image.repository is yours to push to, or name an image with --image",
        "resolve" => "the nodes are given the tag, and find out for themselves",
        _ => "correct that, or name an image with --image",
    }
}

/// As one would type it.
fn command_line(step: &str) -> String {
    format!("cargo xtask image {step}")
}

fn is_package_variable(name: &str) -> bool {
    name.starts_with("CARGO_PKG_")
        || name.starts_with("CARGO_MANIFEST_")
        || name == "CARGO_BIN_NAME"
}

/// Passes lines on to standard error, but for the last error: that one is returned, to be said once.
async fn pass_on(stderr: Option<impl AsyncRead + Unpin>) -> Option<String> {
    let mut lines = BufReader::new(stderr?).lines();
    let mut error: Vec<String> = Vec::new();
    while let Ok(Some(line)) = lines.next_line().await {
        if line.starts_with("error: ") {
            error.drain(..).for_each(|line| eprintln!("{line}"));
        }
        if !error.is_empty() || line.starts_with("error: ") {
            error.push(line);
        } else {
            eprintln!("{line}");
        }
    }
    let text = error.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ");
    text.strip_prefix("error: ").map(str::to_owned)
}

/// The workspace: cargo names a package of it in a variable, and it was there at compile time.
fn root() -> Option<PathBuf> {
    let ours = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    [ours, Some(PathBuf::from(env!("CARGO_MANIFEST_DIR")))].into_iter().flatten().find_map(
        |package| package.ancestors().find(|folder| is_workspace(folder)).map(Path::to_owned),
    )
}

fn is_workspace(folder: &Path) -> bool {
    folder.join("crates/image/Cargo.toml").is_file() && folder.join("Cargo.toml").is_file()
}
