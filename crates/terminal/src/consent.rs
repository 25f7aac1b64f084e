//! Asking before something that cannot be taken back.
//!
//! Nothing destructive happens unasked: a command has `--yes`, or somebody at the terminal types the answer. Where nobody
//! can be asked, the error says to give `--yes`, and that nothing was changed.

use std::io::{self, BufRead, IsTerminal, Stdin};

use anyhow::{Result, anyhow, bail};

use crate::output::write_err;
use crate::text;

/// The answer that has to be typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer<'a> {
    /// `y` or `yes`.
    Yes,
    /// The name of what is at stake, so that nobody deletes the wrong one.
    Name(&'a str),
}

/// Asks, unless `--yes` was given.
///
/// `operation` begins the error, such as `destroy the stack skyward`; `question` tells the person what will happen.
///
/// # Errors
/// Nobody can be asked, or something else was typed.
pub fn ask(operation: &str, question: &str, answer: Answer<'_>, is_given: bool) -> Result<()> {
    if is_given {
        return Ok(());
    }
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        bail!("{}", nobody(operation));
    }
    ask_from(&mut typing(&stdin), operation, question, answer)
}

/// The error where nobody can be asked.
pub fn nobody(operation: &str) -> String {
    format!(
        "{operation}: nobody can be asked without a terminal. Next step: give --yes. Nothing was changed"
    )
}

/// Asks whoever writes to `input`.
///
/// # Errors
/// Something else was typed.
pub fn ask_from(
    input: &mut dyn BufRead,
    operation: &str,
    question: &str,
    answer: Answer<'_>,
) -> Result<()> {
    let how = match answer {
        Answer::Yes => "[y/N]".to_owned(),
        Answer::Name(name) => format!("Type {} to continue:", text::one_line(name)),
    };
    let typed = typed(input, &format!("{question} {how} "))
        .map_err(|error| anyhow!("{operation}: {error}. Nothing was changed"))?;
    match answer {
        Answer::Yes if is_yes(&typed) => Ok(()),
        Answer::Name(name) if typed == name => Ok(()),
        Answer::Yes => bail!("{operation}: the answer was no. Nothing was changed"),
        Answer::Name(_) => bail!("{operation}: another name was typed. Nothing was changed"),
    }
}

/// Standard input as somebody types it. Programs that listen for Ctrl-C would not be ended by it while they read.
#[cfg(feature = "interrupt")]
fn typing(stdin: &Stdin) -> impl BufRead {
    crate::interrupt::Interruptible(stdin.lock())
}

/// Standard input as somebody types it.
#[cfg(not(feature = "interrupt"))]
fn typing(stdin: &Stdin) -> impl BufRead {
    stdin.lock()
}

/// Asks for yes or no something that a command can do without. Returns `None` where nobody can be asked.
///
/// # Errors
/// The answer cannot be read.
pub fn offer(question: &str) -> Result<Option<bool>> {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        return Ok(None);
    }
    Ok(Some(is_yes(&typed(&mut typing(&stdin), &format!("{question} [y/N] "))?)))
}

fn is_yes(typed: &str) -> bool {
    matches!(typed.to_lowercase().as_str(), "y" | "yes")
}

fn typed(input: &mut dyn BufRead, question: &str) -> io::Result<String> {
    write_err(&text::harmless(question));
    let mut line = String::new();
    input.read_line(&mut line)?;
    Ok(line.trim().to_owned())
}
