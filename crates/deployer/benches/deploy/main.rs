//! Deployments beside Helm's, on the cluster that is configured: `cargo bench -p skyward-deployer --bench deploy`.
//!
//! Options: `--output text|json`, `--quick` (does not wait for Helm's timeout).

#![allow(missing_docs, reason = "a program")]

mod bad;
mod idle;
mod measure;
mod place;
mod programs;

#[path = "../../../image/benches/image/row.rs"]
#[allow(dead_code, reason = "shared with the image's bench, which uses more of it")]
mod row;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use skyward_config::{Config, ConfigArgs};

use place::Place;
use programs::Programs;
use row::Row;

/// What is measured, in the words of the table.
const IDLE: &str = "deploy: nothing to do";
const BAD: &str = "deploy: a bad image's reason";

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
    let (json, quick) = arguments()?;
    let rows = rows(quick)?;
    if json {
        println!(
            "{:#}",
            serde_json::json!({ "subject": "deploy", "rows": rows.iter().map(Row::json).collect::<Vec<_>>() })
        );
    } else {
        print!("{}", row::table(&rows));
    }
    Ok(())
}

fn rows(quick: bool) -> Result<Vec<Row>> {
    let config = configuration()?;
    let Some(context) = place::context(&config)? else {
        let reason = "no cluster is configured (k3s.context), and KUBECONFIG names none";
        return Ok(vec![Row::skipped(IDLE, reason), Row::skipped(BAD, reason)]);
    };
    let place = Place::open(&config, &context)?;
    let folder = tempfile::tempdir().context("cannot make a folder for the chart")?;
    let measured = Programs::prepare(&place, &config, folder.path()).and_then(|programs| {
        let mut rows = idle::rows(&programs)?;
        rows.push(bad::row(&programs, quick)?);
        Ok(rows)
    });
    // Also where measuring has failed.
    place.close()?;
    measured
}

/// `--bench` is cargo's own.
fn arguments() -> Result<(bool, bool)> {
    let (mut json, mut quick) = (false, false);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--bench" => {}
            "--quick" => quick = true,
            "--output" => match arguments.next().as_deref() {
                Some("json") => json = true,
                Some("text") => json = false,
                _ => bail!("--output takes text or json"),
            },
            other => bail!("{other} is no option; there are --output text|json and --quick"),
        }
    }
    Ok((json, quick))
}

fn workspace() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2);
    folder.expect("crates/deployer is two deep").to_owned()
}

/// The workspace's configuration with the variables, which may name the cluster and the registry.
fn configuration() -> Result<Config> {
    Ok(ConfigArgs::default().load_from(&workspace(), std::env::vars_os())?.config)
}
