//! The abilities of a stream: its width and its colours.

use std::io::IsTerminal;

use anstyle::{AnsiColor, Effects, Style};

/// The stream that a text goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Standard output, which carries results.
    Out,
    /// Standard error, which people read.
    Err,
}

/// The part that a text plays, from which its colour follows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Tone {
    /// No colour.
    #[default]
    Plain,
    /// Done, created, passed.
    Good,
    /// Failed, deleted.
    Bad,
    /// A warning, or a change.
    Caution,
    /// A replacement.
    Special,
    /// A thing that the eye should find first.
    Strong,
    /// A thing that the eye may skip.
    Quiet,
}

impl Stream {
    /// Returns true where a person looks at the stream.
    pub fn is_terminal(self) -> bool {
        match self {
            Self::Out => std::io::stdout().is_terminal(),
            Self::Err => std::io::stderr().is_terminal(),
        }
    }

    /// Returns true where colours are shown: on a terminal that knows them, unless `NO_COLOR` or `CLICOLOR=0` is set, and
    /// everywhere with `CLICOLOR_FORCE`. The rules are those of no-color.org and bixense.com/clicolors.
    pub fn has_color(self) -> bool {
        let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        if variable("NO_COLOR").is_some() {
            return false;
        }
        variable("CLICOLOR_FORCE").is_some()
            || variable("CLICOLOR").is_none_or(|value| value != "0")
                && self.is_terminal()
                && variable("TERM").is_some_and(|name| name != "dumb")
    }

    /// Returns the terminal's columns, or `None` where the stream is no terminal and nothing has to be cut.
    pub fn columns(self) -> Option<usize> {
        Some(self.size()?.0)
    }

    /// Returns the terminal's columns and rows, or `None` where the stream is no terminal.
    pub fn size(self) -> Option<(usize, usize)> {
        /// The size of a terminal that does not tell it, as some on a serial line.
        const UNKNOWN: (usize, usize) = (80, 24);
        /// Fewer columns than any form here can do with.
        const LEAST: usize = 20;
        if !self.is_terminal() {
            return None;
        }
        let size = match self {
            Self::Out => terminal_size::terminal_size_of(std::io::stdout()),
            Self::Err => terminal_size::terminal_size_of(std::io::stderr()),
        };
        let (columns, rows) =
            size.map_or((0, 0), |(width, height)| (width.0.into(), height.0.into()));
        Some(match (columns, rows) {
            (0, _) | (_, 0) => UNKNOWN,
            (columns, rows) => (LEAST.max(columns), rows),
        })
    }
}

/// Colours that are told apart at a glance, on dark and on light terminals.
const DISTINCT: [AnsiColor; 6] = [
    AnsiColor::Cyan,
    AnsiColor::Green,
    AnsiColor::Magenta,
    AnsiColor::Yellow,
    AnsiColor::Blue,
    AnsiColor::BrightRed,
];

/// Writes the text in the colour of this number, so that what comes from several sources is told apart.
pub fn distinct(text: &str, number: usize, color: bool) -> String {
    if !color || text.is_empty() {
        return text.to_owned();
    }
    let style = DISTINCT[number % DISTINCT.len()].on_default();
    format!("{style}{text}{style:#}")
}

impl Tone {
    /// Writes the text in this tone's colour, where `color` says that colours are shown.
    pub fn paint(self, text: &str, color: bool) -> String {
        if !color || text.is_empty() {
            return text.to_owned();
        }
        let style = self.style();
        format!("{style}{text}{style:#}")
    }

    fn style(self) -> Style {
        match self {
            Self::Plain => Style::new(),
            Self::Good => AnsiColor::Green.on_default(),
            Self::Bad => AnsiColor::Red.on_default() | Effects::BOLD,
            Self::Caution => AnsiColor::Yellow.on_default(),
            Self::Special => AnsiColor::Magenta.on_default(),
            Self::Strong => Style::new().bold(),
            Self::Quiet => Style::new().dimmed(),
        }
    }
}
