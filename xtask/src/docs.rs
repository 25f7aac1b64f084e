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
    /// Fail where a quote differs, and write nothing; the same as without a flag.
    #[arg(long, conflicts_with = "write")]
    check: bool,
    /// Write what the commands print now into the documents, instead of failing where it differs.
    #[arg(long)]
    write: bool,
}

impl Docs {
    /// The options of a run that only compares.
    pub(crate) const CHECK: Self = Self { check: true, write: false };

    /// Runs every quoted command; what it returns is the process's exit code.
    pub(crate) fn run(self, programs: &Programs) -> Result<ExitCode> {
        self.compare(&external::workspace(), programs)
    }

    /// Compares the documents of the workspace at `root`.
    fn compare(&self, root: &Path, programs: &Programs) -> Result<ExitCode> {
        let writes = self.write && !self.check;
        let folder = Folder::new()?;
        let (mut count, mut stale, mut pictures, mut changed) = (0, 0, 0, 0);
        for path in documents(root)? {
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
                output::say(&told(root, &path, quote, &now));
                if writes && !quote.replace(&now) {
                    bail!(
                        "docs: {}, line {}: the quote leaves lines out, and what is left does not fit any more. Next step: edit it by hand",
                        shown(root, &path),
                        quote.line
                    );
                }
            }
            if writes && document.text() != text {
                std::fs::write(&path, document.text())
                    .with_context(|| format!("writing {}", path.display()))?;
            }
            for (name, picture) in picture::pictures(&document.text()) {
                pictures += 1;
                changed += usize::from(draw(&path.with_file_name(name), &picture, writes)?);
            }
        }
        if changed > 0 && !writes {
            bail!(
                "docs: {changed} of {} {} not what the documents say. Next step: `cargo xtask docs --write`",
                units::counted(pictures, "picture"),
                if changed == 1 { "is" } else { "are" }
            );
        }
        if stale > 0 && !writes {
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
}

/// Returns true where the file `path` has not this picture, and writes it where that is asked for.
fn draw(path: &Path, picture: &str, writes: bool) -> Result<bool> {
    let is_new = std::fs::read_to_string(path).ok().as_deref() != Some(picture);
    if is_new && writes {
        std::fs::write(path, picture).with_context(|| format!("writing {}", path.display()))?;
    }
    Ok(is_new)
}

/// The Markdown files of the repository's folder and of `docs`.
fn documents(root: &Path) -> Result<Vec<PathBuf>> {
    let mut all = Vec::new();
    for folder in [root.to_owned(), root.join("docs")] {
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

fn shown(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).display().to_string()
}

fn told(root: &Path, path: &Path, quote: &Quote, now: &str) -> String {
    let lines = |sign: &str, text: &str| {
        text.lines().flat_map(|line| [sign, " ", line, "\n"]).collect::<String>()
    };
    format!(
        "{}, line {}: $ {}\n{}{}",
        shown(root, path),
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A repository whose one document quotes this output.
    fn repository(output: &str) -> PathBuf {
        let root = external::ci_folder().unwrap().join(format!("quoted-{}", std::process::id()));
        std::fs::create_dir_all(root.join("docs")).unwrap();
        let text = format!("<!-- quoted -->\n```\n$ cargo xtask config show\n{output}\n```\n");
        std::fs::write(root.join("docs/page.md"), text).unwrap();
        root
    }

    /// Compares a document that quotes `output` with a program that prints its arguments; returns the error and the document after it.
    fn compare(docs: &Docs, output: &str) -> (Option<String>, String) {
        let root = repository(output);
        let ended = docs.compare(&root, &|_| Ok(Command::new("echo")));
        let text = std::fs::read_to_string(root.join("docs/page.md")).unwrap();
        std::fs::remove_dir_all(&root).unwrap();
        (ended.err().map(|error| error.to_string()), text)
    }

    #[test]
    fn a_changed_quote_is_found_by_a_check_and_mended_by_writing() {
        let write = Docs { check: false, write: true };
        assert_eq!(compare(&Docs::CHECK, "show").0, None);
        let (error, text) = compare(&Docs::CHECK, "shown");
        assert!(error.unwrap().starts_with("docs: 1 of 1 quote is not what the commands print"));
        assert!(text.contains("\nshown\n"), "a check writes nothing: {text}");
        let (error, text) = compare(&write, "shown");
        assert_eq!(error, None);
        assert!(text.contains("$ cargo xtask config show\nshow\n```"), "{text}");
    }
}
