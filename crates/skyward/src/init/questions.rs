//! Questions to the person at the terminal, each with an answer that Enter takes.

use std::fmt::Write as _;
use std::io::{BufRead, IsTerminal};

use anyhow::{Context, Result, bail};
use skyward_terminal::output::write_err;
use skyward_terminal::text;

/// Asks, where somebody can be asked.
pub(super) struct Questions {
    are_possible: bool,
}

impl Questions {
    /// Asks nothing where `is_settled`, or where there is no terminal.
    pub(super) fn new(is_settled: bool) -> Self {
        let are_seen = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
        Self { are_possible: are_seen && !is_settled }
    }

    pub(super) fn are_possible(&self) -> bool {
        self.are_possible
    }

    /// Asks for a value; `usual` is the answer of Enter, and of nobody.
    pub(super) fn ask(&self, question: &str, usual: &str) -> Result<String> {
        if !self.are_possible {
            return Ok(usual.to_owned());
        }
        let typed = typed(&format!("{question} [{}]: ", text::one_line(usual)))?;
        Ok(if typed.is_empty() { usual.to_owned() } else { typed })
    }

    /// Asks for one of several, by its number.
    pub(super) fn choose(question: &str, several: &[String]) -> Result<usize> {
        let mut list = format!("{question}\n");
        for (index, one) in several.iter().enumerate() {
            let _ = writeln!(list, "{:>4}  {}", index + 1, text::one_line(one));
        }
        let typed = typed(&format!("{list}Number [1]: "))?;
        let number = if typed.is_empty() { 1 } else { typed.parse().unwrap_or(0) };
        match several.len() {
            count if (1..=count).contains(&number) => Ok(number - 1),
            count => {
                bail!("init: {typed:?} is no number from 1 to {count}. Next step: run it again")
            }
        }
    }
}

fn typed(question: &str) -> Result<String> {
    write_err(question);
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).context("reading the answer")?;
    Ok(line.trim().to_owned())
}
