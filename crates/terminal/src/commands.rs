//! Command lines as values: their examples, and a description from which one is built again elsewhere.
//!
//! xtask links no product crate, so it cannot ask the deployer's own command line what a misspelt word is to be; and to compile
//! minutes for a page of help is too much to ask. A [`Described`] has all that help and suggestions are made of. It is
//! generated from the real command lines, and a test holds both against each other, page by page.

mod described;

use std::ffi::OsString;

use clap::{Arg, Command};

use crate::program::PROMPT;

pub use described::Described;

/// Examples by the words that lead to a command below a program, such as `secret set`; the program's own are those of no word.
/// Each is a line without the program's name.
pub type Examples = [(&'static str, &'static [&'static str])];

/// Gives commands their examples, at the end of their help. `task` are the words that lead to `command`, such as `deploy-k3s`.
///
/// # Panics
/// When the words lead to no command: that is a mistake in the program, found by its tests.
#[must_use]
pub fn with_examples(task: &str, command: Command, examples: &Examples) -> Command {
    examples.iter().fold(command, |command, (path, lines)| {
        let shown: Vec<_> = lines.iter().map(|line| [PROMPT, &join(task, line)].concat()).collect();
        at(command, path, &|command| command.after_help(format!("Examples:\n{}", shown.join("\n"))))
    })
}

fn at(command: Command, path: &str, change: &dyn Fn(Command) -> Command) -> Command {
    match path.split_once(' ') {
        None if path.is_empty() => change(command),
        None => command.mut_subcommand(path, change),
        Some((first, rest)) => command.mut_subcommand(first, |command| at(command, rest, change)),
    }
}

fn join(task: &str, line: &str) -> String {
    format!("{task} {line}").trim().to_owned()
}

/// Puts the command `default` first where the arguments, of which the first is the program, name none. A word that is no command is
/// left for clap to refuse with its suggestion: a misspelt `rollback` must never reach a default that changes something.
pub fn with_default(cli: &Command, default: &str, mut arguments: Vec<OsString>) -> Vec<OsString> {
    let asks = |argument: &OsString| {
        matches!(argument.to_str(), Some("--help" | "-h" | "--version" | "-V"))
    };
    let flags = || cli.find_subcommand(default).into_iter().flat_map(Command::get_arguments);
    // Who asks for help behind one of its flags asks for that of the default.
    let is_of_default = |argument: &OsString| {
        let name = argument.to_str().and_then(|text| text.strip_prefix("--"));
        let name = name.map(|name| name.split_once('=').map_or(name, |(name, _)| name));
        name.is_some() && flags().any(|flag| flag.get_long() == name)
    };
    let given = arguments.get(1..).unwrap_or_default();
    let is_meant = !given.iter().any(asks) || given.iter().any(is_of_default);
    let all: Vec<_> = cli.get_arguments().chain(flags()).collect();
    if is_meant && first_word(&all, given).is_none() {
        arguments.insert(arguments.len().min(1), default.into());
    }
    arguments
}

/// The first argument that is neither one of these flags nor a flag's value.
fn first_word<'a>(flags: &[&Arg], arguments: &'a [OsString]) -> Option<&'a OsString> {
    let takes_value = |is_meant: &dyn Fn(&Arg) -> bool| {
        flags.iter().any(|flag| is_meant(flag) && flag.get_action().takes_values())
    };
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        let text = argument.to_string_lossy();
        let value_follows = if let Some(name) = text.strip_prefix("--") {
            takes_value(&|flag| flag.get_long() == Some(name))
        } else if let Some(letters) = text.strip_prefix('-') {
            // `-e dev`; in `-edev` the value is there already.
            let mut letters = letters.chars();
            letters.next().is_some_and(|letter| {
                letters.next().is_none() && takes_value(&|flag| flag.get_short() == Some(letter))
            })
        } else {
            return Some(argument);
        };
        if value_follows {
            arguments.next();
        }
    }
    None
}
