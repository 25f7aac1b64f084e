//! Flags that all binaries share, and clap's own answers.

use std::fmt::Write;

use crate::event::Verbosity;
use crate::exit::Exit;
use crate::output::{self, OutputError};
use crate::style::{Stream, Tone};

/// `-v` and `-vv`.
#[derive(Debug, Clone, Copy, Default, clap::Args)]
pub struct Verbose {
    /// Show each call to other systems with its time; -vv also its status and request ID
    #[arg(short = 'v', long = "verbose", action = clap::ArgAction::Count, global = true)]
    times: u8,
}

impl Verbose {
    /// Returns how much was asked for.
    pub fn verbosity(self) -> Verbosity {
        match self.times {
            0 => Verbosity::Normal,
            1 => Verbosity::Calls,
            _ => Verbosity::Details,
        }
    }
}

/// Prints what clap has to say: help and version as results, mistakes on standard error.
///
/// # Errors
/// Standard output does not take the help.
pub(crate) fn answer(error: &clap::Error) -> Result<Exit, OutputError> {
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
