//! `init`: the files that a service needs, in anybody's cargo workspace.
//!
//! `workspace` asks cargo for packages and binaries, `source` looks for ports and health paths in the text, `trial` asks the
//! service itself where that is wanted, `questions` asks the person; `files` is what is written. Nothing is ever overwritten.

mod files;
mod questions;
mod source;
mod trial;
mod workspace;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, anyhow, bail};
use skyward_terminal::{output, program};

use files::Answers;
use questions::Questions;
use source::{Found, Hint};
use workspace::Binary;
pub(crate) use workspace::Workspace;

/// Write skyward.toml and the image's rules for the service in this cargo workspace; overwrites nothing
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The cargo package [default: the only one with a binary]
    #[arg(long, value_name = "NAME")]
    package: Option<String>,
    /// The binary of that package [default: the only one, or the one that `cargo run` starts]
    #[arg(long, value_name = "NAME")]
    binary: Option<String>,
    /// The port that the service listens on [default: what the source or a Dockerfile names, else 8080]
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    port: Option<u16>,
    /// The path that answers 200 while the service is ready; or "tcp", or "none" [default: what the source names]
    #[arg(long, value_name = "PATH", value_parser = health)]
    health: Option<String>,
    /// Build the service and start it, to see its port and its health path
    #[arg(long)]
    run: bool,
    /// Write a workflow for GitHub too
    #[arg(long)]
    workflow: bool,
    /// Take what is found and ask nothing, also on a terminal
    #[arg(long, short)]
    yes: bool,
    /// The folder to begin in
    #[arg(default_value = ".", value_name = "FOLDER")]
    folder: PathBuf,
}

fn health(text: &str) -> Result<String, String> {
    let is_path = text.starts_with('/') && text.chars().all(|letter| letter.is_ascii_graphic());
    match text {
        "tcp" | "none" => Ok(text.to_owned()),
        _ if is_path => Ok(text.to_owned()),
        _ => Err("it is a path that begins with /, or \"tcp\", or \"none\"".to_owned()),
    }
}

/// The port of a service about which nothing is known.
const PORT: u16 = 8080;

/// Finds out, asks, and writes.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let workspace = Workspace::find(&args.folder)?;
    refuse_existing(&workspace.root)?;
    let questions = Questions::new(args.yes);
    let binary = choose(args, &workspace, &questions)?;
    let mut found = source::look(&workspace.root, &binary.folder, binary.has_our_server);
    if args.run {
        found = trial::run(&workspace, binary, found)?;
    }
    let mut answers = answer(args, binary, found, &questions)?;
    let others = workspace.binaries.iter().filter(|other| other.package == binary.package);
    let others = others.filter(|other| other.name != binary.name);
    answers.further = others.map(|other| other.name.clone()).collect();
    let written = files::write(&workspace.root, &answers)?;
    for path in &written {
        output::line(&path.display().to_string())?;
    }
    let up = program::command("up");
    let doctor = program::command("doctor");
    output::say(&format!(
        "\nNext step: `{doctor}` tells what this machine lacks, `{up}` builds and runs the service."
    ));
    Ok(ExitCode::SUCCESS)
}

fn refuse_existing(root: &Path) -> Result<()> {
    let path = root.join("skyward.toml");
    if path.symlink_metadata().is_ok() {
        bail!(
            "init: {} is there already, and nothing was written. Next step: change it (`{}` says what holds), or move it away",
            path.display(),
            program::command("config show")
        );
    }
    Ok(())
}

/// The binary that is the service.
fn choose<'a>(args: &Args, workspace: &'a Workspace, questions: &Questions) -> Result<&'a Binary> {
    let all = &workspace.binaries;
    let known = |binary: &Binary| format!("{} ({})", binary.name, binary.package);
    let list = |some: &[&Binary]| some.iter().map(|one| known(one)).collect::<Vec<_>>().join(", ");
    let fits = |binary: &&Binary| {
        args.package.as_ref().is_none_or(|name| *name == binary.package)
            && args.binary.as_ref().is_none_or(|name| *name == binary.name)
    };
    let fitting: Vec<_> = all.iter().filter(fits).collect();
    let main = fitting.iter().copied().find(|binary| binary.is_main);
    let is_one_package = fitting.windows(2).all(|pair| pair[0].package == pair[1].package);
    match fitting.as_slice() {
        [only] => Ok(only),
        [] if all.is_empty() => bail!(
            "init: no package of {} has a binary. Next step: add a src/main.rs that serves",
            workspace.root.display()
        ),
        [] => bail!(
            "init: no binary of {} is called so. Next step: name one of these with --package and --binary: {}",
            workspace.root.display(),
            list(&all.iter().collect::<Vec<_>>())
        ),
        several if questions.are_possible() => {
            let names: Vec<_> = several.iter().map(|one| known(one)).collect();
            Ok(several[Questions::choose("Which binary is the service?", &names)?])
        }
        several => main.filter(|_| is_one_package).with_context(|| {
            format!(
                "init: {} binaries could be the service. Next step: name one with --package and --binary: {}",
                several.len(),
                list(several)
            )
        }),
    }
}

/// The answers by flags, then by the person, then by what was found.
fn answer(args: &Args, binary: &Binary, found: Found, questions: &Questions) -> Result<Answers> {
    let port = match args.port {
        Some(port) => given(port),
        None => port(found.ports.first().cloned(), questions)?,
    };
    let health = match &args.health {
        Some(text) => Some(given(text.clone())),
        // Our own server answers on its second port, and needs no key.
        None if binary.has_our_server => None,
        None => Some(health_path(found.paths.first().cloned(), questions)?),
    };
    Ok(Answers {
        package: binary.package.clone(),
        binary: (binary.name != binary.package).then(|| binary.name.clone()),
        further: Vec::new(),
        port,
        health,
        variable: found.variable,
        workflow: args.workflow,
    })
}

/// A value that a person gave, which needs no explanation.
fn given<T>(value: T) -> Hint<T> {
    Hint { value, from: String::new() }
}

fn port(hint: Option<Hint<u16>>, questions: &Questions) -> Result<Hint<u16>> {
    let hint = hint.unwrap_or_else(|| Hint { value: PORT, from: "nothing names one".into() });
    let typed = questions.ask("The port that the service listens on", &hint.value.to_string())?;
    let value = typed.parse().ok().filter(|port| *port != 0).with_context(|| {
        format!("init: {typed:?} is not a port. Next step: give a number from 1 to 65535")
    })?;
    Ok(if value == hint.value { hint } else { given(value) })
}

fn health_path(hint: Option<Hint<String>>, questions: &Questions) -> Result<Hint<String>> {
    let from = "no health path is known: all that is asked is that the port takes connections";
    let hint = hint.unwrap_or_else(|| Hint { value: "tcp".into(), from: from.into() });
    let question = "The path that answers 200 while it is ready (or tcp, or none)";
    let value = health(&questions.ask(question, &hint.value)?)
        .map_err(|right| anyhow!("init: reading the health path: {right}"))?;
    Ok(if value == hint.value { hint } else { given(value) })
}
