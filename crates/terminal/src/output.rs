//! Results on standard output, and lines on standard error, by functions that never panic.
//!
//! `println!` panics when nobody reads any more or the disk is full. Here a reader that has left is an error of its own
//! kind ([`OutputError::Closed`]), which [`crate::exit::main`] turns into a quiet end, and everything else is told in one
//! line. Standard error that cannot be written to is no reason to end in the middle: what cannot be shown is not.

use std::fmt;
use std::io::{ErrorKind, Write};
use std::sync::OnceLock;

use serde::Serialize;

/// The form of standard output.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum Output {
    /// The result alone, for people and for the shell
    #[default]
    Text,
    /// One event on each line, or one document
    Json,
}

/// The reason why standard output did not take a result.
#[derive(Debug)]
pub enum OutputError {
    /// The reader has left, as `head` does when it has seen enough.
    Closed,
    /// It cannot be written, as to a full device.
    Failed(std::io::Error),
}

impl fmt::Display for OutputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("writing to standard output: its reader has left"),
            Self::Failed(error) => write!(f, "writing to standard output: {error}"),
        }
    }
}

impl std::error::Error for OutputError {}

impl From<std::io::Error> for OutputError {
    fn from(error: std::io::Error) -> Self {
        if error.kind() == ErrorKind::BrokenPipe { Self::Closed } else { Self::Failed(error) }
    }
}

/// The first failure of an event that could not be written; see [`lost`].
static LOST: OnceLock<String> = OnceLock::new();

/// Writes a result to standard output.
///
/// # Errors
/// The reader has left, or the text cannot be written.
pub fn print(text: &str) -> Result<(), OutputError> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    // What stays in the buffer would be lost without a word at the end of the program.
    out.flush()?;
    Ok(())
}

/// Writes a result to standard output as one line.
///
/// # Errors
/// As [`print()`].
pub fn line(text: &str) -> Result<(), OutputError> {
    print(&format!("{text}\n"))
}

/// Writes a value to standard output as one JSON document, indented.
///
/// # Errors
/// As [`print()`].
pub fn document(value: &impl Serialize) -> Result<(), OutputError> {
    let text =
        serde_json::to_string_pretty(value).map_err(|error| OutputError::Failed(error.into()))?;
    line(&text)
}

/// Writes the line of an event to standard output. It cannot fail: neither a reader that has left nor a full device may
/// end an apply in the middle. What was lost to anything but a reader's leaving is told at the end.
pub fn event_line(text: &str) {
    if let Err(OutputError::Failed(error)) = line(text) {
        let _ = LOST.set(error.to_string());
    }
}

/// Returns why events could not be written, where some could not.
pub(crate) fn lost() -> Option<&'static str> {
    LOST.get().map(String::as_str)
}

/// Writes a line to standard error, where people read. The text is written as it is; text of others has to pass
/// [`crate::text::harmless`] first.
pub fn say(text: &str) {
    write_err(&format!("{text}\n"));
}

/// Writes to standard error without a line's end, such as a question.
pub fn write_err(text: &str) {
    let mut err = std::io::stderr().lock();
    let _ = err.write_all(text.as_bytes()).and_then(|()| err.flush());
}
