//! The command line of the configuration, for people and for CI.

mod examples;

use std::ffi::OsString;
use std::process::ExitCode;

use crate::{ConfigArgs, ConfigError, Effective, Loaded, reference, schema};
use anyhow::Result;
use clap::{CommandFactory, Parser, Subcommand};
use serde_json::{Map, json};
use skyward_terminal::event::{Nothing, Verbosity};
use skyward_terminal::{
    Console, Event, Exit, Output, Stream, Table, commands, exit, output, program,
};

/// Shows, checks and documents the configuration.
#[derive(Parser)]
#[command(name = "config", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    config: ConfigArgs,
}

#[derive(Subcommand)]
enum Command {
    /// Print the effective values, each with where it came from
    Show {
        /// The form of the output
        #[arg(long, value_enum, default_value_t)]
        output: Output,
    },
    /// Check the file with all its environments, the variables and the flags
    Check,
    /// Print the JSON Schema of the file
    Schema,
    /// Print the reference in Markdown
    Docs,
}

/// The whole command line, for completions and manual pages.
pub fn command() -> clap::Command {
    commands::with_examples("config", Cli::command(), examples::EXAMPLES)
}

/// Runs the command that the arguments name, of which the first is the program. Usage errors exit with 2, all others with 1.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let is_listing =
        |error: &anyhow::Error| error.downcast_ref().is_some_and(ConfigError::is_listing);
    exit::main(is_listing, || run(program::parse(command(), arguments)?))
}

fn run(Cli { command, config }: Cli) -> Result<Exit> {
    match command {
        Command::Show { output } => show(&config.load()?, output)?,
        Command::Check => check(&config.load()?),
        Command::Schema => output::document(&schema())?,
        Command::Docs => output::print(&reference())?,
    }
    Ok(Exit::Done)
}

fn show(loaded: &Loaded, form: Output) -> Result<()> {
    notes(loaded);
    if form == Output::Text {
        output::print(&table(&loaded.effective()).for_stream(Stream::Out))?;
        return Ok(());
    }
    let origins: Map<_, _> = loaded
        .effective()
        .into_iter()
        .map(|value| (value.key, json!(value.origin.to_string())))
        .collect();
    let (file, environment) = (loaded.file.to_string_lossy(), &loaded.environment);
    let config = loaded.values();
    output::document(
        &json!({"file": file, "environment": environment, "config": config, "origins": origins}),
    )?;
    Ok(())
}

fn check(loaded: &Loaded) {
    notes(loaded);
    let environments = match loaded.environments.as_slice() {
        [] => "no environments".to_owned(),
        names => format!("environments: {}", names.join(", ")),
    };
    output::say(&format!("{} is valid ({environments})", loaded.file.display()));
}

fn notes(loaded: &Loaded) {
    let sink = Console::notes(Verbosity::Normal).sink::<Nothing>();
    for note in &loaded.notes {
        sink.emit(Event::note(note));
    }
}

/// Key, value and origin in columns. A long value is broken over several lines first, a long key last.
fn table(values: &[Effective]) -> Table {
    let mut table = Table::default().wrap(1).wrap(0);
    for value in values {
        let shown = value.value.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string);
        table.row([value.key.clone(), shown, value.origin.to_string()]);
    }
    table
}
