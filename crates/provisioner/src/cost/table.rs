//! A cost as a table for people, and in Markdown.

use skyward_terminal::{Table, text};

use super::{Amount, Cost, Line, Usd};

/// A price: as many digits as it has.
fn price(price: Amount) -> String {
    let one = |usd: Usd| {
        let digits = format!("{}.{:06}", usd.0 / 1_000_000, usd.0 % 1_000_000);
        let short = digits.trim_end_matches('0');
        let least = short.find('.').map_or(0, |point| point + 3);
        digits[..short.len().max(least)].to_owned()
    };
    if price.from == price.to {
        one(price.from)
    } else {
        format!("{} to {}", one(price.from), one(price.to))
    }
}

const UNKNOWN: &str = "not in the price table";

/// A line's cells.
fn cells(line: &Line) -> [String; 4] {
    let unit = match (line.quantity, line.unit) {
        (1, unit) | (_, unit @ ("GiB" | "IOPS")) => unit.to_owned(),
        (_, unit) => format!("{unit}s"),
    };
    [
        line.what.clone(),
        format!("{} {unit}", line.quantity),
        line.unit_price.map_or_else(|| UNKNOWN.to_owned(), price),
        line.monthly.map_or_else(|| "?".to_owned(), |monthly| monthly.to_string()),
    ]
}

const HEAD: [&str; 4] = ["what", "quantity", "price of one", "USD a month"];

impl Cost {
    /// The total in words, such as `586.29 to 656.37 USD a month`.
    pub fn summary(&self) -> String {
        let at_least = if self.is_at_least { "at least " } else { "" };
        format!("{at_least}{} USD a month", self.total)
    }

    fn rows(&self) -> Vec<[String; 4]> {
        let at_least = if self.is_at_least { "at least " } else { "" };
        let total =
            ["total".into(), String::new(), String::new(), format!("{at_least}{}", self.total)];
        self.lines.iter().map(cells).chain([total]).collect()
    }

    /// A table for people, and the notes, in as many columns as there are.
    pub fn text(&self, columns: Option<usize>, color: bool) -> String {
        let mut table = Table::new(HEAD).wrap(0).right(1).right(2).right(3);
        for row in self.rows() {
            table.row(row);
        }
        let mut text = table.fitted(columns, color);
        for note in &self.notes {
            let lines =
                columns.map_or_else(|| vec![note.clone()], |columns| text::wrap(note, columns));
            text.push('\n');
            text.push_str(&lines.join("\n"));
        }
        text.push('\n');
        text
    }

    /// The same as a table in Markdown, without the notes.
    pub fn markdown(&self) -> String {
        let row = |cells: [String; 4]| format!("| {} |\n", cells.join(" | "));
        let rows: String = self.rows().into_iter().map(row).collect();
        format!("{}|---|---:|---:|---:|\n{rows}", row(HEAD.map(str::to_owned)))
    }
}
