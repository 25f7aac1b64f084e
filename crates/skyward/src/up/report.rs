//! The table of `up`: step, result, time, size; and below it what is to be copied: digests and addresses.
//!
//! A pipe gets the table once, when all is known. On a terminal each row comes as soon as its step is done.

use std::time::{Duration, Instant};

use anyhow::{Error, Result, ensure};
use serde::Deserialize;
use skyward_terminal::{Stream, Table, output, units};

use super::dashboard::{Dashboard, Told};

/// The widths of the steps' names, the times and the sizes where a row is printed before the next is known.
const STEP: usize = 9;
const TIME: usize = 11;
const SIZE: usize = 8;

/// One line of the table.
pub(super) struct Row {
    pub(super) step: String,
    pub(super) result: String,
    pub(super) seconds: Option<f64>,
    pub(super) size: Option<u64>,
}

/// The rows so far.
#[derive(Default)]
pub(super) struct Report {
    rows: Vec<Row>,
    /// The columns of the terminal on which each row is printed as it comes; none where the table is printed once, when all is known or
    /// when a step failed.
    live: Option<usize>,
    below: Vec<(&'static str, String)>,
    has_ended: bool,
    dashboard: Option<Dashboard>,
}

/// The answer of `image build --output json`, as far as it is shown.
#[derive(Deserialize)]
pub(super) struct Built {
    pub(super) archive: String,
    reference: String,
    compressed_bytes: u64,
    platforms: Vec<Platform>,
    seconds: BuildSeconds,
}

#[derive(Deserialize)]
struct Platform {
    #[serde(rename = "platform")]
    name: String,
    uncompressed_bytes: u64,
    sbom: Option<Sbom>,
}

#[derive(Deserialize)]
struct Sbom {
    crates: usize,
}

#[derive(Deserialize)]
struct BuildSeconds {
    compile: f64,
    pack: f64,
}

/// The answer of `image inspect --output json`, as far as it is shown.
#[derive(Deserialize)]
pub(super) struct Inspected {
    efficiency: f64,
    wasted_bytes: u64,
    rules: Vec<Rule>,
}

/// A rule of the image, and how it ended.
#[derive(Deserialize)]
struct Rule {
    #[serde(rename = "rule")]
    name: String,
    status: String,
    message: String,
}

impl Row {
    /// A row that has neither size nor digest.
    pub(super) fn new(
        step: impl Into<String>,
        result: impl Into<String>,
        seconds: Option<f64>,
    ) -> Self {
        Self { step: step.into(), result: result.into(), seconds, size: None }
    }

    fn cells(&self) -> [String; 4] {
        let time = self.seconds.map(units::seconds).unwrap_or_default();
        let size = self.size.map(units::bytes).unwrap_or_default();
        [self.step.clone(), self.result.clone(), time, size]
    }
}

impl Report {
    /// An empty report for standard output.
    pub(super) fn new() -> Self {
        Self { live: Stream::Out.columns(), ..Self::default() }
    }

    /// Adds a row.
    pub(super) fn add(&mut self, row: Row) {
        let Row { step, result, seconds, size } = &row;
        self.tell(&Told::Row { step, result, seconds: *seconds, size: *size });
        self.rows.push(row);
        if let Some(columns) = self.live {
            // A terminal that has gone away is noticed at the end.
            let _ = output::print(&self.newest(columns, Stream::Out.has_color()));
        }
    }

    /// The newest row, in columns in which every row finds room; the first comes with the titles.
    fn newest(&self, columns: usize, color: bool) -> String {
        let last = self.rows.len().saturating_sub(1);
        let result = columns.saturating_sub(STEP + TIME + SIZE + 6).max(STEP);
        let mut table = if last == 0 { titled() } else { Table::new([""; 4]).right(2).right(3) };
        table = table.wrap(1).fixed([STEP, result, TIME, SIZE]);
        self.rows[last..].iter().for_each(|row| table.row(row.cells()));
        table.fitted(Some(columns), color)
    }

    /// Shows everything from here on also on a page.
    pub(super) fn show_on(&mut self, dashboard: Dashboard) {
        self.dashboard = Some(dashboard);
    }

    /// Tells whether somebody may look at a page.
    pub(super) fn has_dashboard(&self) -> bool {
        self.dashboard.is_some()
    }

    /// Tells the dashboard, where there is one.
    pub(super) fn tell(&mut self, told: &Told<'_>) {
        if let Some(dashboard) = &mut self.dashboard {
            dashboard.tell(told);
        }
    }

    /// Hands the event of a program on to the dashboard.
    pub(super) fn line(&mut self, line: &str) {
        if let Some(dashboard) = &mut self.dashboard {
            dashboard.line(line);
        }
    }

    /// Tells that a step begins.
    pub(super) fn begin(&mut self, step: &str) {
        self.tell(&Told::Begin { step });
    }

    /// Runs one step; a failed one gets its row here, the others where their figures are known.
    pub(super) fn step<T>(&mut self, name: &str, run: impl FnOnce() -> Result<T>) -> Result<T> {
        self.begin(name);
        let started = Instant::now();
        let ended = run();
        if ended.is_err() {
            self.add(Row::new(name, "FAILED", Some(started.elapsed().as_secs_f64())));
        }
        ended
    }

    /// Adds a value that is to be copied; it goes below the table.
    pub(super) fn below(&mut self, name: &'static str, value: &str) {
        self.tell(&Told::Below { name, value });
        self.below.push((name, value.to_owned()));
    }

    /// Adds the rows of a build.
    pub(super) fn built(&mut self, built: &Built) {
        for platform in &built.platforms {
            let result = format!("static binary for {}", platform.name);
            self.add(Row {
                size: Some(platform.uncompressed_bytes),
                ..Row::new("compile", result, Some(built.seconds.compile))
            });
            if let Some(sbom) = &platform.sbom {
                self.add(Row::new("sbom", units::counted(sbom.crates, "crate"), None));
            }
        }
        self.add(Row {
            size: Some(built.compressed_bytes),
            ..Row::new("pack", "archive and OCI layout", Some(built.seconds.pack))
        });
        self.below("image", &built.reference);
    }

    /// Adds the row of an inspection; an image that breaks a rule is an error.
    pub(super) fn inspected(&mut self, inspected: &Inspected, time: Duration) -> Result<()> {
        let with = |status: &str| -> Vec<String> {
            let rules = inspected.rules.iter().filter(|rule| rule.status == status);
            rules.map(|rule| format!("{}: {}", rule.name, rule.message)).collect()
        };
        let broken = with("fail");
        let verdict = if broken.is_empty() {
            format!("{} rules passed", with("pass").len())
        } else {
            format!("FAILED: {}", broken.join("; "))
        };
        let result = format!(
            "{verdict}, efficiency {:.1} %, {} wasted",
            inspected.efficiency * 100.0,
            units::bytes(inspected.wasted_bytes),
        );
        self.add(Row::new("inspect", result, Some(time.as_secs_f64())));
        ensure!(broken.is_empty(), "the image breaks its rules: {}", broken.join("; "));
        Ok(())
    }

    /// Tells, the first time it is called, that all steps are done, or why not, and prints the table on standard output.
    pub(super) fn end_once(&mut self, failure: Option<&Error>) -> Result<()> {
        if std::mem::replace(&mut self.has_ended, true) {
            return Ok(());
        }
        self.tell(&Told::Up { failure: failure.map(|error| format!("{error:#}")) });
        if self.rows.is_empty() {
            return Ok(());
        }
        let text = match self.live {
            Some(_) => self.with_below(Table::default()).to_string(),
            None => format!("\n{}", self.table()),
        };
        Ok(output::print(&text)?)
    }

    fn table(&self) -> Table {
        let mut table = titled().wrap(1);
        self.rows.iter().for_each(|row| table.row(row.cells()));
        self.with_below(table)
    }

    fn with_below(&self, mut table: Table) -> Table {
        for (name, value) in &self.below {
            table.below(*name, value);
        }
        table
    }
}

/// An empty table with the titles of its columns.
fn titled() -> Table {
    Table::new(["step", "result", "time", "size"]).right(2).right(3)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_broken_rule_is_named_and_a_skipped_one_has_not_passed() {
        let inspected = |efficiency: &str| -> Inspected {
            serde_json::from_value(json!({ "efficiency": 0.5, "wasted_bytes": 32_025, "rules": [
                { "rule": "highestWastedBytes", "status": "skip", "message": "rule disabled" },
                { "rule": "highestUserWastedPercent", "status": "pass", "message": "" },
                { "rule": "lowestEfficiency", "status": efficiency, "message": "too low" },
            ]}))
            .unwrap()
        };
        let mut report = Report::default();
        assert!(report.inspected(&inspected("pass"), Duration::ZERO).is_ok());
        assert_eq!(report.rows[0].result, "2 rules passed, efficiency 50.0 %, 32.0 kB wasted");
        let error = report.inspected(&inspected("fail"), Duration::ZERO).unwrap_err();
        assert_eq!(error.to_string(), "the image breaks its rules: lowestEfficiency: too low");
        assert!(report.rows[1].result.starts_with("FAILED: lowestEfficiency: too low, "));
    }

    #[test]
    fn rows_that_come_one_by_one_stand_below_each_other() {
        let mut report = Report::default();
        let mut shown = String::new();
        for (step, result, seconds) in [
            ("compile", "static binary for linux/amd64", Some(47.1)),
            ("provision", "simulated: 41 resources created in 14 min 22 s", Some(0.053)),
            ("aws page", "simulated: It works!", None),
        ] {
            report.add(Row { size: seconds.map(|_| 2_060_000), ..Row::new(step, result, seconds) });
            shown += &report.newest(60, false);
        }
        assert_eq!(
            shown,
            "step       result                             time      size\n\
             compile    static binary for                47.1 s   2.06 MB\n           \
             linux/amd64\n\
             provision  simulated: 41 resources           53 ms   2.06 MB\n           \
             created in 14 min 22 s\n\
             aws page   simulated: It works!\n"
        );
    }

    #[test]
    fn the_table_fits_a_terminal_and_what_is_copied_is_whole() {
        let mut report = Report::default();
        let digest = format!("localhost:5000/library/web@sha256:{}", "3f".repeat(32));
        let built = json!({ "archive": "a.tar", "reference": digest, "compressed_bytes": 854_400,
            "platforms": [{ "platform": "linux/amd64", "uncompressed_bytes": 1_870_000, "sbom": { "crates": 38 } }],
            "seconds": { "compile": 72.1, "pack": 0.065 } });
        report.built(&serde_json::from_value(built).unwrap());
        let reason =
            "FAILED: web: the image cannot be pulled: no such manifest. Next step: push it";
        report.add(Row::new("deploy", reason, Some(467.0)));
        for columns in [80, 60] {
            let table = report.table().fitted(Some(columns), false);
            let lines = || table.lines().filter(|line| !line.contains("sha256"));
            assert!(lines().all(|line| line.chars().count() <= columns), "{table}");
            assert!(table.contains(&digest), "{table}");
        }
    }
}
