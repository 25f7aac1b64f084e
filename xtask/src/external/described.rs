//! The command lines of the crates' programs, described: what is asked for help or misspelt is answered without compiling the program.

use std::ffi::OsString;

use clap::error::ErrorKind;
use skyward_terminal::commands::{self, Described};
use skyward_terminal::program;

/// Generated from the command lines themselves; a test of `crates/skyward` holds the two against each other.
const COMMANDS: &str = include_str!("../../commands.json");

/// clap's answer where `arguments` of the program of `task` ask for help, or name a command or a flag that there is not. Everything
/// else is for the program to say.
pub(super) fn answer(task: &str, arguments: &[OsString]) -> Option<clap::Error> {
    let described = described(task)?;
    let command = described.command();
    let mut line: Vec<OsString> = vec![task.into()];
    line.extend_from_slice(arguments);
    if let Some(default) = described.default_command() {
        line = commands::with_default(&command, default, line);
    }
    let error = program::parse::<Parsed>(command, line).err()?;
    let is_ours = matches!(
        error.kind(),
        ErrorKind::DisplayHelp
            | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
            | ErrorKind::DisplayVersion
            | ErrorKind::InvalidSubcommand
            | ErrorKind::MissingSubcommand
            | ErrorKind::UnknownArgument
            | ErrorKind::InvalidValue
    );
    is_ours.then_some(error)
}

/// Returns true where the program of `task` has this command.
pub(super) fn has_command(task: &str, name: &str) -> bool {
    described(task).is_some_and(|described| described.command().find_subcommand(name).is_some())
}

fn described(task: &str) -> Option<Described> {
    let all: Vec<Described> = serde_json::from_str(COMMANDS).ok()?;
    all.into_iter().find(|described| described.name() == task)
}

/// The meaning of a described command line: none, since its arguments are for the program to read.
struct Parsed;

impl clap::FromArgMatches for Parsed {
    fn from_arg_matches(_: &clap::ArgMatches) -> Result<Self, clap::Error> {
        Ok(Self)
    }

    fn update_from_arg_matches(&mut self, _: &clap::ArgMatches) -> Result<(), clap::Error> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(task: &str, line: &str) -> Option<String> {
        let arguments: Vec<OsString> = line.split_whitespace().map(OsString::from).collect();
        answer(task, &arguments).map(|error| error.render().to_string())
    }

    #[test]
    fn help_and_what_is_misspelt_are_answered_and_nothing_else() {
        for (task, line, expected) in [
            (
                "deploy-k3s",
                "rollback --help",
                "Usage: cargo xtask deploy-k3s rollback [OPTIONS] [REVISION]",
            ),
            ("deploy-k3s", "rollback --help", "\n  cargo xtask deploy-k3s rollback 3"),
            ("deploy-k3s", "--canary 1 --help", "Usage: cargo xtask deploy-k3s apply"),
            ("deploy-k3s", "rolback", "a similar subcommand exists: 'rollback'"),
            ("deploy-k3s", "cluster pu", "unrecognized subcommand 'pu'"),
            ("deploy-k3s", "apply --canry 1", "a similar argument exists: '--canary'"),
            ("image", "", "Usage: cargo xtask image"),
            ("image", "build --output jsn", "a similar value exists: 'json'"),
            ("image", "help push", "Push an image to registries"),
            ("provision-aws", "paln", "a similar subcommand exists: 'plan'"),
            ("config", "--version", "config 0."),
        ] {
            let said = said(task, line).unwrap_or_default();
            assert!(said.contains(expected), "{task} {line}: {said}");
        }
        for (task, line) in [
            ("deploy-k3s", ""),
            ("deploy-k3s", "--image ghcr.io/acme/web:1.0 -e prod"),
            ("deploy-k3s", "exec -t web-1 -- sh -c help"),
            ("deploy-k3s", "scale many"),
            ("image", "run web.tar -- --port 8081"),
            ("provision-aws", "apply --simulate --yes --pace 60"),
            ("config", "show --set k3s.replicas=3 --set image.tags=1.0"),
        ] {
            assert_eq!(said(task, line), None, "{task} {line}");
        }
    }
}
