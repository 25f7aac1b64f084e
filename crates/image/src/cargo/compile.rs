//! `cargo build` in such a way that the binary is static and says nothing of the folders it was built in, and what its
//! messages say it compiled (cargo, "External tools").

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use super::{Cargo, Metadata, Target, remedy};
use crate::event::{Event, ImageEvent, Monitor};
use crate::process::{Running, TICK};

/// Compiled binaries of one package.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// The files, in the order in which they were asked for.
    pub executables: Vec<PathBuf>,
    /// The crates that are part of them.
    pub units: BTreeSet<Unit>,
}

/// A crate that is part of a binary.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unit {
    /// The id of its package.
    pub package: String,
    /// The features it was compiled with.
    pub features: Vec<String>,
}

/// The profile, as `Cargo.toml` names it.
const PROFILE: &str = "image";
/// The profile's settings, for workspaces that do not have it.
const SETTINGS: [&str; 5] =
    ["inherits='release'", "lto='fat'", "codegen-units=1", "panic='unwind'", "strip='symbols'"];
/// The last lines of cargo that an error quotes, where they are not on the terminal already.
const QUOTED: usize = 8;

impl Cargo {
    /// Compiles these binaries of the package for `target`, with one call.
    ///
    /// Flags of the environment (`RUSTFLAGS`) and of `target.TRIPLE.rustflags` in cargo's configuration are kept; those of
    /// `build.rustflags` are not, since cargo takes one of the places only.
    ///
    /// cargo's own lines go to standard error, or with `forward` to `monitor`. It is ended with all its compilers when
    /// `monitor` is cancelled.
    pub fn compile(
        &self,
        package: &str,
        binaries: &[&str],
        metadata: &Metadata,
        target: &Target,
        forward: bool,
        monitor: &Monitor,
    ) -> Result<Compiled> {
        let id = &metadata.member(package)?.id;
        let mut command = self.build(package, binaries, metadata, target)?;
        if forward {
            command.stderr(Stdio::piped());
        }
        let failed = || {
            let advice = target.linker.advice(&target.triple);
            let advice = advice.map(|advice| format!("; {advice}")).unwrap_or_default();
            format!("cannot compile {package} for {}{advice}", target.triple)
        };
        let cargo = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot run cargo")
            .with_context(failed)?;
        let mut cargo = Running(cargo);
        let mut built = Built::new(id, &target.triple);
        let last = follow(&mut cargo, &mut built, monitor)?;
        let status = cargo.0.wait().with_context(failed)?;
        if !status.success() {
            let next = remedy::after_compiling(self, metadata, target);
            let next = next.map(|next| format!(". Next step: {next}")).unwrap_or_default();
            if last.is_empty() {
                bail!("{}: cargo's message is above ({status}){next}", failed());
            }
            bail!("{} ({status}): {}{next}", failed(), last.join("\n"));
        }
        let executables = binaries.iter().map(|binary| {
            let found = built.executables.remove(*binary);
            found.with_context(|| format!("{package} has no binary {binary}"))
        });
        let executables = executables.collect::<Result<_>>()?;
        Ok(Compiled { executables, units: built.units })
    }

    fn build(
        &self,
        package: &str,
        binaries: &[&str],
        metadata: &Metadata,
        target: &Target,
    ) -> Result<Command> {
        let mut command = self.command();
        command.args([target.linker.subcommand(), "--package", package, "--profile", PROFILE]);
        command.args(binaries.iter().flat_map(|binary| ["--bin", binary]));
        command.args(["--target", &target.triple, "--message-format", "json-render-diagnostics"]);
        if !has_profile(&metadata.workspace_root)? {
            for setting in SETTINGS {
                command.args(["--config", &format!("profile.{PROFILE}.{setting}")]);
            }
        }
        target.linker.configure(&target.triple, &mut command);
        let flags = flags(&metadata.workspace_root, &target.sysroot)?;
        if let Some(theirs) = environment_flags() {
            let all: Vec<String> = theirs.into_iter().chain(flags).collect();
            command.env("CARGO_ENCODED_RUSTFLAGS", all.join("\u{1f}"));
        } else {
            // A JSON list of strings is a TOML list of strings.
            let list = serde_json::to_string(&flags).context("cannot write rustc's flags")?;
            command.args(["--config", &format!("target.{}.rustflags={list}", target.triple)]);
        }
        Ok(command)
    }
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

/// Returns rustc's flags in the environment, as cargo reads them.
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

/// A line that cargo wrote.
enum Line {
    Message(String),
    Diagnostic(String),
}

/// Reads what cargo writes to its end, and returns the last of its diagnostics where they are forwarded.
fn follow(cargo: &mut Running, built: &mut Built<'_>, monitor: &Monitor) -> Result<Vec<String>> {
    let (sender, lines) = channel();
    read(cargo.0.stdout.take(), Line::Message, sender.clone());
    read(cargo.0.stderr.take(), Line::Diagnostic, sender);
    let mut last = Vec::new();
    loop {
        monitor.check()?;
        match lines.recv_timeout(TICK) {
            Ok(Line::Message(line)) => built.message(&line),
            Ok(Line::Diagnostic(line)) => {
                last.push(line.clone());
                last.drain(..last.len().saturating_sub(QUOTED));
                monitor.emit(&Event::Own(ImageEvent::Cargo { line }));
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Ok(last),
        }
    }
}

/// Sends the lines of `pipe` from a thread of its own. A pipe that breaks ends with cargo, whose status says why.
fn read(pipe: Option<impl Read + Send + 'static>, line: fn(String) -> Line, sender: Sender<Line>) {
    let Some(pipe) = pipe else { return };
    thread::spawn(move || {
        for bytes in BufReader::new(pipe).split(b'\n').map_while(Result::ok) {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            if sender.send(line(text)).is_err() {
                break;
            }
        }
    });
}

#[derive(Deserialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
enum Message {
    CompilerArtifact(Artifact),
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Artifact {
    package_id: String,
    target: ArtifactTarget,
    features: Vec<String>,
    filenames: Vec<PathBuf>,
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
struct ArtifactTarget {
    kind: Vec<String>,
    name: String,
}

/// The result of a build, collected from cargo's messages.
struct Built<'a> {
    package: &'a str,
    triple: &'a str,
    /// The package's binaries, by name.
    executables: BTreeMap<String, PathBuf>,
    units: BTreeSet<Unit>,
}

impl<'a> Built<'a> {
    fn new(package: &'a str, triple: &'a str) -> Self {
        Self { package, triple, executables: BTreeMap::new(), units: BTreeSet::new() }
    }

    /// Reads one message.
    ///
    /// Build scripts and procedural macros run while compiling and are no part of the binary: their files are not in the
    /// target's folder.
    fn message(&mut self, line: &str) {
        // Whatever a build script prints by mistake is no message.
        let Ok(Message::CompilerArtifact(artifact)) = serde_json::from_str(line) else { return };
        let for_target =
            |path: &PathBuf| path.iter().any(|part| part == Path::new(self.triple).as_os_str());
        if !artifact.filenames.iter().any(for_target) {
            return;
        }
        if artifact.package_id == self.package
            && artifact.target.kind == ["bin"]
            && let Some(executable) = artifact.executable
        {
            self.executables.insert(artifact.target.name, executable);
        }
        self.units.insert(Unit { package: artifact.package_id, features: artifact.features });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runs_while_compiling_is_no_part_of_the_binary() {
        let artifact = |package: &str, kind: &str, name: &str, file: &str, executable: &str| {
            format!(
                r#"{{"reason":"compiler-artifact","package_id":"{package}","target":{{"kind":["{kind}"],"name":"{name}"}},"features":["x"],"filenames":["{file}"],"executable":{executable}}}"#
            )
        };
        let messages = [
            artifact("macros", "proc-macro", "macros", "/t/image/deps/libmacros.so", "null"),
            artifact("lib", "lib", "lib", "/t/T/image/deps/lib.rlib", "null"),
            "warning from a build script".to_owned(),
            r#"{"reason":"build-script-executed","package_id":"lib"}"#.to_owned(),
            artifact("web", "bin", "other", "/t/T/image/other", r#""/t/T/image/other""#),
            artifact("web", "bin", "web", "/t/T/image/web", r#""/t/T/image/web""#),
        ];
        let mut built = Built::new("web", "T");
        for message in &messages {
            built.message(message);
        }
        let executables = [("other", "/t/T/image/other"), ("web", "/t/T/image/web")];
        let executables = executables.map(|(name, path)| (name.to_owned(), path.into()));
        assert_eq!(built.executables, BTreeMap::from(executables));
        let packages: Vec<_> = built.units.iter().map(|unit| unit.package.as_str()).collect();
        assert_eq!(packages, ["lib", "web"]);
    }
}
