//! The table of `up`: step, result, time, size, digest.

use std::time::{Duration, Instant};

use anyhow::Result;
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

    /// The row of `image inspect --output json`.
    pub(super) fn inspected(&mut self, inspected: &Value, time: Duration) {
        let rules = inspected.pointer("/rules").and_then(Value::as_array);
        let efficiency = inspected.pointer("/efficiency").and_then(Value::as_f64).unwrap_or(0.0);
        let result = format!(
            "{} rules passed, efficiency {:.1} %, {} wasted",
            rules.map_or(0, Vec::len),
            efficiency * 100.0,
            table::bytes(number(inspected, "/wasted_bytes").unwrap_or(0)),
        );
        self.add(Row::new("inspect", result, Some(time.as_secs_f64())));
    }

    /// What `up` will do as well, once its part is built.
    pub(super) fn not_built_yet(&mut self) {
        for step in ["deploy", "provision"] {
            self.add(Row::new(step, "skipped: not built yet", None));
        }
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
