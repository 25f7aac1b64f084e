//! `cargo xtask ci`: everything that CI checks, each step timed, a table at the end.

mod generated;
mod ignored;
mod steps;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use clap::Args;

use crate::table::{self, Table};

/// Which steps to run, and what counts as success.
#[derive(Args)]
pub(crate) struct Ci {
    /// Only the steps whose name contains one of these words.
    #[arg(value_name = "STEP")]
    only: Vec<String>,
    /// Fail also when a step was skipped.
    #[arg(long)]
    strict: bool,
    /// List the steps and run nothing.
    #[arg(long)]
    list: bool,
}

/// One thing that CI checks.
struct Step {
    name: String,
    action: Action,
}

/// What a step does.
enum Action {
    /// Runs a command; it must succeed.
    Run(std::process::Command),
    /// Calls a check of xtask's own.
    Check(fn() -> Result<Outcome>),
    /// Cannot run here, and why.
    Skip(String),
}

/// How a step ended.
enum Outcome {
    Passed(String),
    Failed(String),
    Skipped(String),
}

impl Ci {
    /// Runs every step, also after a failed one, and prints the table on standard output.
    pub(crate) fn run(self) -> Result<ExitCode> {
        let mut steps = steps::all()?;
        let named = |step: &Step, word: &String| step.name.contains(word.as_str());
        if let Some(word) = self.only.iter().find(|word| !steps.iter().any(|s| named(s, word))) {
            bail!("ci: no step is called {word}; `cargo xtask ci --list` lists them");
        }
        if !self.only.is_empty() {
            steps.retain(|step| self.only.iter().any(|word| named(step, word)));
        }
        if self.list {
            for step in &steps {
                println!("{}", step.name);
            }
            return Ok(ExitCode::SUCCESS);
        }
        let started = Instant::now();
        let ended: Vec<_> = steps.into_iter().map(Step::run).collect();
        print!("\n{}", report(&ended, started.elapsed()));
        let count = |wanted: fn(&Outcome) -> bool| ended.iter().filter(|e| wanted(&e.1)).count();
        let failed = count(|outcome| matches!(outcome, Outcome::Failed(_)));
        let skipped = count(|outcome| matches!(outcome, Outcome::Skipped(_)));
        Ok(if failed > 0 || self.strict && skipped > 0 {
            ExitCode::FAILURE
        } else {
            ExitCode::SUCCESS
        })
    }
}

impl Step {
    fn run(self) -> (String, Outcome, Duration) {
        eprintln!("\n── {}", self.name);
        let started = Instant::now();
        let outcome = match self.action {
            Action::Run(command) => run_command(command),
            Action::Check(check) => {
                check().unwrap_or_else(|error| Outcome::Failed(format!("{error:#}")))
            }
            Action::Skip(reason) => Outcome::Skipped(reason),
        };
        if let Outcome::Failed(note) | Outcome::Skipped(note) = &outcome {
            eprintln!("{note}");
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

/// The table, and under it one line of counts, in the form that readers of test results know.
fn report(ended: &[(String, Outcome, Duration)], elapsed: Duration) -> String {
    let mut table = Table::new(&["step", "result", "time", "note"]);
    let (mut passed, mut failed, mut skipped) = (0, 0, 0);
    for (name, outcome, time) in ended {
        let (result, note, counter) = match outcome {
            Outcome::Passed(note) => ("passed", note, &mut passed),
            Outcome::Failed(note) => ("FAILED", note, &mut failed),
            Outcome::Skipped(note) => ("skipped", note, &mut skipped),
        };
        *counter += 1;
        let time = table::seconds(time.as_secs_f64());
        table.row([
            name.clone(),
            result.to_owned(),
            time,
            note.lines().next().unwrap_or("").to_owned(),
        ]);
    }
    let total = table::seconds(elapsed.as_secs_f64());
    table.row(["total".to_owned(), String::new(), total]);
    format!("{table}\nsteps: {passed} passed, {failed} failed, {skipped} skipped\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_skipped_or_failed_step_shows_its_reason() {
        let ended = [
            ("format".to_owned(), Outcome::Passed(String::new()), Duration::from_millis(12)),
            ("docs".to_owned(), Outcome::Failed("line 1\nline 2".to_owned()), Duration::ZERO),
            ("dive".to_owned(), Outcome::Skipped("no dive in PATH".to_owned()), Duration::ZERO),
        ];
        assert_eq!(
            report(&ended, Duration::from_secs(2)),
            "step    result   time    note\n\
             format  passed   12 ms\n\
             docs    FAILED   0.0 ms  line 1\n\
             dive    skipped  0.0 ms  no dive in PATH\n\
             total            2.00 s\n\
             \nsteps: 1 passed, 1 failed, 1 skipped\n"
        );
    }
}
