//! `plan` with nothing to change beside Ansible's check mode: `cargo bench -p skyward-provisioner --bench provision`.
//!
//! Both ask the same moto over HTTP, each for a stack of its own that it has made itself. Options: `--output text|json`.

#![allow(missing_docs, reason = "a program")]

mod ansible;
mod ours;
mod server;

#[path = "../../../deployer/benches/deploy/measure.rs"]
mod measure;
#[path = "../../../image/benches/image/row.rs"]
#[allow(dead_code, reason = "shared with the image's bench, which uses more of it")]
mod row;
#[path = "../../tests/moto/wire.rs"]
mod wire;

use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use ansible::Ansible;
use measure::{Run, median};
use ours::Ours;
use row::{Peer, Row, Target};
use server::Server;

/// What is measured, in the words of the table.
const IDLE: &str = "provision: plan with nothing to change";

/// Runs of ours, and of Ansible, which takes a minute for one.
const RUNS: usize = 11;
const ANSIBLES: usize = 3;

/// Of Ansible's own, as the design has it: it does not say of what, so it is asked of all.
const TARGET: Target = Target::AtMost(0.2);

/// One run, and how many calls came in it.
type Measured = (Run, u64);

fn main() -> ExitCode {
    let ended = match std::env::args().nth(1).as_deref() {
        Some(measure::FLAG) => measure::print(std::env::args_os().skip(2)),
        _ => run(),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let json = arguments()?;
    let rows = match Server::start() {
        Ok(server) => rows(&server)?,
        Err(reason) => vec![Row::skipped(IDLE, format!("moto_server: {reason:#}"))],
    };
    if json {
        let rows: Vec<_> = rows.iter().map(Row::json).collect();
        println!("{:#}", serde_json::json!({ "subject": "provision", "rows": rows }));
    } else {
        print!("{}", row::table(&rows));
    }
    Ok(())
}

/// `--bench` is cargo's own.
fn arguments() -> Result<bool> {
    let mut json = false;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--bench" => {}
            "--output" => match arguments.next().as_deref() {
                Some("json") => json = true,
                Some("text") => json = false,
                _ => bail!("--output takes text or json"),
            },
            other => bail!("{other} is no option; there is --output text|json"),
        }
    }
    Ok(json)
}

fn rows(server: &Server) -> Result<Vec<Row>> {
    let folder = tempfile::tempdir().context("cannot make a folder for the configuration")?;
    let ours = Ours::prepare(server, folder.path())?;
    let ansible = Ansible::prepare(server, folder.path())?;
    let (mut plans, mut checks) = (Vec::new(), Vec::new());
    for index in 0..RUNS {
        plans.push(counted(server, || ours.plan())?);
        // In turns, so that neither has the quieter half.
        if let (Ok(ansible), true) =
            (&ansible, index % (RUNS / ANSIBLES) == 0 && checks.len() < ANSIBLES)
        {
            checks.push(counted(server, || ansible.check())?);
        }
    }
    Ok(vec![
        row(("time", "s", TARGET), (&plans, &checks), &ansible, |(run, _)| run.seconds),
        #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
        row(("memory", "MB", TARGET), (&plans, &checks), &ansible, |(run, _)| {
            run.resident as f64 / 1e6
        }),
        #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
        row(("API calls", "calls", TARGET), (&plans, &checks), &ansible, |(_, calls)| {
            *calls as f64
        }),
    ])
}

fn counted(server: &Server, run: impl FnOnce() -> Result<Run>) -> Result<Measured> {
    let before = server.calls();
    let run = run()?;
    Ok((run, server.calls() - before))
}

fn row(
    (what, unit, target): (&str, &str, Target),
    (plans, checks): (&[Measured], &[Measured]),
    ansible: &Result<Ansible, String>,
    figure: impl Fn(&Measured) -> f64,
) -> Row {
    let title = format!("{IDLE}, {what} against Ansible");
    let ours = median(plans.iter().map(&figure));
    let mut row = match ansible {
        Err(reason) => Row::skipped(title, format!("{reason}; ours: {ours:.2} {unit}")),
        Ok(ansible) => {
            let theirs = median(checks.iter().map(&figure));
            let mut row = Row::new(title, ours / theirs, "×", target);
            row.note = format!(
                "medians of {RUNS} and {ANSIBLES} in turns: ours {ours:.2} {unit} for {} resources, {} {theirs:.2} {unit} for {} tasks, with {} more that have no check mode left out",
                ours::RESOURCES,
                ansible.version,
                ansible.tasks.0,
                ansible.tasks.1
            );
            row
        }
    };
    row.peers.push(Peer { name: "OpenTofu", value: Err(tofu()) });
    row
}

/// Its provider for AWS is in no language's package registry, and is downloaded by itself.
fn tofu() -> String {
    let is_there = std::process::Command::new("tofu").arg("version").output().is_ok();
    if is_there {
        "tofu is in PATH, and no configuration of the topology for it is part of this bench".into()
    } else {
        "no tofu in PATH".into()
    }
}
