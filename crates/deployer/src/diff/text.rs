//! Differences as people read them.

use std::fmt::Write;

use serde_json::Value;

use super::{Change, Difference, Field};

/// Characters of a value that are shown on a line.
const LENGTH: usize = 80;

/// Characters before the first difference of two long values, so that its place is seen.
const CONTEXT: usize = 20;

/// The differences, one object after the other, then a line that counts them; a single object is not counted.
pub fn text(differences: &[Difference], color: bool) -> String {
    let mut out = String::new();
    for difference in differences {
        object(&mut out, difference, color);
    }
    if differences.len() != 1 {
        out.push_str(&summary(differences));
        out.push('\n');
    }
    out
}

/// The numbers of objects that are created, changed, deleted and left alone.
pub fn summary(differences: &[Difference]) -> String {
    let count = |change| differences.iter().filter(|one| one.change == change).count();
    let counted: Vec<String> = [
        (Change::Create, "to create"),
        (Change::Update, "to change"),
        (Change::Delete, "to delete"),
        (Change::Unchanged, "unchanged"),
    ]
    .into_iter()
    .map(|(change, words)| (count(change), words))
    .filter(|(count, _)| *count > 0)
    .map(|(count, words)| format!("{count} {words}"))
    .collect();
    if counted.is_empty() { "nothing to compare".to_owned() } else { counted.join(", ") }
}

fn object(out: &mut String, difference: &Difference, color: bool) {
    let sign = match difference.change {
        Change::Create => Sign::Plus,
        Change::Update => Sign::Tilde,
        Change::Delete => Sign::Minus,
        Change::Unchanged => return,
    };
    let id = &difference.id;
    let place = id.namespace.as_ref().map(|namespace| format!(" in namespace {namespace}"));
    line(out, color, sign, 0, &format!("{id}{}", place.unwrap_or_default()));
    for one in &difference.fields {
        field(out, color, one);
    }
}

fn field(out: &mut String, color: bool, field: &Field) {
    let Field { path, before, after, immutable } = field;
    let warning = if *immutable {
        "  (immutable: the object would have to be deleted and made again)"
    } else {
        ""
    };
    match (before, after) {
        (Some(before), Some(after)) => {
            let [before, after] = both(before, after);
            line(out, color, Sign::Tilde, 2, &format!("{path}: {before} → {after}{warning}"));
        }
        (None, Some(after)) => block(out, color, Sign::Plus, path, after, warning),
        (Some(before), None) => block(out, color, Sign::Minus, path, before, warning),
        (None, None) => {}
    }
}

/// A value that comes or goes: on the line of its path where it fits, else as YAML below it.
fn block(out: &mut String, color: bool, sign: Sign, path: &str, value: &Value, warning: &str) {
    let short = scalar(value);
    if !path.is_empty() && short.chars().count() <= LENGTH {
        line(out, color, sign, 2, &format!("{path}: {short}{warning}"));
        return;
    }
    let indent = if path.is_empty() { 2 } else { 4 };
    if !path.is_empty() {
        line(out, color, sign, 2, &format!("{path}:{warning}"));
    }
    // JSON is YAML too, where the writer refuses.
    let yaml = serde_saphyr::to_string(value).unwrap_or_else(|_| value.to_string());
    for text in yaml.lines() {
        line(out, color, sign, indent, &excerpt(&printable(text), 0, LENGTH * 2));
    }
}

/// Two values on one line; where they are long, from a little before the place in which they begin to differ.
fn both(before: &Value, after: &Value) -> [String; 2] {
    let (before, after) = (scalar(before), scalar(after));
    let same = before.chars().zip(after.chars()).take_while(|(one, other)| one == other).count();
    let start = same.saturating_sub(CONTEXT);
    [before, after].map(|text| match text.chars().count() {
        0..=LENGTH => text,
        _ => excerpt(&text, start, LENGTH),
    })
}

/// A value on one line: plain text as it is, all else as JSON.
fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) if is_plain(text) => text.clone(),
        value => printable(&value.to_string()),
    }
}

/// Returns true for a text that needs no quotes.
fn is_plain(text: &str) -> bool {
    !text.is_empty()
        && text.trim() == text
        && !text.contains(['"', '→'])
        && !text.chars().any(is_steering)
        && text.parse::<f64>().is_err()
        && !matches!(text, "true" | "false" | "null")
}

/// The text, with what would steer the terminal escaped.
fn printable(text: &str) -> String {
    text.chars()
        .flat_map(|c| {
            let escaped: Vec<char> =
                if is_steering(c) { c.escape_unicode().collect() } else { vec![c] };
            escaped
        })
        .collect()
}

fn is_steering(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// `length` characters from `start` on, with signs for what is left out.
fn excerpt(text: &str, start: usize, length: usize) -> String {
    let total = text.chars().count();
    if total <= length {
        return text.to_owned();
    }
    let start = start.min(total - length);
    let part: String = text.chars().skip(start).take(length).collect();
    let begin = if start > 0 { "…" } else { "" };
    let end = if start + length < total { "…" } else { "" };
    format!("{begin}{part}{end}")
}

/// The kind of a line.
#[derive(Clone, Copy)]
enum Sign {
    Plus,
    Minus,
    Tilde,
}

fn line(out: &mut String, color: bool, sign: Sign, indent: usize, text: &str) {
    let (character, code) = match sign {
        Sign::Plus => ('+', 32),
        Sign::Minus => ('-', 31),
        Sign::Tilde => ('~', 33),
    };
    // Writing to a string does not fail.
    let _ = if color {
        writeln!(out, "{:indent$}\u{1b}[{code}m{character} {text}\u{1b}[0m", "")
    } else {
        writeln!(out, "{:indent$}{character} {text}", "")
    };
}

#[cfg(test)]
mod tests;
