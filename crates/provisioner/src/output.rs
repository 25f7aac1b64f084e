//! What people and scripts see of the events: lines and a live view on standard error, or JSON on standard output.

mod lines;
mod live;
pub(crate) mod tables;

use std::cell::Cell;
use std::io::{IsTerminal, Write, stderr, stdout};
use std::rc::Rc;
use std::time::Duration;

use clap::ValueEnum;
use skyward_provisioner::event::{Event, Sink};
use tokio::time::Instant;

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
    /// What takes the events in this form. With a `pace`, so many simulated seconds are shown in one.
    pub(crate) fn sink(self, is_simulated: bool, pace: Option<f64>) -> Box<dyn Sink> {
        match self {
            Self::Json => Box::new(Paced::new(pace, Box::new(|event: Event| json_line(&event)))),
            Self::Text if stderr().is_terminal() && (!is_simulated || pace.is_some()) => {
                Box::new(Paced::new(pace, Box::new(live::Live::new(is_simulated))))
            }
            Self::Text => Box::new(Paced::new(pace, Box::new(lines::Lines::new()))),
        }
    }

    /// What takes the notes of a command whose result is a document of its own: lines on standard error.
    pub(crate) fn notices() -> Box<dyn Sink> {
        Box::new(lines::Lines::notes())
    }
}

/// Prints a document, or a line of it. A reader that has gone away must not end an apply in the middle.
pub(crate) fn json_line(value: &impl serde::Serialize) {
    if let Ok(line) = serde_json::to_string(value) {
        let _ = writeln!(stdout(), "{line}");
    }
}

/// Prints a result. A reader that has seen enough, such as `head`, is no error.
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    match stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(anyhow::Error::new(error).context("cannot write to standard output"))
        }
        _ => Ok(()),
    }
}

/// Whether standard error is looked at by a person who sees colours.
pub(crate) fn has_color() -> bool {
    stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none()
}

/// Shows a simulation slowly enough to be watched: its clock jumps from one event to the next, and this waits in between.
struct Paced {
    pace: Option<f64>,
    last: Rc<Cell<Option<Instant>>>,
    inner: Box<dyn Sink>,
}

impl Paced {
    fn new(pace: Option<f64>, inner: Box<dyn Sink>) -> Self {
        Self { pace, last: Rc::default(), inner }
    }
}

impl Sink for Paced {
    fn emit(&self, event: Event) {
        if let Some(pace) = self.pace {
            let now = Instant::now();
            let last = self.last.replace(Some(now)).unwrap_or(now);
            let wait = (now - last).as_secs_f64() / pace.max(0.001);
            std::thread::sleep(Duration::from_secs_f64(wait.min(3600.0)));
        }
        self.inner.emit(event);
    }
}

/// What AWS says may hold anything; nothing in it commands the terminal.
pub(crate) fn harmless(text: &str) -> String {
    text.replace(|letter: char| letter.is_control() && letter != '\n', "\u{fffd}")
}

/// `7.4 s`, `1 min 47 s`, `1 h 2 min`.
pub(crate) fn time(seconds: f64) -> String {
    let whole = Duration::from_secs_f64(seconds.max(0.0)).as_secs();
    match whole {
        0..10 => format!("{seconds:.1} s"),
        10..60 => format!("{whole} s"),
        60..3600 => format!("{} min {:02} s", whole / 60, whole % 60),
        _ => format!("{} h {:02} min", whole / 3600, whole / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_at_a_glance() {
        for (seconds, text) in [
            (0.04, "0.0 s"),
            (9.96, "10.0 s"),
            (59.9, "59 s"),
            (107.0, "1 min 47 s"),
            (3725.0, "1 h 02 min"),
        ] {
            assert_eq!(time(seconds), text);
        }
    }
}
