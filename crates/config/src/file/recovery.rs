//! Syntax errors, all of them: after the first, a TOML parser takes the lines that follow for part of the broken one.
//!
//! The parser's own recovery tells which statements over several lines are whole: those with no error between their
//! first byte and their last. All else is taken line by line, with the lines that only make sense as part of the one
//! above, and parsed alone. So a text is parsed three times at most, however much is wrong with it.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue, Error};

/// The most broken statements that are looked for: with so many, the file is not TOML at all.
const MOST: usize = 1000;

/// A statement that is not TOML.
pub(crate) struct Broken {
    /// The place of the mistake in the text.
    pub(crate) span: Range<usize>,
    /// The parser's message.
    pub(crate) message: String,
}

/// Finds what is broken in a text, of which the parser made a table and errors. Returns it, and the text with spaces in
/// its place: in that of broken statements, and of all that is in a section whose name is broken.
pub(crate) fn recover(text: &str, table: &DeTable<'_>, errors: &[Error]) -> (Vec<Broken>, String) {
    let whole = whole_values(text, table, errors);
    let (mut broken, mut understood) = (Vec::new(), String::with_capacity(text.len()));
    let (mut start, mut lost_section) = (0, false);
    while start < text.len() && broken.len() < MOST {
        let is_header = was_header(line_at(text, start));
        let (end, error) = statement(text, start, &whole);
        lost_section = if is_header { error.is_some() } else { lost_section };
        if error.is_some() || lost_section {
            let lost = text[start..end].bytes();
            // Byte by byte, so that places in it are places in the text.
            understood.extend(lost.map(|byte| if byte == b'\n' { '\n' } else { ' ' }));
        } else {
            understood.push_str(&text[start..end]);
        }
        broken.extend(error);
        start = end;
    }
    (broken, understood)
}

/// Reads the statement that begins at `start`: its end, and its mistake if it has one.
fn statement(text: &str, start: usize, whole: &[Range<usize>]) -> (usize, Option<Broken>) {
    let line = line_at(text, start);
    let mut end = start + line.len();
    let Some(alone) = first_error(line) else { return (end, None) };
    let value = whole.partition_point(|value| value.start < start);
    if let Some(value) = whole.get(value).filter(|value| value.start < end) {
        let last =
            value.end + text[value.end..].find('\n').map_or(text.len() - value.end, |at| at + 1);
        if first_error(&text[start..last]).is_none() {
            return (last, None);
        }
    }
    let outer = indentation(line);
    let is_long_text = line.contains("\"\"\"") || line.contains("'''");
    loop {
        let next = line_at(text, end);
        let belongs = if is_long_text { !is_header(next) } else { is_continuation(next, outer) };
        if next.is_empty() || !belongs {
            break;
        }
        end += next.len();
    }
    let all = &text[start..end];
    let error = first_error(all).unwrap_or_else(|| alone.clone());
    let span = error.span().unwrap_or_default();
    let broken = if is_long_text || span.end >= all.trim_end().len() {
        // What is closed nowhere is said best of the line that opens it.
        Broken { span: start..start, message: alone.message().into() }
    } else {
        let place = start + span.start;
        Broken { span: place..place + span.len(), message: error.message().into() }
    };
    (end, Some(broken))
}

/// The values over several lines in which the parser found no error, in the order of the text.
fn whole_values(text: &str, table: &DeTable<'_>, errors: &[Error]) -> Vec<Range<usize>> {
    let mut errors: Vec<_> = errors.iter().filter_map(Error::span).map(|span| span.end).collect();
    errors.sort_unstable();
    let mut values = Vec::new();
    collect(table, &mut values);
    values.retain(|value| {
        let next = errors.partition_point(|error| *error <= value.start);
        text[value.clone()].contains('\n') && errors.get(next).is_none_or(|next| *next > value.end)
    });
    values.sort_unstable_by_key(|value| value.start);
    values
}

fn collect(table: &DeTable<'_>, values: &mut Vec<Range<usize>>) {
    for value in table.values() {
        collect_value(value, values);
    }
}

fn collect_value(value: &Spanned<DeValue<'_>>, values: &mut Vec<Range<usize>>) {
    match value.get_ref() {
        DeValue::Table(table) => collect(table, values),
        DeValue::Array(items) => items.iter().for_each(|item| collect_value(item, values)),
        _ => {}
    }
    values.push(value.span());
}

/// Returns the first error in the text. The parser goes over the text twice, so the first that it reports may be
/// another.
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

/// Tells whether a line that begins a statement is a section's name, or was meant as one: a bracket before its first
/// letter, or one that closes it.
fn was_header(line: &str) -> bool {
    let name = line.trim_start_matches(|letter: char| !letter.is_alphanumeric());
    let before = &line[..line.len() - name.len()];
    before.contains('[') || (!name.contains('=') && name.trim_end().ends_with(']'))
}

/// Tells whether a line only makes sense as part of what is above it, which is indented by `outer`: an item, a bracket,
/// a blank line, or indented.
fn is_continuation(line: &str, outer: usize) -> bool {
    let trimmed = line.trim();
    let is_item =
        trimmed.starts_with(|first: char| first.is_ascii_digit() || "\"'[]{},+-".contains(first));
    let is_indented = indentation(line) > outer;
    let begins_statement = is_header(line) || (is_assignment(line) && !is_indented);
    !begins_statement && (trimmed.is_empty() || is_item || trimmed.ends_with(',') || is_indented)
}

fn is_assignment(line: &str) -> bool {
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || "-_.\"' \t".contains(letter);
    line.split_once('=').is_some_and(|(key, _)| !key.trim().is_empty() && key.chars().all(is_name))
}

fn indentation(line: &str) -> usize {
    line.len() - line.trim_start().len()
}
