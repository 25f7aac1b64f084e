//! The text of the file as a tree, with all that is wrong in it as TOML.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use toml::de::DeTable;

use crate::file::recovery::{self, Broken};
use crate::file::tree::{self, Table, Value};
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
    let (mut table, errors) = DeTable::parse_recoverable(&text);
    let understood;
    if !errors.is_empty() {
        let diagnosis = Diagnosis { lines: &lines, text: &text, sections: sections(&text) };
        let (broken, rest) = recovery::recover(&text, table.get_ref(), &errors);
        let broken =
            broken.into_iter().map(|Broken { span, message }| diagnosis.of(span, &message));
        problems.extend(broken);
        understood = rest;
        // All that is wrong then concerns several statements.
        let (rest, errors) = DeTable::parse_recoverable(&understood);
        table = rest;
        let errors = errors
            .iter()
            .map(|error| diagnosis.of(error.span().unwrap_or_default(), error.message()));
        problems.extend(errors);
    }
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

/// Says what is wrong where, and what would be right.
struct Diagnosis<'t> {
    lines: &'t Lines,
    text: &'t str,
    /// The start of each section, and its name.
    sections: Vec<(usize, &'t str)>,
}

impl Diagnosis<'_> {
    fn of(&self, span: Range<usize>, message: &str) -> Problem {
        let origin = self.lines.origin(span.start);
        // "…, expected `b`, `e`, `f`" says less than the right form does.
        let what = message.split(", expected").next().unwrap_or_default();
        let value = self.line(span.start).split_once('=').map(|(_, value)| value.trim());
        let (key, message) = if what == "duplicate key" {
            (self.key(span), "the key is set twice; keep one of the two".into())
        } else if what.starts_with("cannot extend") {
            (self.key(span), format!("{what}; a key has one value, or further keys below it"))
        } else {
            let what = if value == Some("") { "the value is missing" } else { what };
            ("syntax".into(), format!("{what}; {}", right_form(what)))
        };
        Problem { origin, key: visible(&key), message: visible(&message) }
    }

    /// The line of that place, without its end.
    fn line(&self, offset: usize) -> &str {
        let start = self.lines.starts[self.lines.line(offset) - 1];
        self.text[start..].lines().next().unwrap_or_default()
    }

    /// The key that `span` is the last part of, below its section, as both are written.
    fn key(&self, span: Range<usize>) -> String {
        let line = self.line(span.start);
        if let Some(section) = section(line) {
            return section.into();
        }
        let above = self.sections.partition_point(|(start, _)| *start < span.start);
        let section = self.sections[..above].last().map(|(_, name)| *name);
        let part = self.text.get(span).unwrap_or_default().trim();
        let key = line.split_once('=').map_or(part, |(key, _)| key.trim());
        // In `env = { A = 1, A = 2 }` it is a key within the value.
        let inner = Some(part).filter(|part| !key.contains(part));
        section.into_iter().chain([key]).chain(inner).collect::<Vec<_>>().join(".")
    }
}

/// The text with its control characters as escapes: a key that is not TOML may hold any, and is shown on a terminal.
fn visible(text: &str) -> String {
    let mut visible = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_control() {
            visible.extend(letter.escape_default());
        } else {
            visible.push(letter);
        }
    }
    visible
}

fn sections(text: &str) -> Vec<(usize, &str)> {
    let mut start = 0;
    let lines = text.split_inclusive('\n').map(|line| {
        start += line.len();
        (start - line.len(), line)
    });
    lines.filter_map(|(start, line)| Some((start, section(line)?))).collect()
}

/// The name of the section that begins in a line.
fn section(line: &str) -> Option<&str> {
    let name = line.trim_start().strip_prefix('[')?.trim_start_matches('[');
    name.split_once(']').map(|(name, _)| name.trim())
}

/// Tells what would be right, by the first word that is in the parser's message.
fn right_form(what: &str) -> &'static str {
    const FORMS: [(&[&str], &str); 10] = [
        (
            &["inline table", "key-value"],
            "a table is written in braces with commas between, such as { NAME = \"value\" }",
        ),
        (&["table"], "the name of a section is in brackets, alone on its line, such as [service]"),
        (&["array"], "a list is written in brackets with commas between, such as [\"a\", \"b\"]"),
        (&["key"], "a line is [section], key = value or # comment"),
        (&["recurs"], "nothing here nests deeper than a section, a key and a list or table"),
        (
            &["escape", "unicode"],
            "a backslash in text is written twice, or the text is put in single quotes",
        ),
        (&["multi-line"], "text over several lines is put between \"\"\" and \"\"\""),
        (&["quote", "string"], "text is written in quotes on one line, such as key = \"value\""),
        (&["boolean"], "it is true or false, in small letters"),
        (
            &["sign", "digit", "zero", "radix", "integer", "number"],
            "a number is written as 8000 or 8_000",
        ),
    ];
    let form = FORMS.iter().find(|(words, _)| words.iter().any(|word| what.contains(word)));
    form.map_or("a line is [section], key = value or # comment", |(_, form)| form)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Found by fuzzing: the name of a section of which a key is set twice, beside a statement that is not TOML.
    #[test]
    fn control_characters_of_a_broken_file_are_escaped() {
        for text in
            ["[a]\nb = 1\n[\u{1b}[2Ja]\nb = 1\nb = 2\n", "\u{1b}[2J = \n", "[a\0]\nx = 1\nx = 2"]
        {
            let (_, problems) = parse(&Arc::from("skyward.toml"), text.as_bytes());
            assert!(!problems.is_empty(), "{text:?}");
            for problem in problems {
                let shown = problem.to_string();
                assert!(!shown.contains(char::is_control), "{shown:?}");
            }
        }
        assert_eq!(visible("a\u{1b}[2J\0é"), "a\\u{1b}[2J\\u{0}é");
    }
}
