//! The command line: the libraries' commands under one name, and what only the installed program has.

mod examples;

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, CommandFactory, Parser, Subcommand};
use skyward_terminal::{commands, program};

use crate::programs::installed;
use crate::up::Up;
use crate::{doctor, init, pages};

/// Takes a Rust web service from source to running: image, Kubernetes, AWS.
#[derive(Parser)]
#[command(name = "skyward", bin_name = "skyward", version = env!("SKYWARD_VERSION"))]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Init(init::Args),
    /// Build the service and its image, check it, run it, ask it for its page, and deploy it
    Up(Up),
    /// The image: build, inspect, push, load, unpack, run
    #[command(disable_help_flag = true)]
    Image(Passed),
    /// Kubernetes and k3s: apply, render, diff, status, history, rollback, remove, and the cluster itself
    #[command(name = "deploy-k3s", disable_help_flag = true)]
    DeployK3s(Passed),
    /// AWS: plan, apply, status, drift, destroy, graph, cost, export; `--simulate` needs no account
    #[command(name = "provision-aws", disable_help_flag = true)]
    ProvisionAws(Passed),
    /// The configuration: show, check, schema, docs
    #[command(disable_help_flag = true)]
    Config(Passed),
    /// The page of `up --dashboard`, which starts it.
    #[command(hide = true, disable_help_flag = true)]
    Dashboard(Passed),
    Doctor(doctor::Args),
    Completions(pages::Completions),
    Man(pages::Man),
}

/// Arguments for a library's own command line, which parses them itself.
#[derive(Args)]
struct Passed {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

impl Passed {
    /// With the program's name before them, as a command line has it.
    fn of(self, task: &str) -> impl Iterator<Item = OsString> {
        std::iter::once(task.into()).chain(self.arguments)
    }
}

/// Runs the command that the process's arguments name.
pub(crate) fn run() -> Result<ExitCode> {
    let own = commands::with_examples("", Cli::command(), examples::EXAMPLES);
    let cli: Cli = program::parse(own, std::env::args_os())?;
    match cli.command {
        Command::Init(args) => init::run(&args),
        Command::Up(up) => up.run(&installed),
        Command::Image(passed) => Ok(skyward_image::cli::main(passed.of("image"))),
        Command::DeployK3s(passed) => Ok(skyward_deployer::cli::main(passed.of("deploy-k3s"))),
        Command::ProvisionAws(passed) => {
            Ok(skyward_provisioner::cli::main(passed.of("provision-aws")))
        }
        Command::Config(passed) => Ok(skyward_config::cli::main(passed.of("config"))),
        Command::Dashboard(passed) => Ok(skyward_dashboard::main(passed.of("dashboard"))),
        Command::Doctor(args) => doctor::run(&args),
        Command::Completions(args) => pages::completions(whole(), &args),
        Command::Man(args) => pages::man(&whole(), &args),
    }
}

/// The whole tree of commands, with those of the libraries in their places.
fn whole() -> clap::Command {
    let own = commands::with_examples("", Cli::command(), examples::EXAMPLES);
    let libraries = [
        ("image", skyward_image::cli::command()),
        ("deploy-k3s", skyward_deployer::cli::command()),
        ("provision-aws", skyward_provisioner::cli::command()),
        ("config", skyward_config::cli::command()),
    ];
    let all = libraries.into_iter().fold(own, |all, (name, library)| {
        let bin_name = program::command(name);
        let library = library.bin_name(bin_name).disable_version_flag(true);
        all.mut_subcommand(name, |_| library)
    });
    program::as_typed(all)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use skyward_terminal::commands::Described;

    /// The commands without commands of their own below `command`, each with the words that lead to it.
    fn leaves(command: &clap::Command, path: &str) -> Vec<(String, clap::Command)> {
        let shown = command.get_subcommands().filter(|below| !below.is_hide_set());
        let below: Vec<_> = shown
            .filter(|below| below.get_name() != "help")
            .flat_map(|below| leaves(below, &format!("{path} {}", below.get_name())))
            .collect();
        if below.is_empty() { vec![(path.to_owned(), command.clone())] } else { below }
    }

    #[test]
    fn the_whole_tree_is_consistent() {
        super::whole().debug_assert();
    }

    #[test]
    fn every_command_has_examples_that_can_be_typed_and_fit() {
        for (path, command) in leaves(&super::whole(), "skyward") {
            let text = command.get_after_help().unwrap_or_else(|| panic!("{path} has no examples"));
            let text = text.to_string();
            let mut lines = text.lines();
            assert_eq!(lines.next(), Some("Examples:"), "{path}");
            for line in lines {
                // By `cargo xtask`, which is the longer name.
                let words = line.trim().strip_prefix("cargo xtask ").unwrap_or(line);
                assert!(line.chars().count() <= 80 && line.starts_with("  "), "{line}");
                let typed = words.split(['<', '>']).next().unwrap().split_whitespace();
                let typed = std::iter::once("skyward").chain(typed);
                let own = path.split(' ').skip(1);
                assert!(
                    own.eq(words.split(' ').take(path.split(' ').count() - 1)),
                    "{path}: {line}"
                );
                let parsed = super::whole().try_get_matches_from(typed);
                let is_help = parsed.as_ref().is_err_and(|error| !error.use_stderr());
                assert!(parsed.is_ok() || is_help, "{line}: {}", parsed.unwrap_err());
            }
        }
    }

    /// Before its program is compiled, `cargo xtask` answers for it from the description.
    #[test]
    fn the_described_command_lines_are_those_of_the_programs() {
        let libraries = [
            skyward_config::cli::command(),
            skyward_image::cli::command(),
            skyward_deployer::cli::command(),
            skyward_provisioner::cli::command(),
        ];
        let described = libraries.each_ref().map(|library| {
            let described = Described::of(library);
            if library.get_name() == "deploy-k3s" {
                return described.with_default_command(skyward_deployer::cli::DEFAULT);
            }
            described
        });
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../xtask/commands.json");
        let text = serde_json::to_string_pretty(&described).unwrap() + "\n";
        if std::env::var_os("SKYWARD_UPDATE").is_some() {
            std::fs::write(&file, &text).unwrap();
        }
        let is_same = std::fs::read_to_string(&file).is_ok_and(|there| there == text);
        assert!(
            is_same,
            "xtask/commands.json is stale: SKYWARD_UPDATE=1 cargo test -p skyward described renews it"
        );
        for (library, described) in libraries.iter().zip(&described) {
            let (mut real, mut rebuilt) = (library.clone(), described.command());
            real.build();
            rebuilt.build();
            let (real, rebuilt) = (leaves(&real, ""), leaves(&rebuilt, ""));
            assert_eq!(real.len(), rebuilt.len());
            for ((path, mut real), (_, mut rebuilt)) in real.into_iter().zip(rebuilt) {
                let pages =
                    [&mut real, &mut rebuilt].map(|command| command.render_long_help().to_string());
                assert_eq!(pages[0], pages[1], "{path}");
            }
        }
    }
}
