//! The shell of every binary's `main`: exit codes, and errors in one form.

#[cfg(feature = "clap")]
mod help;

use std::process::ExitCode;

use anyhow::Error;

use crate::output::{self, OutputError};
use crate::style::{Stream, Tone};
use crate::text;

/// The end of a command; the numbers are those of the README.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done.
    Done = 0,
    /// Failed, or found what it was to find wrong.
    Failed = 1,
    /// Called in a way that it does not understand.
    Usage = 2,
    /// There are differences; only where `--exit-code` asks.
    Differences = 3,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// A mistake in the call that clap cannot see, such as the name of a step that does not exist. Ends with [`Exit::Usage`].
#[derive(Debug)]
pub struct UsageError(String);

impl UsageError {
    /// The mistake, and what would be right.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl std::fmt::Display for UsageError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for UsageError {}

/// Runs a command and tells why it failed, where it did. Every binary's `main` returns what this returns.
///
/// An error is shown as `error: OPERATION OBJECT: reason. Next step: …`, its causes joined by colons. `is_listing` names
/// the errors that are whole lines of their own already, each beginning with the place it is about, as those of
/// `skyward.toml` are: they are shown as they are.
///
/// clap's errors may be returned like any other: help and the version go to standard output with exit code 0, everything
/// else to standard error with 2. A reader of standard output that has left is a quiet end with 0, as for ripgrep: the
/// command did what was asked, and `cargo xtask … | head -1` succeeds under `pipefail`.
pub fn main<Code: Into<ExitCode>>(
    is_listing: impl FnOnce(&Error) -> bool,
    run: impl FnOnce() -> anyhow::Result<Code>,
) -> ExitCode {
    match run() {
        Ok(code) => match output::lost() {
            Some(reason) => fail(&format!("writing events to standard output: {reason}")),
            None => code.into(),
        },
        Err(error) => ended(&error, is_listing),
    }
}

fn ended(error: &Error, is_listing: impl FnOnce(&Error) -> bool) -> ExitCode {
    #[cfg(feature = "clap")]
    if let Some(error) = error.downcast_ref() {
        return help::answer(error).map_or_else(|error| failed(&error.into()), Into::into);
    }
    if is_listing(error) {
        output::say(&broken(&text::harmless(&error.to_string()), Stream::Err.columns()));
        return Exit::Failed.into();
    }
    failed(error)
}

fn failed(error: &Error) -> ExitCode {
    if let Some(OutputError::Closed) = error.downcast_ref() {
        return Exit::Done.into();
    }
    let code = fail(&reasons(error));
    if error.is::<UsageError>() { Exit::Usage.into() } else { code }
}

/// An error and its causes, joined by colons; the next step that one of them has goes to the end, behind all reasons. Of two, that of the
/// cause is about what is wrong.
fn reasons(error: &Error) -> String {
    const NEXT: &str = ". Next step: ";
    let links: Vec<String> = error.chain().map(ToString::to_string).collect();
    let parts = links.iter().map(|link| match link.split_once(NEXT) {
        Some((reason, step)) => (reason, Some(step)),
        None => (link.as_str(), None),
    });
    let (reasons, steps): (Vec<_>, Vec<_>) = parts.unzip();
    let next = steps.into_iter().flatten().next_back();
    reasons.join(": ") + &next.map(|step| format!("{NEXT}{step}")).unwrap_or_default()
}

fn fail(reason: &str) -> ExitCode {
    output::say(&form(reason, Stream::Err.columns(), Stream::Err.has_color()));
    Exit::Failed.into()
}

/// The one form of an error. On a terminal it is broken between words.
pub fn form(reason: &str, columns: Option<usize>, color: bool) -> String {
    let reason = text::harmless(reason);
    broken(&format!("error: {reason}"), columns).replacen(
        "error:",
        &Tone::Bad.paint("error:", color),
        1,
    )
}

/// The text, broken between words where the columns are known.
fn broken(text: &str, columns: Option<usize>) -> String {
    columns.map_or_else(|| text.to_owned(), |columns| text::wrap(text, columns).join("\n"))
}

#[cfg(test)]
mod tests {
    use anyhow::{Context as _, anyhow};

    use super::reasons;

    #[test]
    fn the_next_step_comes_behind_all_reasons() {
        let cause = || anyhow!("x.txt: no such file");
        let outer =
            || Err::<(), _>(cause()).context("image.files cannot be read. Next step: name others");
        let shown = |error: anyhow::Result<()>| reasons(&error.expect_err("it is one"));
        assert_eq!(shown(Err(cause())), "x.txt: no such file");
        let told = "image.files cannot be read: x.txt: no such file. Next step: name others";
        assert_eq!(shown(outer()), told);
        assert_eq!(shown(outer().context("building")), format!("building: {told}"));
        let both = Err(anyhow!("it is full. Next step: make room"))
            .context("writing. Next step: try again");
        assert_eq!(shown(both), "writing: it is full. Next step: make room");
    }
}
