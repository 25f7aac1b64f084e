//! `load`: hand an image to the container engines of this machine.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use crate::load::{Destination, Loaded, Options, Pins, load_into};
use anyhow::Result;
use skyward_config::ConfigArgs;
use skyward_terminal::event::Verbosity;
use skyward_terminal::{Output, output};

use crate::command;

/// Load an image into docker, podman, containerd or k3s; prints its name there
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The archive [default: the one that `build` wrote]
    image: Option<PathBuf>,
    /// docker, podman, containerd or k3s; kubernetes for the first of k3s and containerd that answers; auto for every
    /// engine that answers (repeatable)
    #[arg(long, value_name = "ENGINE", default_value = "auto")]
    into: Vec<Destination>,
    /// containerd's namespace [default: k8s.io, where Kubernetes looks]
    #[arg(long, value_name = "NAME")]
    namespace: Option<String>,
    /// Give up after this many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    timeout: u64,
    /// The form of standard output
    #[arg(long, value_enum, default_value_t)]
    output: Output,
    #[command(flatten)]
    config: ConfigArgs,
}

/// Runs the command.
pub(crate) fn run(args: &Args, verbosity: Verbosity) -> Result<ExitCode> {
    let archive = match &args.image {
        Some(archive) => archive.clone(),
        None => command::built(&args.config.load()?)?,
    };
    let options = Options {
        namespace: args.namespace.clone(),
        timeout: Duration::from_secs(args.timeout),
        pins: Some(Pins::default()),
        monitor: command::lines(verbosity),
        ..Options::default()
    };
    let loaded = load_into(&archive, &args.into, &options)?;
    match args.output {
        Output::Json => output::document(&loaded)?,
        Output::Text => show(&loaded)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints each name once: `docker run $(… load)` wants one.
fn show(loaded: &[Loaded]) -> Result<()> {
    let mut names: Vec<&str> =
        loaded.iter().filter_map(|one| one.names.first()).map(String::as_str).collect();
    names.dedup();
    Ok(output::line(&names.join("\n"))?)
}
