//! Plans, differences, states and the provisioner's own events, as people read them.
//!
//! A line begins with the resource and what is done to it; AWS's ids and reasons come last, and what is too long for the
//! terminal continues below, so that no word that matters is cut.

use serde_json::Value;
use skyward_terminal::{Page, Present, Table, Tone, text, units};

use crate::event::Own;
use crate::plan::{Action, Change, Difference, Plan};
use crate::resource::{Outputs, Readiness};
use crate::run::Status;

/// The column in which the kind of a resource begins.
const KIND_COLUMN: usize = 28;
/// A value of a field is shown whole up to so many columns: a script or a policy would bury the rest.
const LONGEST_VALUE: usize = 130;
/// The columns that are shown of a longer one.
const SHORT_VALUE: usize = 110;
/// Columns before the differences of a resource.
const INDENT: &str = "      ";

/// A text for a stream of so many columns, where they are known.
#[derive(Debug, Clone, Copy, Default)]
pub struct Form {
    /// The columns; none where nothing has to be broken.
    pub columns: Option<usize>,
    /// Colours are shown.
    pub color: bool,
}

impl Form {
    /// The form of a stream.
    pub fn of(stream: skyward_terminal::Stream) -> Self {
        Self { columns: stream.columns(), color: stream.has_color() }
    }

    /// A line, broken between words, with what follows the first line indented.
    fn line(self, line: &str, indent: &str) -> String {
        let Some(columns) = self.columns else { return format!("{line}\n") };
        let lines = text::break_up(line, columns.saturating_sub(indent.len()));
        let mut lines = lines.iter().enumerate().map(|(index, line)| match index {
            0 => format!("{line}\n"),
            _ => format!("{indent}{}\n", line.trim_start()),
        });
        lines.by_ref().collect()
    }

    fn sentence(self, sentence: &str) -> String {
        self.line(&text::harmless(sentence), "")
    }
}

fn sign(action: Action) -> (&'static str, Tone) {
    match action {
        Action::Create => ("+", Tone::Good),
        Action::Update => ("~", Tone::Caution),
        Action::Replace => ("±", Tone::Special),
        Action::Delete => ("-", Tone::Bad),
        Action::Wait => ("…", Tone::Quiet),
        Action::None => (" ", Tone::Plain),
    }
}

/// A plan: what changes, field by field; a summary; what there is to know before one agrees.
pub fn plan(plan: &Plan, form: Form) -> String {
    let mut shown: String =
        plan.changes.iter().map(|one| change(one, &reason(one), form)).collect();
    shown += &form.sentence(&summary(plan));
    if let Some(cost) = &plan.cost {
        let sentence =
            format!("The whole stack costs {}; `cost` shows the lines of it.", cost.summary());
        shown += &form.sentence(&sentence);
    }
    for warning in &plan.warnings {
        shown += &form.line(&text::harmless(&format!("warning  {warning}")), "         ");
    }
    shown
}

fn reason(change: &Change) -> String {
    change.reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default()
}

fn change(change: &Change, rest: &str, form: Form) -> String {
    let (sign, tone) = sign(change.action);
    let id = text::pad(change.id.as_str(), KIND_COLUMN);
    let physical = change.physical.as_ref().map(|one| format!("  {one}")).unwrap_or_default();
    let detail =
        if change.detail.is_empty() { String::new() } else { format!(", {}", change.detail) };
    let line = text::harmless(&format!("{sign} {id}  {}{physical}{detail}{rest}", change.kind));
    let lines = form.line(&line, "    ");
    let mut shown = format!("{}\n", tone.paint(lines.trim_end(), form.color));
    for one in &change.differences {
        shown += &difference(one, form);
    }
    shown
}

/// A field, as it is and as it is to be; of a list, what is too much and what is missing.
fn difference(one: &Difference, form: Form) -> String {
    let field = text::harmless(&one.field);
    let line = |words: &str| form.line(&format!("{INDENT}{field}: {words}"), "        ");
    if let (Value::Array(observed), Value::Array(desired)) = (&one.observed, &one.desired) {
        let extra = observed.iter().filter(|item| !desired.contains(item));
        let missing = desired.iter().filter(|item| !observed.contains(item));
        let extra = extra.map(|item| line(&format!("without {}", value(item))));
        return extra.chain(missing.map(|item| line(&format!("with {}", value(item))))).collect();
    }
    line(&format!("{} → {}", value(&one.observed), value(&one.desired)))
}

fn value(value: &Value) -> String {
    let shown = match value {
        Value::Null => "nothing".to_owned(),
        other => text::one_line(&other.to_string()),
    };
    let columns = text::width(&shown);
    if columns <= LONGEST_VALUE {
        return shown;
    }
    format!("{} ({columns} characters)", text::shorten(&shown, SHORT_VALUE))
}

/// The plan in one sentence.
fn summary(plan: &Plan) -> String {
    let unchanged = plan.unchanged;
    if plan.is_empty() {
        return format!("No changes: {unchanged} resources are as they should be.");
    }
    let counts = [
        (Action::Create, "to create"),
        (Action::Update, "to update"),
        (Action::Replace, "to replace"),
        (Action::Delete, "to delete"),
        (Action::Wait, "to wait for"),
    ];
    let counts = counts.map(|(action, words)| (plan.count(action), words));
    let counts: Vec<String> = counts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, words)| format!("{count} {words}"))
        .collect();
    format!("{}; {unchanged} unchanged. It takes {}.", counts.join(", "), expected(plan))
}

/// The time that a plan takes: a range in minutes, where it is one.
fn expected(plan: &Plan) -> String {
    let (soonest, latest) = plan.range_s;
    let usual = units::whole(plan.expected_s);
    let minutes = |seconds: f64| (seconds / 60.0).round();
    if minutes(soonest) >= minutes(latest) {
        return format!("about {usual}");
    }
    format!("{} to {} min, usually {usual}", minutes(soonest), minutes(latest))
}

/// The differences from the configuration, for a reader who did not ask to change them.
pub fn drift(plan: &Plan, form: Form) -> String {
    if plan.is_empty() {
        let sentence =
            format!("No drift: {} resources are as the configuration says.", plan.unchanged);
        return form.sentence(&sentence);
    }
    let mut shown = String::new();
    for one in &plan.changes {
        let words = match one.action {
            Action::Create => "is missing",
            Action::Delete => "is not in the configuration",
            Action::Wait => "is not ready",
            _ => "differs",
        };
        shown += &change(one, &format!("{}: {words}", reason(one)), form);
    }
    let (differing, all) = (plan.changes.len(), plan.changes.len() + plan.unchanged);
    let sentence = format!(
        "{differing} of {all} resources differ. Next step: `apply` sets them as the configuration says."
    );
    shown + &form.sentence(&sentence)
}

/// The resources of a stack, and its outputs.
pub fn status(status: &Status, form: Form) -> String {
    let mut table = Table::new(["resource", "kind", "state", "AWS's id"]).shorten(3).shorten(1);
    for found in &status.resources {
        let state = match &found.state {
            Readiness::Ready => "ready".to_owned(),
            Readiness::Pending(state) | Readiness::Leaving(state) => state.clone(),
            Readiness::Failed(state) => format!("FAILED: {state}"),
        };
        let kind = found.spec.kind().to_string();
        table.row([found.id.to_string(), kind, state, found.physical.clone()]);
    }
    for found in &status.duplicates {
        let kind = found.spec.kind().to_string();
        table.row([found.id.to_string(), kind, "a second one".into(), found.physical.clone()]);
    }
    for foreign in &status.foreign {
        let id = foreign.id.to_string();
        table.row([id, String::new(), "someone else's".into(), foreign.name.clone()]);
    }
    if status.resources.is_empty() {
        let nothing = format!("Nothing of the stack {} is in {}.", status.stack, status.region);
        let rows = if table.is_empty() { String::new() } else { fitted(&table, form) };
        return rows + &form.sentence(&nothing);
    }
    format!("{}\n{}", fitted(&table, form), outputs(&status.outputs, form))
}

fn fitted(table: &Table, form: Form) -> String {
    table.fitted(form.columns, form.color)
}

/// The outputs: values to copy, so that none is cut.
fn outputs(outputs: &Outputs, form: Form) -> String {
    let mut table = Table::new(["", ""]);
    for (name, value) in outputs.rows() {
        table.row([name.to_owned(), value]);
    }
    fitted(&table, form)
}

impl Present for Own {
    fn present(&self, page: &mut Page) {
        let form = Form { columns: page.columns(), color: page.has_color() };
        match self {
            Self::Account { account, arn, region, stack } => {
                let words = format!("stack {stack} in account {account}, {region}, as {arn}");
                page.line("account", Tone::Plain, &words);
            }
            Self::Plan(one) => page.block(&plan(one, form)),
            Self::Timeline { spans, seconds, critical_s } => {
                let critical = spans.iter().filter(|span| span.is_critical);
                let critical: Vec<String> = critical.map(|span| span.id.to_string()).collect();
                page.sentence(&format!(
                    "{} done in {}; critical path {}: {}",
                    units::counted(spans.len(), "step"),
                    units::whole(*seconds),
                    units::whole(*critical_s),
                    critical.join(" → ")
                ));
            }
            Self::Page { url, text } => {
                page.line("page", Tone::Good, &format!("{url} answers: {text}"));
            }
            Self::Outputs(one) => page.block(&outputs(one, form)),
        }
    }
}
