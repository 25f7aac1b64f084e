//! clap's help and its mistakes, printed so that neither a closed pipe nor a full device is overlooked.

use std::fmt::Write;

use super::Exit;
use crate::output::{self, OutputError};
use crate::style::{Stream, Tone};

/// Prints what clap has to say: help and version as results, mistakes on standard error.
///
/// # Errors
/// Standard output does not take the help.
pub(super) fn answer(error: &clap::Error) -> Result<Exit, OutputError> {
    let text = error.render().to_string();
    if error.use_stderr() {
        output::write_err(&paint(&text, Stream::Err.has_color()));
        return Ok(Exit::Usage);
    }
    output::print(&paint(&text, Stream::Out.has_color()))?;
    Ok(Exit::Done)
}

/// Colours help: headings, and the names of commands and flags.
///
/// clap could do it itself, with six crates more in xtask, which has room for none of them.
fn paint(text: &str, color: bool) -> String {
    if !color {
        return text.to_owned();
    }
    let mut painted = String::with_capacity(text.len() * 2);
    for line in text.lines() {
        let indent = line.len() - line.trim_start().len();
        let name = line[indent..].split("  ").next().unwrap_or_default();
        let is_name = indent > 0
            && indent <= 6
            && (name.starts_with('-') || name.len() < line.len() - indent);
        let (head, tone) = match line.split_once(':') {
            Some(("error", _)) => ("error:", Tone::Bad),
            Some((heading, _)) if indent == 0 && !heading.contains(". ") && heading.len() < 24 => {
                (&line[..=heading.len()], Tone::Strong)
            }
            _ if is_name => (&line[..indent + name.len()], Tone::Good),
            _ => ("", Tone::Plain),
        };
        let _ = writeln!(painted, "{}{}", tone.paint(head, true), &line[head.len()..]);
    }
    painted
}
