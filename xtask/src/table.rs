//! A table of aligned columns for people.

/// Rows of cells under a header; columns are as wide as their widest cell.
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// An empty table with the given column titles.
    pub(crate) fn new(header: &[&str]) -> Self {
        Self { rows: vec![header.iter().map(ToString::to_string).collect()] }
    }

    /// Adds a row; a missing cell is empty.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// The table as Markdown.
    pub(crate) fn markdown(&self) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let mut text = String::new();
        for (index, row) in self.rows.iter().enumerate() {
            let cells = (0..columns).map(|column| row.get(column).map_or("", String::as_str));
            let cells: Vec<_> = cells.map(|cell| cell.replace('|', "\\|")).collect();
            text += &["| ", &cells.join(" | "), " |\n"].concat();
            if index == 0 {
                text += &["|", &" --- |".repeat(columns), "\n"].concat();
            }
        }
        text
    }
}

impl std::fmt::Display for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let widths: Vec<usize> = (0..columns)
            .map(|column| {
                let cells = self.rows.iter().filter_map(|row| row.get(column));
                cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
            })
            .collect();
        for row in &self.rows {
            let line: Vec<String> =
                row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
            writeln!(f, "{}", line.join("  ").trim_end())?;
        }
        Ok(())
    }
}

/// Seconds with two or three digits that matter: `4.2 ms`, `42 ms`, `0.35 s`, `72.1 s`.
pub(crate) fn seconds(seconds: f64) -> String {
    match seconds {
        s if s < 0.01 => format!("{:.1} ms", s * 1000.0),
        s if s < 0.1 => format!("{:.0} ms", s * 1000.0),
        s if s < 10.0 => format!("{s:.2} s"),
        s => format!("{s:.1} s"),
    }
}

/// Bytes in the units of the design's table (1 MB = 1,000,000 bytes).
pub(crate) fn bytes(bytes: u64) -> String {
    // Two decimals of a megabyte; no image is large enough to lose precision.
    #[expect(clippy::cast_precision_loss, reason = "rounded to two decimals anyway")]
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        _ => format!("{:.2} MB", bytes as f64 / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_lines_not_padded() {
        let mut table = Table::new(&["step", "result"]);
        table.row(["format".to_owned(), "ok".to_owned()]);
        table.row(["a long one".to_owned(), String::new()]);
        assert_eq!(table.to_string(), "step        result\nformat      ok\na long one\n");
    }

    #[test]
    fn figures_keep_what_matters() {
        for (value, expected) in [
            (0.0042, "4.2 ms"),
            (0.042, "42 ms"),
            (0.0999, "100 ms"),
            (0.354, "0.35 s"),
            (72.14, "72.1 s"),
        ] {
            assert_eq!(seconds(value), expected);
        }
        for (value, expected) in
            [(13, "13 B"), (1_500, "1.5 kB"), (999_999, "1000.0 kB"), (1_769_744, "1.77 MB")]
        {
            assert_eq!(bytes(value), expected);
        }
    }
}
