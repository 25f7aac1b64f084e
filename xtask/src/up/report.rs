//! The table of `up`: step, result, time, size, digest.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::Value;

use super::text;
use crate::table::{self, Table};

/// So much of a digest tells images apart in a table: `sha256:` and twelve digits, as Docker shows.
const SHORT_DIGEST: usize = "sha256:".len() + 12;

/// One line of the table.
pub(super) struct Row {
    pub(super) step: String,
    pub(super) result: String,
    pub(super) seconds: Option<f64>,
    pub(super) size: Option<u64>,
    pub(super) digest: String,
}

/// The rows so far. Printed once, when all is known or when a step failed.
#[derive(Default)]
pub(super) struct Report {
    rows: Vec<Row>,
    reference: String,
    printed: bool,
}

impl Row {
    /// A row that has neither size nor digest.
    pub(super) fn new(
        step: impl Into<String>,
        result: impl Into<String>,
        seconds: Option<f64>,
    ) -> Self {
        Self {
            step: step.into(),
            result: result.into(),
            seconds,
            size: None,
            digest: String::new(),
        }
    }
}

impl Report {
    /// Adds a row.
    pub(super) fn add(&mut self, row: Row) {
        self.rows.push(row);
    }

    /// Runs one step; a failed one gets its row here, the others where their figures are known.
    pub(super) fn step<T>(&mut self, name: &str, run: impl FnOnce() -> Result<T>) -> Result<T> {
        let started = Instant::now();
        let ended = run();
        if ended.is_err() {
            self.add(Row::new(name, "FAILED", Some(started.elapsed().as_secs_f64())));
        }
        ended
    }

    /// The rows of `image build --output json`.
    pub(super) fn built(&mut self, built: &Value) -> Result<()> {
        let platforms = built.pointer("/platforms").and_then(Value::as_array);
        for platform in platforms.into_iter().flatten() {
            let name = text(platform, "/platform")?;
            self.add(Row {
                size: number(platform, "/uncompressed_bytes"),
                ..Row::new(
                    "compile",
                    format!("static binary for {name}"),
                    seconds(built, "/seconds/compile"),
                )
            });
            if let Some(crates) = number(platform, "/sbom/crates") {
                self.add(Row {
                    digest: text(platform, "/sbom/digest")?,
                    ..Row::new("sbom", format!("{crates} crates"), None)
                });
            }
        }
        self.reference = text(built, "/reference")?;
        self.add(Row {
            size: number(built, "/compressed_bytes"),
            digest: text(built, "/digest")?,
            ..Row::new("pack", "archive and OCI layout", seconds(built, "/seconds/pack"))
        });
        Ok(())
    }

    /// The row of `image inspect --output json`; an image that breaks a rule is an error.
    pub(super) fn inspected(&mut self, inspected: &Value, time: Duration) -> Result<()> {
        let broken = rules(inspected, "fail");
        let verdict = if broken.is_empty() {
            format!("{} rules passed", rules(inspected, "pass").len())
        } else {
            format!("FAILED: {}", broken.join("; "))
        };
        let efficiency = inspected.pointer("/efficiency").and_then(Value::as_f64).unwrap_or(0.0);
        let result = format!(
            "{verdict}, efficiency {:.1} %, {} wasted",
            efficiency * 100.0,
            table::bytes(number(inspected, "/wasted_bytes").unwrap_or(0)),
        );
        self.add(Row::new("inspect", result, Some(time.as_secs_f64())));
        ensure!(broken.is_empty(), "the image breaks its rules: {}", broken.join("; "));
        Ok(())
    }

    /// Prints the table and the image's full reference on standard output, the first time it is called.
    pub(super) fn print_once(&mut self) {
        if self.printed {
            return;
        }
        self.printed = true;
        let mut table = Table::new(&["step", "result", "time", "size", "digest"]);
        for row in &self.rows {
            table.row([
                row.step.clone(),
                row.result.clone(),
                row.seconds.map(table::seconds).unwrap_or_default(),
                row.size.map(table::bytes).unwrap_or_default(),
                row.digest.chars().take(SHORT_DIGEST).collect(),
            ]);
        }
        println!("\n{table}");
        if !self.reference.is_empty() {
            println!("image    {}", self.reference);
        }
    }
}

fn number(value: &Value, pointer: &str) -> Option<u64> {
    value.pointer(pointer).and_then(Value::as_u64)
}

fn seconds(value: &Value, pointer: &str) -> Option<f64> {
    value.pointer(pointer).and_then(Value::as_f64)
}

/// The rules that ended with `status`, each with what dive says of it.
fn rules(inspected: &Value, status: &str) -> Vec<String> {
    let rules = inspected.pointer("/rules").and_then(Value::as_array);
    let text = |rule: &Value, key: &str| rule[key].as_str().unwrap_or_default().to_owned();
    rules
        .into_iter()
        .flatten()
        .filter(|rule| rule["status"] == status)
        .map(|rule| format!("{}: {}", text(rule, "rule"), text(rule, "message")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_broken_rule_is_named_and_a_skipped_one_has_not_passed() {
        let inspected = |efficiency: &str| {
            json!({ "efficiency": 0.5, "wasted_bytes": 32_025, "rules": [
                { "rule": "highestWastedBytes", "status": "skip", "message": "rule disabled" },
                { "rule": "highestUserWastedPercent", "status": "pass", "message": "" },
                { "rule": "lowestEfficiency", "status": efficiency, "message": "too low" },
            ]})
        };
        let mut report = Report::default();
        assert!(report.inspected(&inspected("pass"), Duration::ZERO).is_ok());
        assert_eq!(report.rows[0].result, "2 rules passed, efficiency 50.0 %, 32.0 kB wasted");
        let error = report.inspected(&inspected("fail"), Duration::ZERO).unwrap_err();
        assert_eq!(error.to_string(), "the image breaks its rules: lowestEfficiency: too low");
        assert!(report.rows[1].result.starts_with("FAILED: lowestEfficiency: too low, "));
    }
}
