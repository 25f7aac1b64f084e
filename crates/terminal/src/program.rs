//! The commands as a person types them.
//!
//! Help, advice and errors name a command by [`command`], so that what they say can be typed as it is.

/// The command as it is typed: `cargo xtask image build`.
pub fn command(words: &str) -> String {
    format!("cargo xtask {words}")
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
