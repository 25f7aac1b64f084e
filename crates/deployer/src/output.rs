//! What people and scripts see of the events: lines on standard error, or JSON on standard output.

mod lines;

use std::io::{IsTerminal, Write};

use clap::ValueEnum;
use lines::Lines;
use skyward_deployer::event::{Event, Sink};

/// The form of standard output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// For people, and for the shell: the result alone.
    #[default]
    Text,
    /// JSON: one event a line, or one document.
    Json,
}

impl Output {
    /// What takes the notes of a command whose result is a document of its own: always lines on standard error.
    pub(crate) fn notices() -> Box<dyn Sink> {
        Lines::boxed()
    }

    /// What takes the events in this form.
    pub(crate) fn sink(self) -> Box<dyn Sink> {
        match self {
            Self::Text => Lines::boxed(),
            Self::Json => Box::new(|event| json_line(&event)),
        }
    }
}

fn json_line(event: &Event) {
    // A reader that has gone away must not end a deployment in the middle.
    if let Ok(line) = serde_json::to_string(event) {
        let _ = writeln!(std::io::stdout(), "{line}");
    }
}

/// Whether standard output is looked at by a person who sees colours.
pub(crate) fn color() -> bool {
    std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none()
}

/// Rows as columns, two spaces apart.
pub(crate) fn columns<const N: usize>(rows: &[[String; N]]) -> String {
    let width =
        |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..N).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        text += cells.collect::<Vec<_>>().join("  ").trim_end();
        text.push('\n');
    }
    text
}
