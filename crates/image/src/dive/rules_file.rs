//! The rules file, `.dive-ci`. An error names the line, the column and the right form; where the file cannot be read,
//! its mode and owner.

use std::fmt;
use std::path::{Path, PathBuf};

use saphyr_parser::{Event, Marker, Parser, ScanError, Span};

use super::rules::{Rule, Rules};
use crate::permissions;

/// The largest file that is read, in bytes: more than three rules need, and less than `/dev/zero` has.
const LARGEST: u64 = 64 << 10;

/// The reason why a rules file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RulesError {
    /// It cannot be read.
    #[error("cannot read rules file {}: {reason}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The reason, with mode and owner.
        reason: String,
    },
    /// It can be read, and not understood.
    #[error("rules file {}{place}: {reason}", path.display())]
    Wrong {
        /// The file.
        path: PathBuf,
        /// Line and column, where there is one.
        place: Place,
        /// The mistake, and the right form.
        reason: String,
    },
}

/// A line and a column, from 1; or nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place(Option<(usize, usize)>);

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |(line, column)| write!(f, ":{line}:{column}"))
    }
}

/// A mistake in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Line and column, where there is one.
    pub place: Place,
    /// The mistake, and the right form.
    pub reason: String,
}

/// Reads the rules from `path`. What the file leaves out has dive's default.
pub fn read(path: &Path) -> Result<Rules, RulesError> {
    let bytes = permissions::read(path, LARGEST)
        .map_err(|reason| RulesError::Unreadable { path: path.to_owned(), reason })?;
    parse(&bytes).map_err(|Mistake { place, reason }| RulesError::Wrong {
        path: path.to_owned(),
        place,
        reason,
    })
}

/// Reads the rules from the bytes of a rules file.
pub fn parse(bytes: &[u8]) -> Result<Rules, Mistake> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let before = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
        let line = before.split('\n').count();
        let column = before.rsplit('\n').next().map_or(0, |line| line.chars().count()) + 1;
        let byte = bytes[error.valid_up_to()];
        let reason = format!("not UTF-8: byte 0x{byte:02x}; save the file as UTF-8");
        Mistake { place: Place(Some((line, column))), reason }
    })?;
    // As written on Windows: a byte order mark is no part of the text; CRLF the parser knows.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim().is_empty() {
        return Err(nowhere(format!("the file is empty; expected {EXAMPLE}")));
    }
    let mut reader = Reader { parser: Parser::new_from_str(text) };
    reader.document()
}

const EXAMPLE: &str =
    "a line \"rules:\" and below it, indented, such as \"lowestEfficiency: 0.95\"";

struct Reader<'a> {
    parser: Parser<'a, saphyr_parser::StrInput<'a>>,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Result<(Event<'a>, Span), Mistake> {
        match self.parser.next_event() {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => Err(scan_error(&error)),
            None => Err(nowhere("the file ends too early".to_owned())),
        }
    }

    fn document(&mut self) -> Result<Rules, Mistake> {
        let mut rules = None;
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamStart | Event::DocumentStart(_) => {}
                Event::MappingStart(..) => break,
                _ => return Err(at(span.start, format!("expected {EXAMPLE}"))),
            }
        }
        while let Some((key, span)) = self.key()? {
            if key != "rules" {
                return Err(at(
                    span.start,
                    format!("unknown key {key:?}; the only one here is \"rules\""),
                ));
            }
            if rules.is_some() {
                return Err(at(span.start, "\"rules\" is there twice".to_owned()));
            }
            rules = Some(self.rules()?);
        }
        while !matches!(self.next()?.0, Event::StreamEnd) {}
        Ok(rules.unwrap_or_default())
    }

    /// The next key of a mapping; `None` at its end.
    fn key(&mut self) -> Result<Option<(String, Span)>, Mistake> {
        match self.next()? {
            (Event::MappingEnd, _) => Ok(None),
            (Event::Scalar(key, ..), span) => Ok(Some((key.into_owned(), span))),
            (_, span) => Err(at(span.start, "expected a key".to_owned())),
        }
    }

    fn rules(&mut self) -> Result<Rules, Mistake> {
        let mut rules = Rules::default();
        match self.next()? {
            (Event::MappingStart(..), _) => {}
            (Event::Scalar(value, style, ..), _) if is_null(&value, style) => return Ok(rules),
            (_, span) => {
                return Err(at(span.start, format!("expected rules, such as {EXAMPLE}")));
            }
        }
        let mut seen = Vec::new();
        while let Some((key, span)) = self.key()? {
            let rule = Rule::named(&key).ok_or_else(|| at(span.start, unknown(&key)))?;
            if seen.contains(&rule) {
                return Err(at(span.start, format!("rule {key} is there twice")));
            }
            seen.push(rule);
            match self.next()? {
                (Event::Scalar(value, style, ..), _) if is_null(&value, style) => {}
                (Event::Scalar(value, ..), span) => {
                    rules
                        .set(rule, &value)
                        .map_err(|error| at(span.start, format!("rule {key}: {error:#}")))?;
                }
                (_, span) => {
                    return Err(at(span.start, format!("rule {key}: expected a single value")));
                }
            }
        }
        Ok(rules)
    }
}

/// YAML's null, for which dive takes the default as well.
fn is_null(value: &str, style: saphyr_parser::ScalarStyle) -> bool {
    style == saphyr_parser::ScalarStyle::Plain
        && matches!(value, "" | "~" | "null" | "Null" | "NULL")
}

fn nowhere(reason: String) -> Mistake {
    Mistake { place: Place(None), reason }
}

fn at(marker: Marker, reason: impl Into<String>) -> Mistake {
    Mistake { place: Place(Some((marker.line(), marker.col() + 1))), reason: reason.into() }
}

fn scan_error(error: &ScanError) -> Mistake {
    at(*error.marker(), format!("not YAML: {}", error.info()))
}

fn unknown(key: &str) -> String {
    let names = Rule::ALL.map(Rule::name);
    let nearest =
        names.into_iter().min_by_key(|name| distance(&name.to_lowercase(), &key.to_lowercase()));
    match nearest
        .filter(|name| distance(&name.to_lowercase(), &key.to_lowercase()) <= key.len() / 2)
    {
        Some(nearest) => format!("unknown rule {key:?}; did you mean {nearest}?"),
        None => format!("unknown rule {key:?}; there are {}", names.join(", ")),
    }
}

/// Levenshtein's distance.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in right.iter().enumerate() {
            let cost = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = cost.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[right.len()]
}
