//! `load`: hand an image to the container engines of this machine.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use skyward_config::ConfigArgs;
use skyward_image::load::{Destination, Loaded, Options, load_into};
use skyward_image::settings;

use crate::output::{self, Output};

/// Load an image into docker, podman, containerd or k3s; prints its name there
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The archive [default: the one that `build` wrote]
    image: Option<PathBuf>,
    /// docker, podman, containerd, k3s; kubernetes for the one of k3s and containerd that answers; auto for all that are
    /// here and answer (repeatable)
    #[arg(long, value_name = "ENGINE", default_value = "auto")]
    into: Vec<Destination>,
    /// containerd's namespace [default: k8s.io, where Kubernetes looks]
    #[arg(long, value_name = "NAME")]
    namespace: Option<String>,
    /// Give up after so many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    timeout: u64,
    /// The form of standard output
    #[arg(long, value_enum, default_value_t)]
    output: Output,
    #[command(flatten)]
    config: ConfigArgs,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let archive = match &args.image {
        Some(archive) => archive.clone(),
        None => settings::archive(&args.config.load()?),
    };
    let options = Options {
        namespace: args.namespace.clone(),
        timeout: Duration::from_secs(args.timeout),
        progress: output::progress(),
        ..Options::default()
    };
    let loaded = load_into(&archive, &args.into, &options)?;
    match args.output {
        Output::Json => println!("{}", serde_json::to_string_pretty(&loaded)?),
        Output::Text => show(&loaded),
    }
    Ok(ExitCode::SUCCESS)
}

fn show(loaded: &[Loaded]) {
    // Each name once: `docker run $(… load)` wants one.
    let mut names: Vec<&str> =
        loaded.iter().filter_map(|one| one.names.first()).map(String::as_str).collect();
    names.dedup();
    for name in names {
        println!("{name}");
    }
    for Loaded { engine, names, id, references } in loaded {
        let names = names.iter().chain(references).cloned().collect::<Vec<_>>();
        eprintln!("{engine} has {id} as {}", names.join(", "));
    }
}
