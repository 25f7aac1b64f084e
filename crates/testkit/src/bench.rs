//! The frame of a bench: `cargo bench -p CRATE --bench NAME -- [--output text|json] [--quick] [--strict]`.
//!
//! `cargo xtask bench` starts the benches of all crates and reads their JSON, so they have the same options and the same form.

pub mod measure;
mod rows;

use std::process::ExitCode;

use anyhow::{Result, bail};
pub use rows::{Peer, Row, Target};
use serde_json::{Value, json};

/// Runs a bench and prints its rows. `--quick` asks to leave out what takes minutes; under `--strict` a target that was missed
/// is an error.
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
    let options = Options::parse(std::env::args().skip(1))?;
    let rows = rows(options.is_quick)?;
    if options.is_json {
        let rows: Vec<Value> = rows.iter().map(Row::json).collect();
        println!("{:#}", json!({ "subject": subject, "rows": rows }));
    } else {
        print!("{}", rows::table(&rows));
    }
    if options.is_strict {
        rows::judge(&rows)?;
    }
    Ok(())
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Options {
    is_json: bool,
    is_quick: bool,
    is_strict: bool,
}

impl Options {
    /// Reads the arguments, of which `--bench` is cargo's own.
    fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self> {
        let mut options = Self::default();
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--bench" => {}
                "--quick" => options.is_quick = true,
                "--strict" => options.is_strict = true,
                "--output" => match arguments.next().as_deref() {
                    Some("json") => options.is_json = true,
                    Some("text") => options.is_json = false,
                    _ => bail!("--output takes text or json"),
                },
                other => bail!(
                    "unknown option {other}. Next step: use --output text|json, --quick or --strict"
                ),
            }
        }
        Ok(options)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bench_takes_its_options_in_any_order() {
        let parse = |line: &str| Options::parse(line.split(' ').map(str::to_owned));
        let all = Options { is_json: true, is_quick: true, is_strict: true };
        assert_eq!(parse("--bench --strict --output json --quick").unwrap(), all);
        assert_eq!(parse("--bench").unwrap(), Options::default());
        assert!(parse("--bench --strcit").unwrap_err().to_string().contains("--strcit"));
    }

    #[test]
    fn a_target_that_was_missed_is_an_error_with_its_figure() {
        let row = |what: &str, ours| Row::new(what, ours, "MB", Target::AtMost(4.0));
        let skipped = Row::skipped("plan: time", "no moto_server in PATH");
        rows::judge(&[row("memory, idle", 4.0), skipped]).unwrap();
        let error = rows::judge(&[row("memory, idle", 2.0), row("memory, crowded", 4.5)]);
        let error = error.unwrap_err().to_string();
        assert_eq!(error, "targets missed: memory, crowded (4.5 MB, ≤ 4 MB)");
    }
}
