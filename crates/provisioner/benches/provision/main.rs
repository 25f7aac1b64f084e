//! `plan` with nothing to change beside Ansible's check mode and OpenTofu's plan: `cargo bench -p skyward-provisioner --bench provision`.
//!
//! All ask the same moto over HTTP, each for a stack of its own that it has made itself. Options: `--output text|json`.

#![allow(missing_docs, reason = "a program")]

mod ansible;
mod contender;
mod ours;
mod server;
mod tofu;

#[path = "../../tests/sdk/wire.rs"]
mod wire;

use std::process::ExitCode;

use anyhow::{Context, Result};

use ansible::Ansible;
use contender::Contender;
use ours::Ours;
use server::Server;
use skyward_testkit::bench::measure::{Run, median};
use skyward_testkit::bench::{Row, Target};
use tofu::Tofu;

/// What is measured, in the words of the table.
const IDLE: &str = "provision: plan with nothing to change";

/// Runs of ours, and of each of the others: Ansible takes a minute for one.
const RUNS: usize = 11;
const OTHERS: usize = 3;

/// One run, and how many calls came in it.
type Measured = (Run, u64);

fn main() -> ExitCode {
    skyward_testkit::bench::main("provision", |_| match Server::start() {
        Ok(server) => rows(&server),
        Err(reason) => Ok(vec![Row::skipped(IDLE, format!("moto_server: {reason:#}"))]),
    })
}

fn rows(server: &Server) -> Result<Vec<Row>> {
    let folder = tempfile::tempdir().context("cannot make a folder for the configuration")?;
    let ours = Ours::prepare(server, folder.path())?;
    let others = [
        ("Ansible", boxed(Ansible::prepare(server, folder.path())?)),
        ("OpenTofu", boxed(Tofu::prepare(server, folder.path())?)),
    ];
    let (mut plans, mut checks) = (Vec::new(), [Vec::new(), Vec::new()]);
    for index in 0..RUNS {
        plans.push(counted(server, || ours.plan())?);
        // In turns, so that nobody has the quieter half.
        for ((_, other), checks) in others.iter().zip(&mut checks) {
            if let (Ok(other), 0) = (other, index % (RUNS / OTHERS))
                && checks.len() < OTHERS
            {
                checks.push(counted(server, || other.check())?);
            }
        }
    }
    let rows = others.iter().zip(&checks).flat_map(|((name, other), checks)| match other {
        Ok(other) => {
            FIGURES.map(|figure| row(figure, name, (&plans, checks), &other.said())).into()
        }
        Err(reason) => vec![Row::skipped(format!("{IDLE}, against {name}"), reason)],
    });
    Ok(rows.collect())
}

type Other = Result<Box<dyn Contender>, String>;

fn boxed<C: Contender + 'static>(other: Result<C, String>) -> Other {
    other.map(|other| Box::new(other) as Box<dyn Contender>)
}

fn counted(server: &Server, run: impl FnOnce() -> Result<Run>) -> Result<Measured> {
    let before = server.calls();
    let run = run()?;
    Ok((run, server.calls() - before))
}

/// A figure of each run, its unit, and the most that it may be of the other's own.
type Figure = (&'static str, &'static str, f64, fn(&Measured) -> f64);

#[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
const FIGURES: [Figure; 3] = [
    ("time", "s", 0.01, |(run, _)| run.seconds),
    ("memory", "MB", 0.3, |(run, _)| run.resident as f64 / 1e6),
    ("API calls", "calls", 0.2, |(_, calls)| *calls as f64),
];

fn row(
    (what, unit, most, figure): Figure,
    name: &str,
    (plans, checks): (&[Measured], &[Measured]),
    said: &str,
) -> Row {
    let [ours, theirs] = [plans, checks].map(|runs| median(runs.iter().map(figure)));
    let title = format!("{IDLE}, {what} against {name}");
    let mut row = Row::new(title, ours / theirs, "×", Target::AtMost(most));
    row.note = format!(
        "medians of {RUNS} and {OTHERS} in turns: ours {ours:.2} {unit} for {} resources, {name} {theirs:.2} {unit}; {said}",
        ours::RESOURCES
    );
    row
}
