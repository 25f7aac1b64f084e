//! `values.yaml`: every value, with what it means.

use std::fmt::Write;

use serde_json::{Value, json};

use super::Key;
use crate::render;

/// Columns of a line.
const WIDTH: usize = 110;

/// Values that are left out stand as comments.
pub(super) fn yaml(keys: &[Key]) -> String {
    let mut text = String::from(
        "# The values are the keys of skyward.toml, under the same names.\n\
         # values.schema.json says which forms they have.\n",
    );
    let mut section = None;
    for key in keys {
        if key.section != section {
            section = key.section;
            let _ = write!(text, "\n{}:", section.unwrap_or_default());
        }
        text.push('\n');
        let indent = if section.is_some() { "  " } else { "" };
        for line in wrapped(key.meaning(), WIDTH - indent.len() - 2) {
            let _ = writeln!(text, "{indent}# {line}");
        }
        match &key.value {
            Some(value) => {
                for line in entry(key.name, value).lines() {
                    let _ = writeln!(text, "{indent}{line}");
                }
            }
            None => {
                let _ = writeln!(text, "{indent}# {}:", key.name);
            }
        }
    }
    text
}

fn entry(name: &str, value: &Value) -> String {
    render::document_of(&json!({ name: value }))
}

/// Text in lines of at most so many characters.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
