//! Asking before something that cannot be taken back, or that nobody has asked for.

use std::io::{BufRead, IsTerminal, stdin};

use anyhow::{Result, bail};

/// Asks for a name to be typed. `doing` is for the error, `what` for the person.
///
/// # Errors
/// There is no one to ask, or another name was typed.
pub(crate) fn name(doing: &str, what: &str, name: &str) -> Result<()> {
    if !stdin().is_terminal() {
        bail!("{doing}: there is no one to ask; give --yes");
    }
    eprint!("{what} Type its name to go on: ");
    if line()? != name {
        bail!("{doing}: another name was typed; nothing was changed");
    }
    Ok(())
}

/// Asks for yes or no, where there is someone to ask.
///
/// # Errors
/// The answer cannot be read.
pub(crate) fn agrees(question: &str) -> Result<Option<bool>> {
    if !stdin().is_terminal() {
        return Ok(None);
    }
    eprint!("{question} [y/N] ");
    Ok(Some(matches!(line()?.to_lowercase().as_str(), "y" | "yes")))
}

fn line() -> Result<String> {
    let mut line = String::new();
    stdin().lock().read_line(&mut line)?;
    Ok(line.trim().to_owned())
}
