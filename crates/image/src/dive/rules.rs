//! The three rules with their bounds, the verdict (`runtime/ci/evaluator.go`, `rule.go`), and dive's report of it, line by
//! line, without its colours (`runtime/run.go`).

use std::fmt::Write as _;

use anyhow::{Context, Result, bail};
use skyward_terminal::text::harmless;

use super::efficiency::Analysis;
use super::number::{go_fixed, go_float, human_bytes, parse_bytes, parse_ratio};

/// A rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// `wasted / user size` may not exceed it.
    HighestUserWastedPercent,
    /// The bytes wasted may not exceed it.
    HighestWastedBytes,
    /// The efficiency may not be below it.
    LowestEfficiency,
}

impl Rule {
    /// All rules, in the order of their names, which is the order of dive's report.
    pub const ALL: [Self; 3] =
        [Self::HighestUserWastedPercent, Self::HighestWastedBytes, Self::LowestEfficiency];

    /// The rule's key in the rules file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::HighestUserWastedPercent => "highestUserWastedPercent",
            Self::HighestWastedBytes => "highestWastedBytes",
            Self::LowestEfficiency => "lowestEfficiency",
        }
    }

    /// The rule with this key. The case does not count, as in dive.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rule| rule.name().eq_ignore_ascii_case(name))
    }
}

/// The bounds of the rules; `None` is a rule that is disabled.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rules {
    /// Between 0 and 1.
    pub lowest_efficiency: Option<f64>,
    /// Bytes.
    pub highest_wasted_bytes: Option<u64>,
    /// Between 0 and 1, despite the name.
    pub highest_user_wasted_percent: Option<f64>,
}

impl Default for Rules {
    /// dive's defaults (`cmd/root.go`).
    fn default() -> Self {
        Self {
            lowest_efficiency: Some(0.9),
            highest_wasted_bytes: None,
            highest_user_wasted_percent: Some(0.1),
        }
    }
}

impl Rules {
    /// Sets the bound of `rule` from its text in the rules file.
    pub(super) fn set(&mut self, rule: Rule, value: &str) -> Result<()> {
        let value = match value {
            "" => bail!("there is no value; write disabled to turn the rule off"),
            "disabled" => None,
            value => Some(value),
        };
        let shown = || format!("{:?} is not a bound", value.unwrap_or_default());
        match rule {
            Rule::LowestEfficiency => {
                self.lowest_efficiency = value.map(parse_ratio).transpose().with_context(shown)?;
            }
            Rule::HighestUserWastedPercent => {
                self.highest_user_wasted_percent =
                    value.map(parse_ratio).transpose().with_context(shown)?;
            }
            Rule::HighestWastedBytes => {
                self.highest_wasted_bytes =
                    value.map(parse_bytes).transpose().with_context(shown)?;
            }
        }
        Ok(())
    }
}

/// The outcome of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// The image keeps it.
    Pass,
    /// The image breaks it.
    Fail,
    /// It is disabled.
    Skip,
}

/// A rule and its outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The rule.
    pub rule: Rule,
    /// Its outcome.
    pub status: Status,
    /// dive's message; empty for a rule that is kept.
    pub message: String,
}

/// The outcomes of all rules, in the order of their names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// One for each rule.
    pub outcomes: Vec<Outcome>,
}

impl Verdict {
    /// Returns true where no rule is broken.
    pub fn passed(&self) -> bool {
        self.count(Status::Fail) == 0
    }

    /// Counts the rules with this status.
    pub fn count(&self, status: Status) -> usize {
        self.outcomes.iter().filter(|outcome| outcome.status == status).count()
    }
}

/// Holds `analysis` against `rules`. Not-a-number breaks no rule: every comparison with it is false.
pub fn evaluate(analysis: &Analysis, rules: &Rules) -> Verdict {
    let Analysis { efficiency, wasted, user_wasted, .. } = *analysis;
    let outcomes = Rule::ALL.map(|rule| match rule {
        Rule::LowestEfficiency => outcome(rule, rules.lowest_efficiency, |bound| {
            let (found, threshold) = (go_float(efficiency), go_float(bound));
            let message = format!("image efficiency is too low (efficiency={found} < threshold={threshold})");
            (bound > efficiency).then_some(message)
        }),
        Rule::HighestWastedBytes => outcome(rule, rules.highest_wasted_bytes, |bound| {
            let message = format!("too many bytes wasted (wasted-bytes={wasted} > threshold={bound})");
            (wasted > bound).then_some(message)
        }),
        Rule::HighestUserWastedPercent => outcome(rule, rules.highest_user_wasted_percent, |bound| {
            let (found, threshold) = (go_float(user_wasted), go_float(bound));
            let message = format!(
                "too many bytes wasted, relative to the user bytes added (%-user-wasted-bytes={found} > threshold={threshold})"
            );
            (bound < user_wasted).then_some(message)
        }),
    });
    Verdict { outcomes: outcomes.to_vec() }
}

/// `broken` gives the message where the bound is broken.
fn outcome<T>(rule: Rule, bound: Option<T>, broken: impl FnOnce(T) -> Option<String>) -> Outcome {
    let (status, message) = match bound.map(broken) {
        None => (Status::Skip, "rule disabled".to_owned()),
        Some(None) => (Status::Pass, String::new()),
        Some(Some(message)) => (Status::Fail, message),
    };
    Outcome { rule, status, message }
}

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
        let path = harmless(&path).replace('\n', "\u{fffd}");
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
