//! What people and scripts see of the events: lines on standard error, or JSON on standard output.

use std::io::{IsTerminal, Write, stderr};

use clap::ValueEnum;
use skyward_deployer::diff;
use skyward_deployer::event::{Action, Event, Sink};
use skyward_deployer::rollout::Failure;

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
        Box::new(Lines { terminal: stderr().is_terminal(), transient: false })
    }

    /// What takes the events in this form.
    pub(crate) fn sink(self) -> Box<dyn Sink> {
        match self {
            Self::Text => Box::new(Lines { terminal: stderr().is_terminal(), transient: false }),
            Self::Json => Box::new(json_line),
        }
    }
}

fn json_line(event: Event) {
    // A reader that has gone away must not end a deployment in the middle.
    if let Ok(line) = serde_json::to_string(&event) {
        let _ = writeln!(std::io::stdout(), "{line}");
    }
}

/// One line a change; on a terminal, what is waited for is one line that renews itself.
struct Lines {
    terminal: bool,
    transient: bool,
}

impl Sink for Lines {
    fn emit(&mut self, event: Event) {
        let mut out = stderr().lock();
        if std::mem::take(&mut self.transient) {
            let _ = write!(out, "\r\x1b[2K");
        }
        // Standard error that is gone is no reason to end in the middle.
        let _ = match event {
            Event::Waiting { on, state, remaining_s } if self.terminal => {
                self.transient = true;
                let width = width();
                let line = format!("  waiting for {on}: {state} (at most {remaining_s} s)");
                write!(out, "{}", line.chars().take(width).collect::<String>())
                    .and_then(|()| out.flush())
            }
            event => write!(out, "{}", text(&event, self.terminal)),
        };
    }
}

/// The terminal's width as the shell tells it, or what every terminal has.
fn width() -> usize {
    std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok()).unwrap_or(80)
}

/// An event as lines.
fn text(event: &Event, color: bool) -> String {
    match event {
        Event::Cluster { context, server } => format!("cluster  {context} at {server}\n"),
        Event::Image { reference } => format!("image    {reference}\n"),
        Event::Note { text } => format!("note     {text}\n"),
        Event::Change(difference) => diff::text(std::slice::from_ref(difference), color),
        Event::Object { action: Action::Unchanged, .. } => String::new(),
        Event::Object { id, action } => format!("{:<9}{id}\n", word(*action)),
        Event::Waiting { on, state, remaining_s } => {
            format!("waiting  {on}: {state} (at most {remaining_s} s)\n")
        }
        Event::Ready { on, state, seconds } => format!("ready    {on}: {state} ({seconds:.1} s)\n"),
        Event::Failed(failure) => failed(failure),
        Event::Finished { text, .. } => format!("{text}\n"),
    }
}

fn word(action: Action) -> &'static str {
    match action {
        Action::Created => "created",
        Action::Changed => "changed",
        Action::Unchanged => "unchanged",
        Action::Deleted => "deleted",
    }
}

/// Why, and what was seen of the failing pod.
fn failed(failure: &Failure) -> String {
    let mut text = format!("FAILED   {}\n", failure.reason);
    for (title, lines) in [
        ("events", &failure.events),
        ("log", &failure.log),
        ("log before the last restart", &failure.previous_log),
    ] {
        if !lines.is_empty() {
            text += &format!("  {title}:\n");
        }
        for line in lines {
            text += &format!("    {line}\n");
        }
    }
    text
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
