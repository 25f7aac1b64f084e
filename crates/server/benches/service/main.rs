//! The service's numbers and its peers', in one run on one machine: `cargo bench -p skyward-server --bench
//! service [-- --output json]`.
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
    match output_format().and_then(run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench service: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[derive(Clone, Copy)]
enum Output {
    Text,
    Json,
}

fn output_format() -> Result<Output> {
    let mut arguments = std::env::args().skip(1);
    let mut output = Output::Text;
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            // cargo bench says so itself.
            "--bench" => {}
            "--output" => {
                output = match arguments.next().as_deref() {
                    Some("text") => Output::Text,
                    Some("json") => Output::Json,
                    _ => bail!("--output takes text or json"),
                }
            }
            other => bail!("unknown argument `{other}`; there is only --output text|json"),
        }
    }
    Ok(output)
}

fn run(output: Output) -> Result<()> {
    measure::raise_limit();
    eprintln!("building the service as its image does …");
    let binaries = binaries::build()?;
    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    let (programs, skipped) = programs::find(&binaries, folder.path())?;
    let results = measure::all(&programs, folder.path())?;
    let report = report::Report::new(&results, skipped);
    match output {
        Output::Text => print!("{}", report.text()),
        Output::Json => println!("{}", report.json()),
    }
    Ok(())
}
