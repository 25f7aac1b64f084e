//! `resolve`: pin a tag to the digest that it leads to now.

use std::process::ExitCode;

use crate::registry::{Reference, resolve};
use crate::settings;
use anyhow::Result;
use serde_json::json;
use skyward_config::ConfigArgs;
use skyward_terminal::event::Verbosity;
use skyward_terminal::{Output, output};

use crate::command;
use crate::command::registry::RegistryArgs;

/// Ask a registry which image a tag leads to, and print the digest reference
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Such as ghcr.io/acme/web:1.2 [default: image.repository with the first of image.tags]
    reference: Option<Reference>,
    /// The form of standard output
    #[arg(long, value_enum, default_value_t)]
    output: Output,
    #[command(flatten)]
    registry: RegistryArgs,
    #[command(flatten)]
    config: ConfigArgs,
}

/// Runs the command.
pub(crate) fn run(args: &Args, verbosity: Verbosity) -> Result<ExitCode> {
    let asked = match &args.reference {
        Some(reference) => reference.clone(),
        None => settings::references(&args.config.load()?.config)?.swap_remove(0),
    };
    let found = resolve(
        &asked,
        args.registry.credentials()?,
        args.registry.settings(command::lines(verbosity), verbosity),
    )?;
    let digest = found.digest().map(ToString::to_string);
    match args.output {
        Output::Text => output::line(&found.to_string())?,
        Output::Json => output::document(
            &json!({ "reference": found.to_string(), "digest": digest, "asked": asked.to_string() }),
        )?,
    }
    Ok(ExitCode::SUCCESS)
}
