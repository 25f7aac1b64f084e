//! Tables that fit the width they have.
//!
//! A pipe gets every cell whole, because a script may read it. On a terminal a table that is too wide gives way in the
//! columns that its author named: one is broken over several lines, another is shortened. All other columns, such as the
//! state, are never cut. A value that nobody may cut and that is long, such as a digest to copy, goes below the table.

use std::fmt::{self, Write};

use crate::style::{Stream, Tone};
use crate::text;

/// Between two columns.
const GAP: usize = 2;
/// A shortened cell still tells something; twelve digits of a digest and their `sha256:` fit.
const LEAST_SHORT: usize = 8;
/// A broken cell still reads well.
const LEAST_WRAPPED: usize = 12;

/// A way for a column to become narrower.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Yield {
    Wrap,
    Shorten,
}

/// Rows of cells under a header.
#[derive(Debug, Clone, Default)]
pub struct Table {
    header: Vec<String>,
    rows: Vec<Vec<Cell>>,
    yields: Vec<(usize, Yield)>,
    right: Vec<usize>,
    below: Vec<(String, String)>,
    fixed: Option<Vec<usize>>,
}

/// A cell and its colour.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cell {
    text: String,
    tone: Tone,
}

impl Cell {
    /// A cell in a colour.
    pub fn new(text: impl AsRef<str>, tone: Tone) -> Self {
        Self { text: text::harmless(text.as_ref()).replace('\n', " "), tone }
    }
}

impl<T: AsRef<str>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::new(text, Tone::Plain)
    }
}

impl Table {
    /// An empty table with these titles.
    pub fn new<T: Into<String>>(header: impl IntoIterator<Item = T>) -> Self {
        Self { header: header.into_iter().map(Into::into).collect(), ..Self::default() }
    }

    /// Breaks the column over several lines where the table is too wide. Columns give way in the order in which they are
    /// named.
    #[must_use]
    pub fn wrap(mut self, column: usize) -> Self {
        self.yields.push((column, Yield::Wrap));
        self
    }

    /// Shortens the column where the table is too wide.
    #[must_use]
    pub fn shorten(mut self, column: usize) -> Self {
        self.yields.push((column, Yield::Shorten));
        self
    }

    /// Aligns the column on the right, as for numbers.
    #[must_use]
    pub fn right(mut self, column: usize) -> Self {
        self.right.push(column);
        self
    }

    /// Fixes the width of each column, in columns of a terminal, so that rows that are printed one by one stand below each other.
    #[must_use]
    pub fn fixed(mut self, widths: impl Into<Vec<usize>>) -> Self {
        self.fixed = Some(widths.into());
        self
    }

    /// Adds a row; a missing cell is empty. Cells are made harmless.
    pub fn row<C: Into<Cell>>(&mut self, cells: impl IntoIterator<Item = C>) {
        self.rows.push(cells.into_iter().map(Into::into).collect());
    }

    /// Adds a long value that goes below the table, whole.
    pub fn below(&mut self, name: impl Into<String>, value: impl AsRef<str>) {
        self.below.push((name.into(), text::one_line(value.as_ref())));
    }

    /// Returns true where there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The table for a stream: as wide as its terminal allows and in its colours, or whole and plain.
    pub fn for_stream(&self, stream: Stream) -> String {
        self.fitted(stream.columns(), stream.has_color())
    }

    /// The table in at most so many columns, where they are known.
    pub fn fitted(&self, columns: Option<usize>, color: bool) -> String {
        let widths = self.widths(columns);
        let mut text = String::new();
        if self.header.iter().any(|title| !title.is_empty()) {
            let titles: Vec<Cell> =
                self.header.iter().map(|title| Cell::new(title, Tone::Strong)).collect();
            self.push(&mut text, &titles, &widths, color);
        }
        for row in &self.rows {
            self.push(&mut text, row, &widths, color);
        }
        self.push_below(&mut text);
        text
    }

    /// The table as Markdown, for GitHub's summaries.
    pub fn markdown(&self) -> String {
        let count = self.count();
        let line = |cells: Vec<&str>| {
            let cells: Vec<_> = cells.into_iter().map(|cell| cell.replace('|', "\\|")).collect();
            format!("| {} |\n", cells.join(" | "))
        };
        let cell =
            |row: &[Cell], column: usize| row.get(column).map_or(String::new(), |c| c.text.clone());
        let title = |column: usize| self.header.get(column).map_or("", String::as_str);
        let mut text = line((0..count).map(title).collect());
        text += &["|", &" --- |".repeat(count), "\n"].concat();
        for row in &self.rows {
            let cells: Vec<_> = (0..count).map(|column| cell(row, column)).collect();
            text += &line(cells.iter().map(String::as_str).collect());
        }
        self.push_below(&mut text);
        text
    }

    fn count(&self) -> usize {
        self.rows.iter().map(Vec::len).max().unwrap_or(0).max(self.header.len())
    }

    fn widths(&self, columns: Option<usize>) -> Vec<usize> {
        if let Some(fixed) = &self.fixed {
            return fixed.clone();
        }
        let title = |column: usize| self.header.get(column).map_or(0, |title| text::width(title));
        let cell = |row: &Vec<Cell>, column: usize| {
            row.get(column).map_or(0, |cell| text::width(&cell.text))
        };
        let mut widths: Vec<usize> = (0..self.count())
            .map(|column| {
                self.rows.iter().map(|row| cell(row, column)).max().unwrap_or(0).max(title(column))
            })
            .collect();
        let Some(columns) = columns else { return widths };
        for (column, how) in &self.yields {
            let total = widths.iter().sum::<usize>() + GAP * widths.len().saturating_sub(1);
            let Some(width) = widths.get_mut(*column) else { continue };
            let least = match how {
                Yield::Wrap => LEAST_WRAPPED,
                Yield::Shorten => LEAST_SHORT,
            };
            let least = least.max(title(*column)).min(*width);
            *width = width.saturating_sub(total.saturating_sub(columns)).max(least);
        }
        widths
    }

    /// A row, over as many lines as its highest cell takes.
    fn push(&self, text: &mut String, row: &[Cell], widths: &[usize], color: bool) {
        let cells: Vec<(Vec<String>, Tone)> = row
            .iter()
            .zip(widths)
            .enumerate()
            .map(|(column, (cell, width))| (self.lines(column, &cell.text, *width), cell.tone))
            .collect();
        let height = cells.iter().map(|(lines, _)| lines.len()).max().unwrap_or(1);
        for index in 0..height {
            let mut line = String::new();
            for (column, width) in widths.iter().enumerate() {
                let cell =
                    cells.get(column).and_then(|(lines, tone)| Some((lines.get(index)?, *tone)));
                let (content, tone) =
                    cell.map_or(("", Tone::Plain), |(content, tone)| (content, tone));
                let space = " ".repeat(width.saturating_sub(text::width(content)));
                let painted = tone.paint(content, color);
                let gap = if column > 0 { "  " } else { "" };
                line += gap;
                line +=
                    &if self.right.contains(&column) { space + &painted } else { painted + &space };
            }
            *text += line.trim_end();
            text.push('\n');
        }
    }

    fn lines(&self, column: usize, content: &str, width: usize) -> Vec<String> {
        match self.yields.iter().find(|(named, _)| *named == column) {
            Some((_, Yield::Wrap)) => text::break_up(content, width),
            Some((_, Yield::Shorten)) => vec![text::shorten(content, width)],
            None => vec![content.to_owned()],
        }
    }

    fn push_below(&self, text: &mut String) {
        if self.below.is_empty() {
            return;
        }
        let width = self.below.iter().map(|(name, _)| text::width(name)).max().unwrap_or(0);
        text.push('\n');
        for (name, value) in &self.below {
            let _ = writeln!(text, "{}  {value}", text::pad(name, width));
        }
    }
}

/// Whole and plain, as for a pipe.
impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.fitted(None, false))
    }
}
