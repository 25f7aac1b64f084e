//! The command line: show, check, schema, docs.

use std::fmt::Write as _;
use std::io::{ErrorKind, Write as _};

use anyhow::{Context, Result};
use clap::{Parser, Subcommand, ValueEnum};
use serde_json::{Map, json};
use skyward_config::{ConfigArgs, Effective, Loaded, reference, schema};

/// Shows, checks and documents the configuration.
#[derive(Parser)]
#[command(name = "config", bin_name = "cargo xtask config", version)]
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

#[derive(Clone, Copy, Default, ValueEnum)]
enum Output {
    /// A table for people
    #[default]
    Text,
    /// One object: file, environment, config, origins
    Json,
}

pub(crate) fn run() -> Result<()> {
    let Cli { command, config } = Cli::parse();
    match command {
        Command::Show { output } => show(&config.load()?, output),
        Command::Check => {
            check(&config.load()?);
            Ok(())
        }
        Command::Schema => print(&format!("{:#}\n", schema())),
        Command::Docs => print(&reference()),
    }
}

fn show(loaded: &Loaded, output: Output) -> Result<()> {
    notes(loaded);
    match output {
        Output::Text => print(&table(&loaded.effective())),
        Output::Json => {
            let origins: Map<_, _> = loaded
                .effective()
                .into_iter()
                .map(|value| (value.key, json!(value.origin.to_string())))
                .collect();
            let (file, environment) = (loaded.file.to_string_lossy(), &loaded.environment);
            print(&format!(
                "{:#}\n",
                json!({"file": file, "environment": environment, "config": loaded.config, "origins": origins})
            ))
        }
    }
}

fn check(loaded: &Loaded) {
    notes(loaded);
    let environments = match loaded.environments.as_slice() {
        [] => "no environments".to_owned(),
        names => format!("environments: {}", names.join(", ")),
    };
    eprintln!("{} is valid ({environments})", loaded.file.display());
}

fn notes(loaded: &Loaded) {
    for note in &loaded.notes {
        eprintln!("note: {note}");
    }
}

/// Key, value and origin in columns.
fn table(values: &[Effective]) -> String {
    let rows: Vec<(&str, String, String)> = values
        .iter()
        .map(|value| {
            (
                value.key.as_str(),
                value.value.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string),
                value.origin.to_string(),
            )
        })
        .collect();
    let width =
        |column: fn(&(&str, String, String)) -> usize| rows.iter().map(column).max().unwrap_or(0);
    let keys = width(|row| row.0.chars().count());
    let values = width(|row| row.1.chars().count());
    let mut table = String::new();
    for (key, value, origin) in &rows {
        writeln!(table, "{key:keys$}  {value:values$}  {origin}").expect("a String takes any text");
    }
    table
}

/// Writes the result. A reader that has seen enough, such as `head`, is no error.
fn print(text: &str) -> Result<()> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(error).context("cannot write to standard output")
        }
        _ => Ok(()),
    }
}
