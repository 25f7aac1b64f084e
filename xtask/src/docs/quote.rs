//! Quotes in a Markdown text: where they are, whether they still fit, and how they are replaced.

/// The line above a fenced block that makes it a quote.
const MARK: &str = "<!-- quoted -->";
/// The beginning of a command that is run.
const COMMAND: &str = "$ cargo xtask ";
/// The line that leaves lines out.
const LEFT_OUT: &str = "…";

/// A document as pieces, of which some are quotes.
pub(super) struct Document(Vec<Piece>);

enum Piece {
    Text(String),
    Quote(Quote),
}

/// The output of a command, as a document has it.
pub(super) struct Quote {
    /// The command line, without the prompt.
    pub(super) command: String,
    /// The line of the document in which the command is.
    pub(super) line: usize,
    output: Vec<String>,
}

impl Document {
    /// Finds the quotes of a text.
    pub(super) fn parse(text: &str) -> Self {
        let mut pieces = Vec::new();
        let (mut is_marked, mut is_quote, mut is_fenced) = (false, false, false);
        for (number, line) in text.split_inclusive('\n').enumerate() {
            let bare = line.trim_end_matches('\n');
            if bare.starts_with("```") {
                is_quote = !is_fenced && is_marked;
                is_fenced = !is_fenced;
            } else if let (true, Some(rest)) = (is_quote, bare.strip_prefix(COMMAND)) {
                pieces.push(Piece::Quote(Quote {
                    command: format!("cargo xtask {rest}"),
                    line: number + 1,
                    output: Vec::new(),
                }));
                continue;
            } else if is_quote
                && !bare.starts_with("$ ")
                && let Some(Piece::Quote(quote)) = pieces.last_mut()
            {
                quote.output.push(bare.to_owned());
                continue;
            }
            is_marked = bare == MARK;
            match pieces.last_mut() {
                Some(Piece::Text(text)) => text.push_str(line),
                _ => pieces.push(Piece::Text(line.to_owned())),
            }
        }
        Self(pieces)
    }

    /// The quotes, in their order.
    pub(super) fn quotes(&mut self) -> impl Iterator<Item = &mut Quote> {
        self.0.iter_mut().filter_map(|piece| match piece {
            Piece::Quote(quote) => Some(quote),
            Piece::Text(_) => None,
        })
    }

    /// The document's text.
    pub(super) fn text(&self) -> String {
        let text = |piece: &Piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Quote(quote) => {
                let output: String = quote.output.iter().flat_map(|line| [line, "\n"]).collect();
                format!("$ {}\n{output}", quote.command)
            }
        };
        self.0.iter().map(text).collect()
    }
}

impl Quote {
    /// The output as the document has it.
    pub(super) fn output(&self) -> String {
        self.output.join("\n")
    }

    /// Returns true where the command prints this output, but for what varies from run to run and for what the quote leaves out.
    pub(super) fn fits(&self, now: &str) -> bool {
        let quoted: Vec<_> = self.output.iter().map(|line| folded(line)).collect();
        let now: Vec<_> = now.trim_end().lines().map(folded).collect();
        fits(&quoted, &now)
    }

    /// Takes the output of now; false where the quote leaves lines out, which only a person can choose.
    pub(super) fn replace(&mut self, now: &str) -> bool {
        let is_whole = !self.output.iter().any(|line| line == LEFT_OUT);
        if is_whole {
            self.output = now.trim_end().lines().map(|line| line.trim_end().to_owned()).collect();
        }
        is_whole
    }
}

/// Compares lines, of which `…` stands for any number.
fn fits(quoted: &[String], now: &[String]) -> bool {
    match quoted.split_first() {
        None => now.is_empty(),
        Some((line, rest)) if line == LEFT_OUT => {
            (0..=now.len()).any(|left_out| fits(rest, &now[left_out..]))
        }
        Some((line, rest)) => now.first() == Some(line) && fits(rest, &now[1..]),
    }
}

/// A line without what varies: the number before a unit of time, and the width of columns.
fn folded(line: &str) -> String {
    let words: Vec<_> = line.split_whitespace().collect();
    let is_unit = |word: &&str| {
        let word = word.trim_end_matches([')', ',', '.', ';', ':']);
        ["µs", "ms", "s", "min"].contains(&word)
    };
    let fold = |(index, word): (usize, &&str)| {
        let number = word.trim_start_matches('(');
        let is_number = number.starts_with(|letter: char| letter.is_ascii_digit())
            && number.chars().all(|letter| letter.is_ascii_digit() || letter == '.');
        if is_number && words.get(index + 1).is_some_and(is_unit) { "#" } else { word }.to_owned()
    };
    words.iter().enumerate().map(fold).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# A page\n\n```\n$ cargo xtask config show\nnot a quote\n```\n\n<!-- quoted -->\n```\n$ cargo xtask image inspect\nread in 1.5 ms\nrest\n$ dive --ci\nas it was\n$ cargo xtask config check\n…\nlast\n```\nend\n";

    fn quotes(document: &mut Document) -> Vec<(usize, String, String)> {
        let parts = |quote: &mut Quote| (quote.line, quote.command.clone(), quote.output());
        document.quotes().map(parts).collect()
    }

    #[test]
    fn a_marked_block_is_a_quote_and_the_text_stays_what_it_was() {
        let mut document = Document::parse(TEXT);
        let owned = |line, command: &str, output: &str| (line, command.into(), output.into());
        assert_eq!(
            quotes(&mut document),
            [
                owned(10, "cargo xtask image inspect", "read in 1.5 ms\nrest"),
                owned(15, "cargo xtask config check", "…\nlast"),
            ]
        );
        assert_eq!(document.text(), TEXT);
    }

    #[test]
    fn times_and_columns_vary_and_nothing_else() {
        let mut document = Document::parse(TEXT);
        let fits: Vec<_> = document
            .quotes()
            .map(|quote| {
                [
                    "read in   20 ms\nrest\n",
                    "read in 1.5 MB\nrest\n",
                    "1\n2\nlast\n",
                    "last\n",
                    "1\nlast\n2\n",
                ]
                .map(|now| quote.fits(now))
            })
            .collect();
        assert_eq!(fits, [[true, false, false, false, false], [false, false, true, true, false]]);
    }

    #[test]
    fn a_whole_quote_is_replaced_and_one_that_leaves_lines_out_is_not() {
        let mut document = Document::parse(TEXT);
        let replaced: Vec<_> = document.quotes().map(|quote| quote.replace("new\n")).collect();
        assert_eq!(replaced, [true, false]);
        assert_eq!(document.text(), TEXT.replace("read in 1.5 ms\nrest", "new"));
    }
}
