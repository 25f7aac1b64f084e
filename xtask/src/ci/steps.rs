//! The list of steps, in the order in which they run: cheap ones first.

use std::process::{Command, ExitCode, Stdio};

use anyhow::{Result, ensure};

use super::scope::{Scope, When};
use super::{Action, Outcome, Step, findings, ignored, workflows};
use crate::affected::Job;
use crate::docs::Docs;
use crate::up::Programs;
use crate::{book, external};

const TESTS: &str = "tests";
const IMAGE: &str = "image and its rules";
const QUOTES: &str = "quotes";

/// Every step that `scope` is about, those that cannot run here marked as skipped.
pub(super) fn all(scope: &Scope) -> Result<Vec<Step>> {
    let mut steps = vec![
        step("format", When::Code, cargo(&["fmt", "--all", "--check"])),
        check("lock file", When::CodeOr(Job::Dependencies), lock_file),
        step("clippy", When::Code, on(scope, "clippy", &["--all-targets", "--", "-D", "warnings"])),
        step(TESTS, When::Code, on(scope, "test", &[])),
    ];
    steps.extend(ignored::steps(scope)?);
    steps.push(step("documentation", When::Code, documentation(scope)));
    steps.extend(dependency_rules());
    steps.push(check(IMAGE, When::Job(Job::Image), || image(&external::built)));
    // After the image, which is looked into.
    steps.push(check(QUOTES, When::Code, || quotes(&external::built)));
    steps.push(step(
        "code map",
        When::CodeOr(Job::Documents),
        // As the step "tests" compiles it: by itself, the package would be compiled again with other features.
        cargo(&["test", "--locked", "--workspace", "--all-features", "--test", "tidy"]),
    ));
    steps.push(book_step());
    steps.extend(workflows::steps());
    steps.extend(findings::steps(scope));
    steps.retain(|step| scope.wants(&step.when));
    Ok(steps)
}

/// Lets the steps that run programs take them from the tests, where those of the whole workspace are compiled in the same run: by
/// themselves they would be compiled again with other features.
pub(super) fn share(scope: &Scope, steps: &mut [Step]) {
    if matches!(scope, Scope::Everything) && steps.iter().any(|step| step.name == TESTS) {
        for step in steps {
            let check: fn() -> Result<Outcome> = match step.name.as_str() {
                IMAGE => || image(&external::tested),
                QUOTES => || quotes(&external::tested),
                _ => continue,
            };
            step.action = Action::Check(Box::new(check));
        }
    }
}

fn step(name: &str, when: When, command: Command) -> Step {
    Step::new(name, when, Vec::new(), Action::Run(command))
}

fn check(name: &str, when: When, check: fn() -> Result<Outcome>) -> Step {
    Step::new(name, when, Vec::new(), Action::Check(Box::new(check)))
}

/// A command of cargo on the packages of `scope`, with all features.
pub(super) fn on(scope: &Scope, command: &str, rest: &[&str]) -> Command {
    let mut cargo = cargo(&[command, "--locked"]);
    cargo.args(scope.selection()).arg("--all-features").args(rest);
    cargo
}

/// cargo in the workspace's folder.
pub(super) fn cargo(arguments: &[&str]) -> Command {
    let mut cargo = external::cargo();
    cargo.current_dir(external::workspace()).args(arguments);
    cargo
}

fn documentation(scope: &Scope) -> Command {
    let mut command = on(scope, "doc", &["--no-deps"]);
    command.env("RUSTDOCFLAGS", "-D warnings");
    command
}

/// deny.toml: licences, bans and sources need no network; advisories need their database.
fn dependency_rules() -> [Step; 2] {
    let rules =
        cargo(&["deny", "--locked", "--all-features", "check", "bans", "licenses", "sources"]);
    let when = || When::Job(Job::Dependencies);
    let steps =
        [step("dependency rules", when(), rules), check("advisories", when(), advisory_check)];
    let there = external::find_program("cargo-deny").is_some();
    steps.map(|mut step| {
        step.tools = vec!["cargo-deny".to_owned()];
        if !there {
            let reason = "no cargo-deny in PATH; `cargo install --locked cargo-deny` installs it";
            step.action = Action::Skip(reason.to_owned());
        }
        step
    })
}

fn advisory_check() -> Result<Outcome> {
    if !cargo(&["deny", "fetch", "db"]).stdout(std::io::stderr()).status()?.success() {
        return Ok(Outcome::Skipped(
            "the advisory database cannot be fetched from here".to_owned(),
        ));
    }
    Ok(super::run_command(cargo(&["deny", "--all-features", "check", "advisories"])))
}

/// cargo refuses a lock file that does not fit the manifests; the metadata that it prints besides are nobody's to read.
fn lock_file() -> Result<Outcome> {
    let mut metadata = cargo(&["metadata", "--locked", "--quiet", "--format-version", "1"]);
    let status = metadata.stdout(Stdio::null()).status()?;
    Ok(if status.success() {
        Outcome::Passed(String::new())
    } else {
        Outcome::Failed("Cargo.lock does not fit the manifests; `cargo check` renews it".to_owned())
    })
}

/// `up` as a command line of its own.
#[derive(clap::Parser)]
struct Line {
    #[command(flatten)]
    up: crate::up::Up,
}

/// Runs `cargo xtask up --once` on ports that are free, so that a running service is left alone, and without a cluster.
fn image(programs: &Programs) -> Result<Outcome> {
    let ports = ["--set", "service.port=0", "--set", "service.admin_port=0"];
    let words = ["up", "--once", "--no-deploy"].into_iter().chain(ports);
    let line: Line = clap::Parser::try_parse_from(words)?;
    let ended = line.up.run(programs)?;
    ensure!(ended == ExitCode::SUCCESS, "`cargo xtask up --once` failed; see its table above");
    Ok(Outcome::Passed(String::new()))
}

/// Holds the quotes of the documents against the programs.
fn quotes(programs: &Programs) -> Result<Outcome> {
    Docs::CHECK.run(programs)?;
    Ok(Outcome::Passed(String::new()))
}

/// The documents as a book, whose links are followed.
fn book_step() -> Step {
    let action = match external::find_program("mdbook") {
        Some(_) => Action::Check(Box::new(|| {
            let book::Built { pages, links } = book::build()?;
            Ok(Outcome::Passed(format!("{pages} pages, {links} links")))
        })),
        None => Action::Skip(
            "no mdbook in PATH; `cargo install --locked mdbook` installs it".to_owned(),
        ),
    };
    Step::new("book", When::Job(Job::Documents), vec!["mdbook".to_owned()], action)
}
