//! Syntax errors, all of them: after the first, a TOML parser takes the lines that follow for part
//! of the broken one.
//!
//! So the text is taken statement by statement (`[section]` or `key = value`, over as many lines as
//! it needs), each parsed alone.

use std::ops::Range;

use toml::de::{DeTable, Error};

/// Bytes that are parsed at most. A statement is tried again with each further line, which is
/// quadratic in its lines.
const BUDGET: usize = 4 * 1024 * 1024;

/// Broken statements that are looked for at most: with so many, the file is no TOML at all.
const MOST: usize = 1000;

/// A statement that is no TOML.
pub(crate) struct Broken {
    /// Where in the text the mistake is.
    pub(crate) span: Range<usize>,
    /// What the parser says of it.
    pub(crate) message: String,
}

/// What is broken, and the text with spaces in its place: broken statements, and all that stands in
/// a section whose name is broken.
pub(crate) fn recover(text: &str) -> (Vec<Broken>, String) {
    let mut rest = Rest { text, at: 0, budget: BUDGET };
    let (mut broken, mut understood, mut lost_section) =
        (Vec::new(), String::with_capacity(text.len()), false);
    while rest.at < text.len() && rest.budget > 0 && broken.len() < MOST {
        let start = rest.at;
        let is_header = was_header(rest.line());
        let result = rest.statement();
        lost_section = if is_header { result.is_err() } else { lost_section };
        let lost = result.is_err() || lost_section;
        broken.extend(result.err());
        let statement = &text[start..rest.at];
        if lost {
            // Byte by byte, so that places in it are places in the text.
            understood.extend(statement.bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }));
        } else {
            understood.push_str(statement);
        }
    }
    (broken, understood)
}

struct Rest<'t> {
    text: &'t str,
    at: usize,
    budget: usize,
}

impl<'t> Rest<'t> {
    fn line(&self) -> &'t str {
        line_at(self.text, self.at)
    }

    /// Goes past the statement; past a broken one to what looks like the next.
    fn statement(&mut self) -> Result<(), Broken> {
        let mut end = self.at + self.line().len();
        loop {
            let statement = &self.text[self.at..end];
            self.budget = self.budget.saturating_sub(statement.len());
            let Some(error) = first_error(statement) else {
                self.at = end;
                return Ok(());
            };
            if error.span().is_some_and(|span| span.end < statement.trim_end().len()) {
                return Err(self.broken(end, &error));
            }
            let next = line_at(self.text, end);
            if next.is_empty() || is_header(next) || self.budget == 0 {
                return Err(self.unclosed(end, &error));
            }
            end += next.len();
        }
    }

    /// The error is within the lines up to `end`.
    fn broken(&mut self, end: usize, error: &Error) -> Broken {
        let outer = indentation(self.line());
        let place = self.at + error.span().map_or(0, |span| span.start);
        let start = self.text[..place].rfind('\n').map_or(0, |offset| offset + 1);
        let line = line_at(self.text, start);
        if start > self.at && begins_statement(line, outer) {
            return self.unclosed(end, error);
        }
        self.at = start + line.len();
        self.skip_continuation(outer);
        let length = error.span().map_or(0, |span| span.len());
        Broken { span: place..place + length, message: error.message().into() }
    }

    /// The first line opens what is closed nowhere, or swallows the next statement: alone it says
    /// so best.
    fn unclosed(&mut self, end: usize, error: &Error) -> Broken {
        let (place, line) = (self.at, self.line());
        let is_long_text = line.contains("\"\"\"") || line.contains("'''");
        self.at = if is_long_text { end } else { place + line.len() };
        self.skip_continuation(indentation(line));
        let alone = first_error(line);
        Broken { span: place..place, message: alone.as_ref().unwrap_or(error).message().into() }
    }

    fn skip_continuation(&mut self, indentation: usize) {
        while is_continuation(self.line(), indentation) {
            self.at += self.line().len();
        }
    }
}

/// The parser goes over the text twice, so the first error it reports need not be the first in the
/// text.
fn first_error(text: &str) -> Option<Error> {
    let (_, errors) = DeTable::parse_recoverable(text);
    errors.into_iter().min_by_key(|error| error.span().map(|span| span.start))
}

/// The line that begins at `at`, with its end.
fn line_at(text: &str, at: usize) -> &str {
    text[at..].split_inclusive('\n').next().unwrap_or("")
}

fn is_header(line: &str) -> bool {
    let name =
        line.trim_start().strip_prefix('[').map(|name| name.trim_start_matches(['[', ' ', '\t']));
    name.is_some_and(|name| name.starts_with(|letter: char| letter.is_ascii_alphabetic()))
}

/// Whether a line that begins a statement is a section's name, or was meant as one: a bracket
/// before its first letter, or one that closes it.
fn was_header(line: &str) -> bool {
    let name = line.trim_start_matches(|letter: char| !letter.is_alphanumeric());
    let before = &line[..line.len() - name.len()];
    before.contains('[') || (!name.contains('=') && name.trim_end().ends_with(']'))
}

fn is_assignment(line: &str) -> bool {
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || "-_.\"' \t".contains(letter);
    line.split_once('=').is_some_and(|(key, _)| !key.trim().is_empty() && key.chars().all(is_name))
}

/// Whether a line is a statement of its own rather than part of one that is indented by `outer`.
fn begins_statement(line: &str, outer: usize) -> bool {
    is_header(line) || (is_assignment(line) && indentation(line) <= outer)
}

/// Whether a line only makes sense as part of what stands above it: an item, a bracket, a blank
/// line, or indented.
fn is_continuation(line: &str, outer: usize) -> bool {
    let trimmed = line.trim();
    let is_item =
        trimmed.starts_with(|first: char| first.is_ascii_digit() || "\"'[]{},+-".contains(first));
    let belongs =
        trimmed.is_empty() || is_item || trimmed.ends_with(',') || indentation(line) > outer;
    !line.is_empty() && !begins_statement(line, outer) && belongs
}

fn indentation(line: &str) -> usize {
    line.len() - line.trim_start().len()
}
