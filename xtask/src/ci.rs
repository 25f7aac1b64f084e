//! `cargo xtask ci`: everything that CI checks, each step timed, a table at the end.

mod findings;
mod ignored;
mod report;
mod sampling;
mod sarif;
mod scope;
mod selection;
mod skips;
mod steps;
mod workflows;

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Result;
use clap::Args;
use skyward_terminal::{Stream, output};

use crate::github;
use report::{Ended, Report};
use sampling::{Sample, Sampling};
use scope::When;
use selection::Selection;
use skips::Skips;

/// The options of `cargo xtask ci`.
#[derive(Args)]
pub(crate) struct Ci {
    #[command(flatten)]
    selection: Selection,
    #[command(flatten)]
    sampling: Sampling,
    /// Fail also when a step was skipped that `.ci/skips` does not list.
    #[arg(long)]
    strict: bool,
    /// List the steps and run nothing.
    #[arg(long)]
    list: bool,
    /// List the programs that the steps need beside cargo, and run nothing.
    #[arg(long, conflicts_with = "list")]
    tools: bool,
}

/// One thing that CI checks.
struct Step {
    name: String,
    /// When it has something to say.
    when: When,
    /// Programs that it needs beside cargo.
    tools: Vec<String>,
    action: Action,
    /// True where it runs only if the command line names it.
    is_extra: bool,
}

/// The work of a step.
enum Action {
    /// Runs a command; it must succeed.
    Run(std::process::Command),
    /// Calls a check of xtask's own.
    Check(Box<dyn FnOnce() -> Result<Outcome>>),
    /// Cannot run here, and why.
    Skip(String),
}

/// The end of a step.
enum Outcome {
    Passed(String),
    Failed(String),
    Skipped(String),
}

impl Ci {
    /// Runs every step, also after a failed one, and prints the table on standard output.
    pub(crate) fn run(self) -> Result<ExitCode> {
        let steps = self.selection.steps()?;
        let skips = self.strict.then(Skips::read).transpose()?;
        if self.list {
            return list(steps.iter().map(|step| step.name.as_str()));
        }
        if self.tools {
            let tools: BTreeSet<_> = steps.iter().flat_map(|step| &step.tools).collect();
            return list(tools.into_iter().map(String::as_str));
        }
        let sample = self.sampling.sample()?;
        let started = Instant::now();
        let ended = steps.into_iter().map(|step| step.run(sample.as_ref())).collect();
        let report = Report::new(ended, started.elapsed(), sample.as_ref());
        let (columns, color) = (Stream::Out.columns(), Stream::Out.has_color());
        output::print(&format!("\n{}", report.text(columns, color)))?;
        github::summary(&report.markdown())?;
        let refused = skips.is_some_and(|skips| report.held_against(&skips));
        Ok(if report.has_failed() || refused { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }
}

/// Prints one name on each line.
fn list<'a>(names: impl Iterator<Item = &'a str>) -> Result<ExitCode> {
    output::print(&names.flat_map(|name| [name, "\n"]).collect::<String>())?;
    Ok(ExitCode::SUCCESS)
}

impl Step {
    /// A step of every run.
    fn new(name: impl Into<String>, when: When, tools: Vec<String>, action: Action) -> Self {
        Self { name: name.into(), when, tools, action, is_extra: false }
    }

    fn run(self, sample: Option<&Sample>) -> Ended {
        output::say(&format!("\n── {}", self.name));
        let started = Instant::now();
        let outcome = match self.action {
            Action::Run(mut command) => {
                sampling::tell(sample, &mut command);
                run_command(command)
            }
            Action::Check(check) => {
                check().unwrap_or_else(|error| Outcome::Failed(format!("{error:#}")))
            }
            Action::Skip(reason) => Outcome::Skipped(reason),
        };
        if let Outcome::Failed(note) | Outcome::Skipped(note) = &outcome {
            output::say(note);
        }
        (self.name, outcome, started.elapsed())
    }
}

/// Standard output carries the table alone, so a step's own output goes to standard error.
fn run_command(mut command: std::process::Command) -> Outcome {
    let words = crate::external::words(&command);
    match command.stdout(std::io::stderr()).status() {
        Ok(status) if status.success() => Outcome::Passed(String::new()),
        Ok(status) => Outcome::Failed(format!("`{words}` ended with {status}")),
        Err(error) => Outcome::Failed(format!("`{words}` could not be started: {error}")),
    }
}
