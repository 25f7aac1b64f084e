//! The service's numbers and its peers', in one run on one machine: `cargo bench -p skyward-server --bench
//! service [-- --output json --strict]`.
//!
//! The service is built as its image builds it. Half of the cores serve, half ask. Programs take turns in
//! short rounds, and each ratio is the median of the rounds' own ratios: what else the machine does hits all
//! of them alike. Everything happens on loopback.

mod binaries;
mod cores;
mod load;
mod measure;
mod process;
mod programs;
mod report;

use anyhow::{Context as _, Result, bail};
use std::process::ExitCode;

fn main() -> ExitCode {
    match Options::parse().and_then(run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench service: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[derive(Clone, Copy, Default)]
struct Options {
    is_json: bool,
    /// Fail where a target was missed.
    is_strict: bool,
}

impl Options {
    fn parse() -> Result<Self> {
        let mut arguments = std::env::args().skip(1);
        let mut options = Self::default();
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                // cargo bench says so itself.
                "--bench" => {}
                "--strict" => options.is_strict = true,
                "--output" => match arguments.next().as_deref() {
                    Some("text") => options.is_json = false,
                    Some("json") => options.is_json = true,
                    _ => bail!("--output takes text or json"),
                },
                other => bail!(
                    "unknown argument `{other}`. Next step: use --output text|json or --strict"
                ),
            }
        }
        Ok(options)
    }
}

fn run(options: Options) -> Result<()> {
    measure::raise_limit();
    eprintln!("building the service as its image does …");
    let binaries = binaries::build()?;
    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    let (programs, skipped) = programs::find(&binaries, folder.path())?;
    let results = measure::all(&programs, folder.path())?;
    let report = report::Report::new(&results, skipped);
    if options.is_json {
        println!("{}", report.json());
    } else {
        print!("{}", report.text());
    }
    let missed = report.missed();
    if options.is_strict && !missed.is_empty() {
        bail!("targets missed: {}", missed.join("; "));
    }
    Ok(())
}
