//! The verdict (`runtime/ci/evaluator.go`, `rule.go`). Comparisons are strict: a value on the bound passes.

use super::efficiency::Analysis;
use super::number::go_float;
use super::rules::{Rule, Rules};

/// What became of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// The image keeps it.
    Pass,
    /// The image breaks it.
    Fail,
    /// It is disabled.
    Skip,
}

/// A rule, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The rule.
    pub rule: Rule,
    /// What became of it.
    pub status: Status,
    /// dive's message; empty for a rule that is kept.
    pub message: String,
}

/// What became of all rules, in the order of their names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// One for each rule.
    pub outcomes: Vec<Outcome>,
}

impl Verdict {
    /// Whether no rule is broken.
    pub fn passed(&self) -> bool {
        self.count(Status::Fail) == 0
    }

    /// How many rules have this status.
    pub fn count(&self, status: Status) -> usize {
        self.outcomes.iter().filter(|outcome| outcome.status == status).count()
    }
}

/// Holds `analysis` against `rules`.
pub fn evaluate(analysis: &Analysis, rules: &Rules) -> Verdict {
    let outcomes = Rule::ALL.into_iter().map(|rule| match broken(rule, analysis, rules) {
        None => Outcome { rule, status: Status::Skip, message: "rule disabled".to_owned() },
        Some(None) => Outcome { rule, status: Status::Pass, message: String::new() },
        Some(Some(message)) => Outcome { rule, status: Status::Fail, message },
    });
    Verdict { outcomes: outcomes.collect() }
}

/// `None` for a rule that is disabled, `Some(None)` for one that is kept, else why it is broken.
/// Not-a-number breaks no rule: every comparison with it is false.
fn broken(rule: Rule, analysis: &Analysis, rules: &Rules) -> Option<Option<String>> {
    match rule {
        Rule::LowestEfficiency => rules.lowest_efficiency.map(|bound| {
            (bound > analysis.efficiency).then(|| {
                let (found, bound) = (go_float(analysis.efficiency), go_float(bound));
                format!("image efficiency is too low (efficiency={found} < threshold={bound})")
            })
        }),
        Rule::HighestWastedBytes => rules.highest_wasted_bytes.map(|bound| {
            (analysis.wasted > bound)
                .then(|| format!("too many bytes wasted (wasted-bytes={} > threshold={bound})", analysis.wasted))
        }),
        Rule::HighestUserWastedPercent => rules.highest_user_wasted_percent.map(|bound| {
            (bound < analysis.user_wasted).then(|| {
                let (found, bound) = (go_float(analysis.user_wasted), go_float(bound));
                format!("too many bytes wasted, relative to the user bytes added (%-user-wasted-bytes={found} > threshold={bound})")
            })
        }),
    }
}
