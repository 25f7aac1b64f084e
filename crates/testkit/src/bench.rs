//! The frame of a bench: `cargo bench -p CRATE --bench NAME -- [--output text|json] [--quick]`.
//!
//! `cargo xtask bench` starts the benches of all crates and reads their JSON, so they have the same options and the same form.

pub mod measure;
mod rows;

use std::process::ExitCode;

use anyhow::{Result, bail};
pub use rows::{Peer, Row, Target};
use serde_json::{Value, json};

/// Runs a bench and prints its rows. `--quick` asks to leave out what takes minutes.
pub fn main(subject: &str, rows: impl FnOnce(bool) -> Result<Vec<Row>>) -> ExitCode {
    let ended = match std::env::args().nth(1).as_deref() {
        Some(measure::FLAG) => measure::print(std::env::args_os().skip(2)),
        _ => run(subject, rows),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(subject: &str, rows: impl FnOnce(bool) -> Result<Vec<Row>>) -> Result<()> {
    let (is_json, is_quick) = arguments()?;
    let rows = rows(is_quick)?;
    if is_json {
        let rows: Vec<Value> = rows.iter().map(Row::json).collect();
        println!("{:#}", json!({ "subject": subject, "rows": rows }));
    } else {
        print!("{}", rows::table(&rows));
    }
    Ok(())
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
            other => bail!("unknown option {other}. Next step: use --output text|json or --quick"),
        }
    }
    Ok((json, quick))
}
