//! `push`: send an image to registries.

use std::path::PathBuf;
use std::process::ExitCode;

use crate::registry::{Action, Intent, Push, Reference};
use crate::settings;
use crate::store::Store;
use crate::{Event, ImageEvent};
use anyhow::Result;
use skyward_config::ConfigArgs;
use skyward_terminal::event::Verbosity;
use skyward_terminal::{Console, Output, output};

use crate::command;
use crate::command::registry::RegistryArgs;

/// Push an image to registries; prints the digest reference
///
/// Credentials come from Docker's and podman's files and credential helpers. Certificates are
/// checked against the system's store, or the one that `SSL_CERT_FILE` names.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The archive or OCI layout [default: what `build` wrote]
    image: Option<PathBuf>,
    /// A destination, such as ghcr.io/acme/web:1.2 (repeatable) [default: image.repository with image.tags]
    #[arg(long, value_name = "REFERENCE")]
    to: Vec<Reference>,
    /// Print what would be sent, skipped, mounted and tagged, without doing it
    #[arg(long)]
    dry_run: bool,
    /// A repository of the same registry to mount blobs from (repeatable)
    #[arg(long, value_name = "REPOSITORY")]
    mount_from: Vec<String>,
    /// The number of blobs sent at the same time
    #[arg(long, value_name = "COUNT", default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=32))]
    jobs: u8,
    /// The form of standard output: the digest references, or one JSON event on each line, the last with the result
    #[arg(long, value_enum, default_value_t)]
    output: Output,
    #[command(flatten)]
    registry: RegistryArgs,
    #[command(flatten)]
    config: ConfigArgs,
}

/// Runs the command.
pub(crate) fn run(args: &Args, verbosity: Verbosity) -> Result<ExitCode> {
    // With both named, no configuration file is needed.
    let (image, references) = match (&args.image, args.to.as_slice()) {
        (Some(image), references @ [_, ..]) => (image.clone(), references.to_vec()),
        (image, references) => {
            let loaded = args.config.load()?;
            let references = match references {
                [] => settings::references(&loaded.config)?,
                named => named.to_vec(),
            };
            (image.clone().map_or_else(|| command::built(&loaded), Ok)?, references)
        }
    };
    let monitor = command::monitor(Console::new(args.output, verbosity));
    let source = Store::open(&image)?;
    let push = Push {
        source: &source,
        references,
        credentials: args.registry.credentials()?,
        mount_from: args.mount_from.clone(),
        jobs: usize::from(args.jobs),
        settings: args.registry.settings(monitor.clone(), verbosity),
    };
    if args.dry_run {
        show(&push.dry_run()?, args.output)?;
        return Ok(ExitCode::SUCCESS);
    }
    let pushed = push.run()?;
    match args.output {
        Output::Text => output::line(&pushed.references.join("\n"))?,
        Output::Json => monitor.emit(&Event::Own(ImageEvent::Pushed(pushed))),
    }
    Ok(ExitCode::SUCCESS)
}

fn show(intents: &[Intent], form: Output) -> Result<()> {
    if form == Output::Json {
        return Ok(output::document(&intents)?);
    }
    let mut lines = Vec::new();
    for Intent { at, kind, digest, size, action } in intents {
        let action = match action {
            Action::Skip => "skip".to_owned(),
            Action::Upload => "upload".to_owned(),
            Action::Create => "create".to_owned(),
            Action::Mount(from) => format!("mount from {from}"),
            Action::Move(from) => format!("move from {from}"),
        };
        lines.push(format!("{kind:<9} {at} {digest} {size} {action}"));
    }
    Ok(output::line(&lines.join("\n"))?)
}
