//! The provisioner, with the AWS SDK only where its command needs an account.

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::Result;

use super::{answer_before_compiling, binary, described, replace, simulation};

/// The commands that look at the configuration alone, as a help text and a typo do. All others talk to an account.
const NEED_NO_ACCOUNT: [&str; 6] = ["graph", "cost", "export", "docs", "policies", "help"];

/// The flags that take the next word for their value: that word is neither a command nor a flag.
const TAKE_A_VALUE: [&str; 9] = [
    "--config",
    "--environment",
    "-e",
    "--set",
    "--output",
    "--seed",
    "--state",
    "--pace",
    "--timeline",
];

/// Becomes the provisioner. Its SDK takes minutes to compile, so the command decides whether it is there.
pub(crate) fn provision(arguments: &[OsString]) -> Result<ExitCode> {
    answer_before_compiling("provision-aws", "skyward-provisioner", arguments)?;
    let mut command =
        if needs_account(arguments) { binary("skyward-provisioner")? } else { simulation()? };
    replace(command.args(arguments))
}

/// Returns true where the first word that is neither a flag nor a flag's value is a command, one that needs an account, and no flag
/// asks for a simulation or for help instead.
fn needs_account(arguments: &[OsString]) -> bool {
    let mut command = None;
    let mut words = arguments.iter().map(|argument| argument.to_string_lossy());
    while let Some(word) = words.next() {
        match &*word {
            "--simulate" | "--help" | "-h" | "--version" | "-V" => return false,
            flag if TAKE_A_VALUE.contains(&flag) => drop(words.next()),
            flag if flag.starts_with('-') => {}
            name => command = command.or_else(|| Some(name.to_owned())),
        }
    }
    command.is_some_and(|name| {
        described::has_command("provision-aws", &name) && !NEED_NO_ACCOUNT.contains(&name.as_str())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_decides_and_not_any_word() {
        for (line, expected) in [
            ("plan", true),
            ("plan -e docs", true),
            ("-e docs plan", true),
            ("--environment=cost apply --yes", true),
            ("--set aws.name=graph destroy", true),
            ("drift --exit-code", true),
            ("history", true),
            ("rollback 3 --yes", true),
            ("logs i-0a1b2c3d4e5f60718", true),
            ("history --simulate", false),
            ("policies --file policy.json", false),
            ("plan --simulate", false),
            ("--simulate --seed 7 plan", false),
            ("plan -e --simulate", true),
            ("graph -e plan", false),
            ("docs", false),
            ("plan --help", false),
            ("help plan", false),
            ("paln", false),
            ("--version", false),
            ("", false),
        ] {
            let arguments: Vec<OsString> = line.split_whitespace().map(OsString::from).collect();
            assert_eq!(needs_account(&arguments), expected, "provision-aws {line}");
        }
    }
}
