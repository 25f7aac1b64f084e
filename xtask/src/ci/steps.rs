//! The list of steps, in the order in which they run: cheap ones first.

use std::process::{Command, ExitCode};

use anyhow::{Result, ensure};

use super::{Action, Outcome, Step, generated, ignored};
use crate::external;

/// Every step, those that cannot run here marked as skipped.
pub(super) fn all() -> Result<Vec<Step>> {
    let mut steps = vec![
        step("format", cargo(&["fmt", "--all", "--check"])),
        step(
            "lock file",
            cargo(&["metadata", "--locked", "--quiet", "--format-version", "1", "--no-deps"]),
        ),
        step(
            "clippy",
            cargo(&[
                "clippy",
                "--locked",
                "--workspace",
                "--all-targets",
                "--all-features",
                "--",
                "-D",
                "warnings",
            ]),
        ),
        step("tests", cargo(&["test", "--locked", "--workspace", "--all-features"])),
    ];
    steps.extend(ignored::steps()?);
    steps.push(step("documentation", documentation()));
    steps.extend(dependency_rules());
    steps
        .push(Step { name: "generated files".to_owned(), action: Action::Check(generated::check) });
    steps.push(Step { name: "image and its rules".to_owned(), action: Action::Check(image) });
    steps.push(step(
        "code map",
        cargo(&["test", "--locked", "--package", "xtask", "--test", "tidy"]),
    ));
    Ok(steps)
}

fn step(name: &str, command: Command) -> Step {
    Step { name: name.to_owned(), action: Action::Run(command) }
}

/// cargo in the workspace's folder.
pub(super) fn cargo(arguments: &[&str]) -> Command {
    let mut cargo = external::cargo();
    cargo.current_dir(external::workspace()).args(arguments);
    cargo
}

fn documentation() -> Command {
    let mut command = cargo(&["doc", "--locked", "--workspace", "--no-deps", "--all-features"]);
    command.env("RUSTDOCFLAGS", "-D warnings");
    command
}

/// deny.toml: licences, bans and sources need no network; advisories need their database.
fn dependency_rules() -> [Step; 2] {
    let (rules, advisories) = ("dependency rules".to_owned(), "advisories".to_owned());
    if external::find_program("cargo-deny").is_none() {
        let reason = "no cargo-deny in PATH; `cargo install --locked cargo-deny` installs it";
        return [rules, advisories]
            .map(|name| Step { name, action: Action::Skip(reason.to_owned()) });
    }
    [
        step(
            &rules,
            cargo(&["deny", "--locked", "--all-features", "check", "bans", "licenses", "sources"]),
        ),
        Step { name: advisories, action: Action::Check(advisory_check) },
    ]
}

fn advisory_check() -> Result<Outcome> {
    if !cargo(&["deny", "fetch", "db"]).stdout(std::io::stderr()).status()?.success() {
        return Ok(Outcome::Skipped(
            "the advisory database cannot be fetched from here".to_owned(),
        ));
    }
    Ok(super::run_command(cargo(&["deny", "--all-features", "check", "advisories"])))
}

/// What `cargo xtask up --once` does, on ports that are free, so that a running service is left alone.
fn image() -> Result<Outcome> {
    let ended = crate::up::Up::once_on_free_ports().run();
    ensure!(ended == ExitCode::SUCCESS, "`cargo xtask up --once` failed; see its table above");
    Ok(Outcome::Passed(String::new()))
}
