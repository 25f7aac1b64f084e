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
