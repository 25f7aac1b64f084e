//! The commands as a person types them.
//!
//! Help, advice and errors name a command by [`command`], so that what they say can be typed as it is. In the repository of
//! Skyward each command is a program of its own, which `cargo xtask` starts; installed, they are one program, which says so
//! with [`installed`] before anything else.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

/// The name of the one program that has all commands, where this process is that one.
static INSTALLED: OnceLock<&'static str> = OnceLock::new();

/// The beginning of each example until the program's name is known, which depends on who runs it.
#[cfg(feature = "clap")]
pub(crate) const PROMPT: &str = "  $ ";

/// Says that this process is the program `name`, which has all commands.
pub fn installed(name: &'static str) {
    // The first to say so is `main`.
    let _ = INSTALLED.set(name);
}

/// The command as it is typed: `cargo xtask image build`, or `skyward image build`.
pub fn command(words: &str) -> String {
    format!("{} {words}", INSTALLED.get().unwrap_or(&"cargo xtask"))
}

/// The words that lead from this process's own program to the commands of `task`: none where it is a program of its own.
pub fn within(task: &str) -> Option<String> {
    INSTALLED.get().map(|_| task.to_owned())
}

/// A command line as a person types it: `cargo xtask image build` for the program `skyward-image`.
pub fn words(line: &Command) -> String {
    let program = Path::new(line.get_program());
    let name = program.file_name().unwrap_or(program.as_os_str()).to_string_lossy();
    let arguments: Vec<_> = line.get_args().map(OsStr::to_string_lossy).collect();
    let arguments = arguments.join(" ");
    if INSTALLED.get().is_some_and(|installed| *installed == name) {
        return command(&arguments);
    }
    let name = match name.strip_prefix("skyward-") {
        Some("deployer") => command("deploy-k3s"),
        Some("provisioner") => command("provision-aws"),
        Some(task) => command(task),
        None => name.into_owned(),
    };
    format!("{name} {arguments}").trim_end().to_owned()
}

/// Names the commands in all examples as they are typed, by `cargo xtask` or in the one installed program.
#[cfg(feature = "clap")]
#[must_use]
pub fn as_typed(parser: clap::Command) -> clap::Command {
    let typed = parser
        .get_after_help()
        .map(|text| text.to_string().replace(PROMPT, &format!("  {}", command(""))));
    let parser = match typed {
        Some(text) => parser.after_help(text),
        None => parser,
    };
    parser.mut_subcommands(as_typed)
}

/// Parses a command line whose first word is the program's own name. Its usage and its examples name the command as it is typed;
/// that of a program which has a `bin_name` keeps it.
///
/// # Errors
///
/// clap's, for [`crate::exit::main`]: help and the version are among them.
#[cfg(feature = "clap")]
pub fn parse<P: clap::FromArgMatches>(
    parser: clap::Command,
    arguments: impl IntoIterator<Item = std::ffi::OsString>,
) -> Result<P, clap::Error> {
    let name = match parser.get_bin_name() {
        Some(name) => name.to_owned(),
        None => command(parser.get_name()),
    };
    let mut parser = as_typed(parser).bin_name(name);
    let matches = parser.try_get_matches_from_mut(arguments)?;
    P::from_arg_matches(&matches).map_err(|error| error.format(&mut parser))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_named_as_they_are_typed() {
        let words =
            |program: &str, arguments: &[&str]| super::words(Command::new(program).args(arguments));
        let image = words("/target/debug/skyward-image", &["build", "--output"]);
        assert_eq!(image, "cargo xtask image build --output");
        let deploy = words("/target/debug/skyward-deployer", &["apply"]);
        assert_eq!(deploy, "cargo xtask deploy-k3s apply");
        let clippy = words("/opt/rust/bin/cargo", &["clippy", "--", "-D"]);
        assert_eq!(clippy, "cargo clippy -- -D");
    }
}
