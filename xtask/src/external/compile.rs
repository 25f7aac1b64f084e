//! Building a crate's binary: silent when nothing has to be compiled, and never silent for long when something has.

use std::io::Read;
use std::path::PathBuf;
use std::process::{ChildStderr, Stdio};

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use skyward_terminal::{Stream, output};

use super::{cargo, workspace};

/// A message of cargo on standard output; all but the finished programs are passed over.
#[derive(Deserialize)]
struct Message {
    executable: Option<PathBuf>,
    target: Option<Target>,
    profile: Option<Profile>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

#[derive(Deserialize)]
struct Profile {
    test: bool,
}

impl Message {
    /// The program of `package`, where this message is about it: its name is the package's.
    fn program(self, package: &str) -> Option<PathBuf> {
        let is_it = self.target?.name == package && !self.profile?.test;
        self.executable.filter(|_| is_it)
    }
}

/// Builds the only binary of `package`, and returns where it is.
pub(super) fn binary(package: &str, features: &[&str]) -> Result<PathBuf> {
    if !is_built(package) {
        let (name, time) = first_time(package, features);
        output::say(&format!("Compiling {name}; the first time this takes about {time}."));
    }
    let selected = [&["build", "--package", package, "--bins"], features].concat();
    program(package, &selected)
}

/// Returns the binary of `package` as the tests of the whole workspace compile it: with another selection of packages, what it depends
/// on would be compiled again with other features.
pub(super) fn tested(package: &str) -> Result<PathBuf> {
    program(package, &["test", "--locked", "--workspace", "--all-features", "--no-run"])
}

/// Runs cargo's command, and returns the program of `package`.
fn program(package: &str, command: &[&str]) -> Result<PathBuf> {
    let mut cargo = cargo();
    cargo.args(command).args(["--message-format", "json-render-diagnostics", "--manifest-path"]);
    cargo.arg(workspace().join("Cargo.toml"));
    // cargo sees a pipe and not the terminal behind it.
    if let Some(columns) = Stream::Err.columns() {
        cargo.env("CARGO_TERM_PROGRESS_WHEN", "always");
        cargo.env("CARGO_TERM_PROGRESS_WIDTH", columns.to_string());
    }
    if Stream::Err.has_color() {
        cargo.env("CARGO_TERM_COLOR", "always");
    }
    cargo.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = cargo.spawn().context("starting cargo")?;
    let stderr = child.stderr.take().context("cargo's standard error is a pipe")?;
    let shown = std::thread::spawn(move || pass_on(stderr));
    let messages = child.wait_with_output().context("waiting for cargo")?;
    let _ = shown.join();
    if !messages.status.success() {
        bail!("compiling {package}: cargo ended with {}; its reason is above", messages.status);
    }
    String::from_utf8_lossy(&messages.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<Message>(line).ok()?.program(package))
        .next_back()
        .with_context(|| format!("compiling {package}: cargo named no program"))
}

/// Returns true where the program was built before, into the folder that we are in ourselves.
pub(super) fn is_built(package: &str) -> bool {
    std::env::current_exe().is_ok_and(|xtask| xtask.with_file_name(package).exists())
}

/// Names what a build from nothing compiles, and how long that takes on two cores once the crates are downloaded.
fn first_time(package: &str, features: &[&str]) -> (String, &'static str) {
    match (package, features) {
        ("skyward-provisioner", []) => (format!("{package} with the AWS SDK"), "10 minutes"),
        ("skyward-deployer", _) => (package.to_owned(), "3 minutes"),
        ("skyward-config", _) => (package.to_owned(), "20 seconds"),
        _ => (package.to_owned(), "a minute"),
    }
}

/// Passes on what cargo says, but for its last line, which says no more than that it was there.
fn pass_on(mut stderr: ChildStderr) {
    let mut held = Vec::new();
    let mut chunk = [0; 4096];
    while let Ok(count @ 1..) = stderr.read(&mut chunk) {
        for byte in &chunk[..count] {
            held.push(*byte);
            if matches!(byte, b'\n' | b'\r') {
                show(&std::mem::take(&mut held));
            }
        }
        // The bar of a terminal ends in no line feed.
        if !is_last_line(&held) {
            show(&std::mem::take(&mut held));
        }
    }
    show(&held);
}

fn show(bytes: &[u8]) {
    if is_last_line(bytes) {
        if Stream::Err.is_terminal() {
            output::write_err("\r\x1b[K");
        }
        return;
    }
    output::write_err(&String::from_utf8_lossy(bytes));
}

fn is_last_line(bytes: &[u8]) -> bool {
    String::from_utf8_lossy(bytes).contains(" Finished") || bytes.ends_with(b" Finish")
}
