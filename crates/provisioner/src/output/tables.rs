//! Plans, states and differences as text.

use std::fmt::Write;

use serde_json::Value;
use skyward_provisioner::observe::Readiness;
use skyward_provisioner::plan::{Action, Change, Difference, Plan};
use skyward_provisioner::run::Status;

use super::{harmless, time};

fn sign(action: Action) -> (&'static str, &'static str) {
    match action {
        Action::Create => ("+", "\x1b[32m"),
        Action::Update => ("~", "\x1b[33m"),
        Action::Replace => ("±", "\x1b[35m"),
        Action::Delete => ("-", "\x1b[31m"),
        Action::Wait => ("…", "\x1b[36m"),
        Action::None => (" ", ""),
    }
}

/// A plan: what changes, field by field; a summary; what there is to know.
pub(crate) fn plan(plan: &Plan, color: bool) -> String {
    let mut text = String::new();
    for change in &plan.changes {
        text += &self::change(change, color);
    }
    text += &summary(plan);
    if let Some(cost) = &plan.cost {
        let _ =
            writeln!(text, "The whole stack costs {}; `cost` shows what of it.", cost.summary());
    }
    for warning in &plan.warnings {
        let _ = writeln!(text, "WARNING   {}", harmless(warning));
    }
    text
}

fn change(change: &Change, color: bool) -> String {
    let (sign, paint) = sign(change.action);
    let (paint, plain) = if color { (paint, "\x1b[0m") } else { ("", "") };
    let physical =
        change.physical.as_ref().map(|physical| format!("  {physical}")).unwrap_or_default();
    let reason = change.reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
    let line =
        harmless(&format!("{sign} {:<30}{}{physical}{reason}", change.id.to_string(), change.kind));
    let mut text = format!("{paint}{line}{plain}\n");
    for one in &change.differences {
        text += &difference(one);
    }
    text
}

/// A field, as it is and as it is to be; of a list, what is too much and what is missing.
fn difference(one: &Difference) -> String {
    let field = harmless(&one.field);
    if let (Value::Array(observed), Value::Array(desired)) = (&one.observed, &one.desired) {
        let extra = observed.iter().filter(|item| !desired.contains(item));
        let missing = desired.iter().filter(|item| !observed.contains(item));
        let extra = extra.map(|item| format!("      {field}: without {}\n", value(item)));
        return extra
            .chain(missing.map(|item| format!("      {field}: with {}\n", value(item))))
            .collect();
    }
    format!("      {field}: {} → {}\n", value(&one.observed), value(&one.desired))
}

/// A value on one line; what is long is cut, since a script or a policy would bury the rest.
fn value(value: &Value) -> String {
    let text = match value {
        Value::Null => "nothing".to_owned(),
        other => other.to_string(),
    };
    let text = harmless(&text);
    if text.chars().count() <= 130 {
        return text;
    }
    let start: String = text.chars().take(110).collect();
    format!("{start}… ({} characters)", text.chars().count())
}

/// One sentence of what a plan does.
pub(crate) fn summary(plan: &Plan) -> String {
    if plan.is_empty() {
        return format!("No changes: {} resources are as they should be.\n", plan.unchanged);
    }
    let counts = [
        (Action::Create, "to create"),
        (Action::Update, "to update"),
        (Action::Replace, "to replace"),
        (Action::Delete, "to delete"),
        (Action::Wait, "to wait for"),
    ];
    let counts: Vec<String> = counts
        .iter()
        .map(|(action, words)| (plan.count(*action), words))
        .filter(|(count, _)| *count > 0)
        .map(|(count, words)| format!("{count} {words}"))
        .collect();
    format!(
        "{}; {} unchanged. It usually takes {}.\n",
        counts.join(", "),
        plan.unchanged,
        time(plan.expected_s)
    )
}

/// What differs, for whoever did not ask to change it.
pub(crate) fn drift(plan: &Plan, color: bool) -> String {
    if plan.is_empty() {
        return format!("No drift: {} resources are as the configuration says.\n", plan.unchanged);
    }
    let mut text = String::new();
    for one in &plan.changes {
        let words = match one.action {
            Action::Create => "is missing",
            Action::Delete => "is there and not in the configuration",
            Action::Wait => "is not ready",
            _ => "differs",
        };
        let (line, rest) = change(one, color).split_once('\n').map_or_else(
            || (String::new(), String::new()),
            |(line, rest)| (line.to_owned(), rest.to_owned()),
        );
        let _ = writeln!(text, "{line}: {words}\n{rest}");
        text.truncate(text.trim_end().len());
        text.push('\n');
    }
    let _ = writeln!(
        text,
        "{} of {} resources differ. Next step: `apply` sets them as the configuration says.",
        plan.changes.len(),
        plan.changes.len() + plan.unchanged
    );
    text
}

/// What there is, and what it offers.
pub(crate) fn status(status: &Status) -> String {
    let mut text = String::new();
    for found in &status.resources {
        let state = match &found.state {
            Readiness::Ready => "ready".to_owned(),
            Readiness::Pending(state) | Readiness::Leaving(state) => state.clone(),
            Readiness::Failed(state) => format!("FAILED: {state}"),
        };
        let line = format!(
            "{:<30}{:<24}{:<12}{}",
            found.id.to_string(),
            found.spec.kind().to_string(),
            state,
            found.physical
        );
        let _ = writeln!(text, "{}", harmless(&line));
    }
    for found in &status.duplicates {
        let line = format!("{:<30}a second one: {}", found.id.to_string(), found.physical);
        let _ = writeln!(text, "{}", harmless(&line));
    }
    for foreign in &status.foreign {
        let line =
            format!("{:<30}belongs to someone else: {}", foreign.id.to_string(), foreign.name);
        let _ = writeln!(text, "{}", harmless(&line));
    }
    if status.resources.is_empty() {
        let _ = writeln!(text, "Nothing of the stack {} is in {}.", status.stack, status.region);
        return text;
    }
    text.push('\n');
    for (name, value) in status.outputs.rows() {
        let _ = writeln!(text, "{name:<20}{}", harmless(&value));
    }
    text
}
