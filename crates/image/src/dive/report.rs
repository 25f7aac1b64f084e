//! dive's report, line by line (`runtime/run.go`, `runtime/ci/evaluator.go`), without its colours.

use std::fmt::Write as _;

use super::efficiency::Analysis;
use super::evaluate::{Status, Verdict};
use super::number::{go_fixed, human_bytes};

/// The report as text.
pub fn text(analysis: &Analysis, verdict: &Verdict) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write(&mut text, analysis, verdict);
    text
}

fn write(text: &mut String, analysis: &Analysis, verdict: &Verdict) -> std::fmt::Result {
    writeln!(text, "  efficiency: {} %", go_fixed(analysis.efficiency * 100.0))?;
    writeln!(text, "  wastedBytes: {} bytes ({})", analysis.wasted, human_bytes(analysis.wasted))?;
    writeln!(text, "  userWastedPercent: {} %", go_fixed(analysis.user_wasted * 100.0))?;
    writeln!(text, "Inefficient Files:")?;
    writeln!(text, "{:>5}  {:>12}  File Path", "Count", "Wasted Space")?;
    if analysis.files.is_empty() {
        writeln!(text, "None")?;
    }
    for file in &analysis.files {
        let path = String::from_utf8_lossy(&file.path);
        // A name may hold control characters, which a terminal would obey.
        let path: String =
            path.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
        writeln!(text, "{:>5}  {:>12}  {path}", file.count, human_bytes(file.size))?;
    }
    writeln!(text, "Results:")?;
    for outcome in &verdict.outcomes {
        let (word, name) = (word(outcome.status), outcome.rule.name());
        let colon = if outcome.message.is_empty() { "" } else { ": " };
        writeln!(text, "  {word}: {name}{colon}{}", outcome.message)?;
    }
    writeln!(
        text,
        "Result:{} [Total:{}] [Passed:{}] [Failed:{}] [Warn:0] [Skipped:{}]",
        if verdict.passed() { "PASS" } else { "FAIL" },
        verdict.outcomes.len(),
        verdict.count(Status::Pass),
        verdict.count(Status::Fail),
        verdict.count(Status::Skip),
    )
}

fn word(status: Status) -> &'static str {
    match status {
        Status::Pass => "PASS",
        Status::Fail => "FAIL",
        Status::Skip => "SKIP",
    }
}
