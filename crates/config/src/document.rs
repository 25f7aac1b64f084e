//! The text of the file as a tree, and what is wrong with it as TOML.

use std::borrow::Cow;
use std::sync::Arc;

use toml::de::DeTable;

use crate::recovery::{self, Broken};
use crate::tree::{self, Table, Value};
use crate::{Origin, Problem};

/// Reads TOML. What could be understood is in the tree even where there are problems.
pub(crate) fn parse(file: &Arc<str>, bytes: &[u8]) -> (Table, Vec<Problem>) {
    let lines = Lines { file: Arc::clone(file), starts: line_starts(bytes) };
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => return (Table::new(), vec![no_utf8(&lines, bytes, error.valid_up_to())]),
    };
    // Some editors put a byte order mark there, which TOML does not know.
    let text = text
        .strip_prefix('\u{feff}')
        .map_or(Cow::Borrowed(text), |rest| Cow::Owned(format!("   {rest}")));
    let mut problems = Vec::new();
    let (mut table, mut errors) = DeTable::parse_recoverable(&text);
    let understood;
    if !errors.is_empty() {
        let (broken, rest) = recovery::recover(&text);
        problems.extend(broken.iter().map(|broken| syntax(&lines, &text, broken)));
        understood = rest;
        // What is wrong then concerns several statements.
        (table, errors) = DeTable::parse_recoverable(&understood);
    }
    problems.extend(errors.iter().map(|error| conflict(&lines, &text, error)));
    // A conflict is found where the second statement begins, and again where it ends.
    problems.dedup();
    let mut table = tree::table(table.into_inner(), &|offset| lines.origin(offset));
    mark_environments(&mut table);
    (table, problems)
}

fn mark_environments(table: &mut Table) {
    if let Some(Value::Table(environments)) =
        table.get_mut("environment").map(|node| &mut node.value)
    {
        for (name, node) in environments {
            node.mark(name);
        }
    }
}

struct Lines {
    file: Arc<str>,
    starts: Vec<usize>,
}

impl Lines {
    fn line(&self, offset: usize) -> usize {
        self.starts.partition_point(|start| *start <= offset)
    }

    /// The line of that place, without its end.
    fn text<'t>(&self, text: &'t str, offset: usize) -> &'t str {
        text[self.starts[self.line(offset) - 1]..].lines().next().unwrap_or_default()
    }

    fn origin(&self, offset: usize) -> Origin {
        Origin::File { file: Arc::clone(&self.file), line: self.line(offset), environment: None }
    }
}

fn line_starts(bytes: &[u8]) -> Vec<usize> {
    let after_breaks =
        bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(offset, _)| offset + 1);
    std::iter::once(0).chain(after_breaks).collect()
}

fn no_utf8(lines: &Lines, bytes: &[u8], offset: usize) -> Problem {
    let column = offset - lines.starts[lines.line(offset) - 1] + 1;
    let utf16 = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
    let hint = if utf16 { " (it looks like UTF-16)" } else { "" };
    let message = format!(
        "byte {offset} of the file (0x{:02x}, byte {column} of the line) is not UTF-8{hint}; save the file as UTF-8",
        bytes[offset]
    );
    Problem { origin: lines.origin(offset), key: "syntax".into(), message }
}

fn syntax(lines: &Lines, text: &str, broken: &Broken) -> Problem {
    // "…, expected `b`, `e`, `f`" says less than the right form does.
    let what = broken.message.split(", expected").next().unwrap_or_default();
    let value = lines.text(text, broken.place).split_once('=').map(|(_, value)| value.trim());
    let what = if value == Some("") { "there is no value" } else { what };
    let message = format!("{what}; {}", right_form(what));
    Problem { origin: lines.origin(broken.place), key: "syntax".into(), message }
}

/// Two statements that do not go together: the same key twice, or a key below another that is no table.
fn conflict(lines: &Lines, text: &str, error: &toml::de::Error) -> Problem {
    let span = error.span().unwrap_or_default();
    let origin = lines.origin(span.start);
    let key = text.get(span).unwrap_or_default().trim().to_owned();
    let message = match error.message() {
        "duplicate key" => "it is there twice; keep one of the two".into(),
        message => format!("{message}; a key has one value, or further keys below it"),
    };
    Problem { origin, key, message }
}

/// What would be right, for what the parser says is wrong: the form of the first word that is in it.
fn right_form(what: &str) -> &'static str {
    const FORMS: [(&[&str], &str); 10] = [
        (
            &["inline table", "key-value"],
            "a table stands in braces with commas between, such as { NAME = \"value\" }",
        ),
        (&["table"], "a section's name stands in brackets alone in its line, such as [service]"),
        (&["array"], "a list stands in brackets with commas between, such as [\"a\", \"b\"]"),
        (&["key"], "a line is [section], key = value or # comment"),
        (&["recurs"], "nothing here nests deeper than a section, a key and a list or table"),
        (
            &["escape", "unicode"],
            "a backslash in text is written twice, or the text stands in single quotes",
        ),
        (&["multi-line"], "text over several lines stands between \"\"\" and \"\"\""),
        (&["quote", "string"], "text stands in quotes in one line, such as key = \"value\""),
        (&["boolean"], "it is true or false, in small letters"),
        (
            &["sign", "digit", "zero", "radix", "integer", "number"],
            "a number is written as 8000 or 8_000",
        ),
    ];
    let form = FORMS.iter().find(|(words, _)| words.iter().any(|word| what.contains(word)));
    form.map_or("a line is [section], key = value or # comment", |(_, form)| form)
}
