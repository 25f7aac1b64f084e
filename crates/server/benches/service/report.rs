//! The table, and the same as JSON.

use crate::cores;
use crate::measure::{Measured, Round, median};
use crate::programs::{AXUM_SERVE, NGINX, RAW_HYPER, RAW_HYPER_MULTI, SERVICE, Skipped};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// One of the design's rows.
struct Row {
    what: String,
    value: Option<f64>,
    unit: &'static str,
    target: f64,
    /// Whether less is better.
    at_most: bool,
}

impl Row {
    fn verdict(&self) -> &'static str {
        match self.value {
            None => "skipped",
            Some(value) if (value <= self.target) == self.at_most => "met",
            Some(_) => "missed",
        }
    }
}

/// Everything that was measured.
pub(crate) struct Report<'a> {
    rows: Vec<Row>,
    results: &'a [Measured],
    skipped: Vec<Skipped>,
}

impl<'a> Report<'a> {
    pub(crate) fn new(results: &'a [Measured], skipped: Vec<Skipped>) -> Self {
        let find = |name: &str| results.iter().find(|result| result.name == name);
        let service = find(SERVICE).expect("is always measured");
        let ratio = |peer: &str, of: fn(&Round) -> f64| {
            let pairs = service.rounds.iter().zip(&find(peer)?.rounds);
            Some(median(pairs.map(|(ours, theirs)| of(ours) / of(theirs)).collect()))
        };
        let row =
            |what: String, value, unit, target, at_most| Row { what, value, unit, target, at_most };
        let processor = |peer: &str| format!("CPU per request against {peer}");
        let rows = vec![
            row(processor(RAW_HYPER), ratio(RAW_HYPER, |round| round.processor), "x", 1.10, true),
            row(
                processor(RAW_HYPER_MULTI),
                ratio(RAW_HYPER_MULTI, |round| round.processor),
                "x",
                1.10,
                true,
            ),
            row(processor(AXUM_SERVE), ratio(AXUM_SERVE, |round| round.processor), "x", 1.0, true),
            row(
                format!("throughput against {NGINX}"),
                ratio(NGINX, |round| round.per_second),
                "x",
                1.15,
                false,
            ),
            row("resident memory, idle".into(), Some(megabytes(service.idle)), "MB", 3.0, true),
            row(
                "resident memory, 1,000 connections".into(),
                service.crowded.map(megabytes),
                "MB",
                16.0,
                true,
            ),
            row(
                "start to first answer".into(),
                Some(service.start.as_secs_f64() * 1e3),
                "ms",
                3.0,
                true,
            ),
        ];
        Self { rows, results, skipped }
    }

    /// The rows whose target was missed.
    pub(crate) fn missed(&self) -> Vec<&str> {
        let missed = self.rows.iter().filter(|row| row.verdict() == "missed");
        missed.map(|row| row.what.as_str()).collect()
    }

    pub(crate) fn text(&self) -> String {
        let mut text = format!("{:<58} {:>10} {:>10}  \n", "service", "value", "target");
        for row in &self.rows {
            let bound =
                format!("{} {} {}", if row.at_most { "≤" } else { "≥" }, row.target, row.unit);
            let value =
                row.value.map_or_else(|| "-".into(), |value| format!("{value:.2} {}", row.unit));
            let _ = writeln!(text, "{:<58} {value:>10} {bound:>10}  {}", row.what, row.verdict());
        }
        let _ = writeln!(
            text,
            "\n{:<32} {:>10} {:>10} {:>10} {:>9} {:>9} {:>9}",
            format!("medians, 64 connections, cores: {}", cores::of_server()),
            "answers/s",
            "µs CPU",
            "p99 ms",
            "idle MB",
            "1000 MB",
            "start ms"
        );
        for result in self.results {
            let medians = Medians::of(result);
            let crowded = result
                .crowded
                .map_or_else(|| "failed".into(), |bytes| format!("{:.1}", megabytes(bytes)));
            let _ = writeln!(
                text,
                "{:<32} {:>10.0} {:>10.2} {:>10.2} {:>9.1} {crowded:>9} {:>9.1}",
                result.name,
                medians.per_second,
                medians.processor,
                medians.p99_ms,
                megabytes(result.idle),
                result.start.as_secs_f64() * 1e3
            );
        }
        for Skipped { name, reason } in &self.skipped {
            let _ = writeln!(text, "{name:<32} skipped: {reason}");
        }
        text
    }

    pub(crate) fn json(&self) -> Value {
        let rows: Vec<Value> = self
            .rows
            .iter()
            .map(|row| {
                let bound = if row.at_most { "at_most" } else { "at_least" };
                json!({ "what": row.what, "value": row.value, "unit": row.unit, bound: row.target, "verdict": row.verdict() })
            })
            .collect();
        let programs: Vec<Value> = self
            .results
            .iter()
            .map(|result| {
                let medians = Medians::of(result);
                json!({
                    "name": result.name, "answers_per_second": medians.per_second, "cpu_us_per_answer": medians.processor,
                    "p99_ms": medians.p99_ms, "idle_bytes": result.idle, "bytes_at_1000_connections": result.crowded,
                    "start_ms": result.start.as_secs_f64() * 1e3,
                })
            })
            .collect();
        let skipped: Vec<Value> = self
            .skipped
            .iter()
            .map(|skipped| json!({ "name": skipped.name, "reason": skipped.reason }))
            .collect();
        json!({ "rows": rows, "programs": programs, "skipped": skipped })
    }
}

struct Medians {
    per_second: f64,
    processor: f64,
    p99_ms: f64,
}

impl Medians {
    fn of(result: &Measured) -> Self {
        let of = |value: fn(&Round) -> f64| median(result.rounds.iter().map(value).collect());
        Self {
            per_second: of(|round| round.per_second),
            processor: of(|round| round.processor),
            p99_ms: of(|round| round.p99.as_secs_f64() * 1e3),
        }
    }
}

fn megabytes(bytes: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let bytes = bytes as f64;
    bytes / 1e6
}
