//! Deployments beside Helm's, on the cluster that is configured: `cargo bench -p skyward-deployer --bench deploy`.
//!
//! Options: `--output text|json`, `--quick` (does not wait for Helm's timeout).

#![allow(missing_docs, reason = "a program")]

mod bad;
mod contents;
mod idle;
mod place;
mod programs;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use skyward_config::{Config, ConfigArgs};

use contents::Contents;
use place::Place;
use programs::Programs;
use skyward_testkit::bench::Row;

/// What is measured, in the words of the table.
const IDLE: &str = "deploy: nothing to do";
const BAD: &str = "deploy: a bad image's reason";

fn main() -> ExitCode {
    skyward_testkit::bench::main("deploy", rows)
}

fn rows(quick: bool) -> Result<Vec<Row>> {
    let config = configuration()?;
    let Some(context) = place::context(&config)? else {
        let reason = "no cluster is configured (k3s.context), and KUBECONFIG names none";
        return Ok(vec![Row::skipped(IDLE, reason), Row::skipped(BAD, reason)]);
    };
    let place = Place::open(&config, &context)?;
    let folder = tempfile::tempdir().context("cannot make a folder for the charts")?;
    let measured = measure(&place, &config, folder.path(), quick);
    // Also where measuring has failed.
    place.close()?;
    measured
}

fn measure(place: &Place, config: &Config, folder: &Path, quick: bool) -> Result<Vec<Row>> {
    let plain = Programs::prepare(place, config, Contents::plain(folder))?;
    let mut rows = idle::rows(&plain)?;
    let whole = Contents::whole(folder, &plain.image)?;
    rows.extend(idle::rows(&Programs::prepare(place, config, whole)?)?);
    rows.push(bad::row(&plain, quick)?);
    Ok(rows)
}

fn workspace() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2);
    folder.expect("crates/deployer is two deep").to_owned()
}

/// The workspace's configuration with the variables, which may name the cluster and the registry.
fn configuration() -> Result<Config> {
    Ok(ConfigArgs::default().load_from(&workspace(), std::env::vars_os())?.config)
}
