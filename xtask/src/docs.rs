//! `cargo xtask docs`: the outputs that documents quote, held against what the commands print now.
//!
//! A fenced block below the line `<!-- quoted -->` is a quote: each line `$ cargo xtask …` in it is run, and what follows is its output.
//! A line of `…` alone leaves lines out. What varies from run to run, durations and the width of columns with them, is not compared.
//! Commands of other programs (`$ dive …`) are what a person has seen, and are passed over.
//!
//! A fenced block below the line `<!-- pictured FILE.svg -->` is drawn as a terminal into that file.

mod picture;
mod quote;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result, bail};
use clap::Args;
use skyward_terminal::{output, units};

use crate::external;
use crate::up::{Program, Programs};
use quote::{Document, Quote};

/// The options of `cargo xtask docs`.
#[derive(Args)]
pub(crate) struct Docs {
    /// Write what the commands print now into the documents, instead of failing where it differs.
    #[arg(long)]
    pub(crate) write: bool,
}

impl Docs {
    /// Runs every quoted command; what it returns is the process's exit code.
    pub(crate) fn run(self, programs: &Programs) -> Result<ExitCode> {
        let folder = Folder::new()?;
        let (mut count, mut stale, mut pictures, mut changed) = (0, 0, 0, 0);
        for path in documents()? {
            let text = std::fs::read_to_string(&path)
                .with_context(|| format!("reading {}", path.display()))?;
            let mut document = Document::parse(&text);
            for quote in document.quotes() {
                count += 1;
                let now = folder.run(&quote.command, programs)?;
                if quote.fits(&now) {
                    continue;
                }
                stale += 1;
                output::say(&told(&path, quote, &now));
                if self.write && !quote.replace(&now) {
                    bail!(
                        "docs: {}, line {}: the quote leaves lines out, and what is left does not fit any more. Next step: edit it by hand",
                        shown(&path),
                        quote.line
                    );
                }
            }
            if self.write && document.text() != text {
                std::fs::write(&path, document.text())
                    .with_context(|| format!("writing {}", path.display()))?;
            }
            for (name, picture) in picture::pictures(&document.text()) {
                pictures += 1;
                changed += usize::from(self.draw(&path.with_file_name(name), &picture)?);
            }
        }
        if changed > 0 && !self.write {
            bail!(
                "docs: {changed} of {} {} not what the documents say. Next step: `cargo xtask docs --write`",
                units::counted(pictures, "picture"),
                if changed == 1 { "is" } else { "are" }
            );
        }
        if stale > 0 && !self.write {
            bail!(
                "docs: {} of {} {} not what the commands print now. Next step: `cargo xtask docs --write`, and read what changed",
                stale,
                units::counted(count, "quote"),
                if stale == 1 { "is" } else { "are" }
            );
        }
        output::say(&format!(
            "{} and {} compared, {} changed",
            units::counted(count, "quote"),
            units::counted(pictures, "picture"),
            stale + changed
        ));
        Ok(ExitCode::SUCCESS)
    }

    /// Returns true where the file `path` has not this picture, and writes it where that is asked for.
    fn draw(&self, path: &Path, picture: &str) -> Result<bool> {
        let is_new = std::fs::read_to_string(path).ok().as_deref() != Some(picture);
        if is_new && self.write {
            std::fs::write(path, picture).with_context(|| format!("writing {}", path.display()))?;
        }
        Ok(is_new)
    }
}

/// The Markdown files of the repository's folder and of `docs`.
fn documents() -> Result<Vec<PathBuf>> {
    let mut all = Vec::new();
    for folder in [external::workspace(), external::workspace().join("docs")] {
        let entries =
            std::fs::read_dir(&folder).with_context(|| format!("listing {}", folder.display()))?;
        for entry in entries {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "md") {
                all.push(path);
            }
        }
    }
    all.sort();
    Ok(all)
}

fn shown(path: &Path) -> String {
    path.strip_prefix(external::workspace()).unwrap_or(path).display().to_string()
}

fn told(path: &Path, quote: &Quote, now: &str) -> String {
    let lines = |sign: &str, text: &str| {
        text.lines().flat_map(|line| [sign, " ", line, "\n"]).collect::<String>()
    };
    format!(
        "{}, line {}: $ {}\n{}{}",
        shown(path),
        quote.line,
        quote.command,
        lines("-", &quote.output()),
        lines("+", now.trim_end())
    )
}

/// The folder that the commands run in: below the workspace, so that its configuration is found, and gone afterwards with what they
/// have written there.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Result<Self> {
        let folder = external::ci_folder()?.join(format!("docs-{}", std::process::id()));
        std::fs::create_dir_all(&folder)
            .with_context(|| format!("making the folder {}", folder.display()))?;
        Ok(Self(folder))
    }

    /// Everything that a command prints, in the order in which it comes.
    fn run(&self, command: &str, programs: &Programs) -> Result<String> {
        let log = self.0.join("output");
        let file = File::create(&log).with_context(|| format!("writing {}", log.display()))?;
        let errors = file.try_clone().context("opening the output twice")?;
        let mut command = command_of(command, programs)?;
        command.current_dir(&self.0).stdin(Stdio::null()).stdout(file).stderr(errors);
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(|name| name.starts_with("SKYWARD_")) {
                command.env_remove(name);
            }
        }
        let words = external::words(&command);
        command.status().with_context(|| format!("starting `{words}`"))?;
        let said = std::fs::read(&log).with_context(|| format!("reading {}", log.display()))?;
        std::fs::remove_file(&log).with_context(|| format!("removing {}", log.display()))?;
        Ok(String::from_utf8_lossy(&said).into_owned())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The program of a quoted command line, with its arguments. There is no shell: a comment at the end is left out.
fn command_of(line: &str, programs: &Programs) -> Result<Command> {
    let line = line.split(" # ").next().unwrap_or(line);
    let mut words = line.split_whitespace().skip(2);
    let program = match words.next() {
        Some("config") => Program::Config,
        Some("image") => Program::Image,
        Some("deploy-k3s") => Program::Deployer,
        Some("provision-aws") => Program::Provisioner,
        _ => bail!(
            "docs: `{line}` cannot be quoted: only config, image, deploy-k3s and provision-aws can"
        ),
    };
    let mut command = programs(program)?;
    command.args(words);
    Ok(command)
}
