//! Foreign text made harmless, and text measured and broken by the columns that it takes.
//!
//! File names, logs, and what a cluster, AWS or a registry answers may hold anything. Whatever of it reaches a terminal, a
//! summary or a log passes [`harmless`] first: a control character could command the terminal, and a bidirectional
//! override could make a line read as another one.

use unicode_width::UnicodeWidthChar;

/// Returns true for a character that steers a terminal or the order in which text is read, instead of being read itself.
///
/// These are the control characters (NEL, U+0085, is one), the line and paragraph separators, and the bidirectional
/// embeddings, overrides and isolates.
pub fn is_steering(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Replaces every steering character but the line feed; a tab becomes a space.
pub fn harmless(text: &str) -> String {
    text.chars()
        .map(|character| if character == '\n' { '\n' } else { printable(character) })
        .collect()
}

/// Puts harmless text on one line: each run of white space becomes one space.
pub fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.extend(word.chars().map(printable));
    }
    line
}

/// Writes steering characters as `\u{…}`, so that a difference between two texts stays visible.
pub fn escaped(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if is_steering(character) {
            shown.extend(character.escape_unicode());
        } else {
            shown.push(character);
        }
    }
    shown
}

fn printable(character: char) -> char {
    match character {
        '\t' => ' ',
        character if is_steering(character) => char::REPLACEMENT_CHARACTER,
        character => character,
    }
}

/// Returns the columns that the text takes on a terminal.
pub fn width(text: &str) -> usize {
    text.chars().map(columns).sum()
}

fn columns(character: char) -> usize {
    character.width().unwrap_or(1)
}

/// Cuts the text to `columns`; the last of them is `…` where something was cut.
pub fn shorten(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut short = head(text, columns.saturating_sub(1)).to_owned();
    if columns > 0 {
        short.push('…');
    }
    short
}

/// Fills the text up with spaces.
pub fn pad(text: &str, columns: usize) -> String {
    let missing = columns.saturating_sub(width(text));
    format!("{text}{:missing$}", "")
}

/// The longest beginning of the text that fits.
fn head(text: &str, columns: usize) -> &str {
    let mut taken = 0;
    for (index, character) in text.char_indices() {
        taken += self::columns(character);
        if taken > columns {
            return &text[..index];
        }
    }
    text
}

/// Breaks the text between words into lines of at most `columns`.
///
/// A word that is longer, such as a digest or an address, stays in one piece on a line of its own, so that it can be
/// copied. Line feeds are kept, and so are the spaces at the beginning of a line.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        let indent = paragraph.len() - paragraph.trim_start_matches(' ').len();
        let mut line = paragraph[..indent].to_owned();
        let mut is_empty = true;
        for word in paragraph[indent..].split(' ') {
            if !is_empty && width(&line) + 1 + width(word) > columns {
                lines.push(std::mem::replace(&mut line, paragraph[..indent].to_owned()));
                is_empty = true;
            }
            if !is_empty {
                line.push(' ');
            }
            line.push_str(word);
            is_empty = false;
        }
        lines.push(line);
    }
    lines
}

/// Breaks the text as [`wrap`] does, and cuts words that are longer than the columns.
pub fn break_up(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(1);
    let mut lines = Vec::new();
    for line in wrap(text, columns) {
        let mut rest = line.as_str();
        while width(rest) > columns {
            // A character of two columns in one column: it is taken all the same, or this would not end.
            let first = rest.chars().next().map_or(0, char::len_utf8);
            let (piece, after) = rest.split_at(head(rest, columns).len().max(first));
            lines.push(piece.to_owned());
            rest = after;
        }
        lines.push(rest.to_owned());
    }
    lines
}
