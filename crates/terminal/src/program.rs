//! The words by which a person calls the commands: `cargo xtask` in this repository, `skyward` where it is installed.
//!
//! Help, advice and errors name a command by [`command`], so that what they say can be typed as it is.

use std::sync::OnceLock;

/// The words before a command, where they are not those of this repository.
static PREFIX: OnceLock<&'static str> = OnceLock::new();

/// Sets the words before each command, once, at the start of a program.
pub fn set_prefix(words: &'static str) {
    let _ = PREFIX.set(words);
}

/// The words before each command.
pub fn prefix() -> &'static str {
    PREFIX.get().copied().unwrap_or("cargo xtask")
}

/// The command as it is typed: `cargo xtask image build`.
pub fn command(words: &str) -> String {
    format!("{} {words}", prefix())
}

/// Parses a command line whose first word is the program's own name. Its usage names the command as it is typed.
///
/// # Errors
///
/// clap's, for [`crate::exit::main`]: help and the version are among them.
#[cfg(feature = "clap")]
pub fn parse<P: clap::Parser>(
    arguments: impl IntoIterator<Item = std::ffi::OsString>,
) -> Result<P, clap::Error> {
    let parser = P::command();
    let name = command(parser.get_name());
    let mut parser = parser.bin_name(name);
    let matches = parser.try_get_matches_from_mut(arguments)?;
    P::from_arg_matches(&matches).map_err(|error| error.format(&mut parser))
}
